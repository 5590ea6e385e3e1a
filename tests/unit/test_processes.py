import os
import signal
import subprocess
import sys
import threading

import pytest

from slipway.processes import end, group_members, hold_interrupts, running, spawn

STUBBORN = """
import signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
print("ready", flush=True)
time.sleep(60)
"""

SLEEPING = (sys.executable, "-c", "import time; time.sleep(60)")


class Stopped(BaseException):
    pass


@pytest.fixture
def interrupts():
    def handler(number, frame):
        raise Stopped

    before = signal.signal(signal.SIGINT, handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_an_interrupt_waits_for_the_end_of_the_block(interrupts):
    steps = []

    def work():
        with hold_interrupts():
            signal.raise_signal(signal.SIGINT)
            signal.raise_signal(signal.SIGINT)
            steps.append("done")

    with pytest.raises(Stopped):
        work()
    assert steps == ["done"]


def test_afterwards_interrupts_work_as_before(interrupts):
    with hold_interrupts():
        pass
    with pytest.raises(Stopped):
        signal.raise_signal(signal.SIGINT)


def test_another_thread_may_use_the_block_as_well():
    done = []

    def work():
        with hold_interrupts():
            done.append(True)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert done == [True]


def test_a_process_that_ignores_sigterm_goes_with_its_children(tmp_path):
    log = tmp_path / "log"
    process = spawn([sys.executable, "-uc", STUBBORN], dict(os.environ), log)
    while "ready" not in log.read_text():
        assert process.poll() is None, log.read_text()
    members = group_members(process.pid)
    assert len(members) == 2
    assert os.getpgid(process.pid) != os.getpgid(0)
    end(process, patience=0.2)
    assert process.returncode == -signal.SIGKILL
    assert group_members(process.pid) == ()


def test_what_a_dead_process_left_behind_goes_too(tmp_path):
    orphaning = "import subprocess,sys; subprocess.Popen(['sleep', '60'])"
    process = spawn([sys.executable, "-c", orphaning], dict(os.environ), tmp_path / "log")
    process.wait()
    assert len(group_members(process.pid)) == 1
    end(process, patience=5)
    assert group_members(process.pid) == ()


@pytest.mark.parametrize("moment", ["spawned", "inside", "ending"])
def test_an_interrupt_at_any_moment_ends_what_runs(interrupts, monkeypatch, moment):
    """One that came just after the start of a process used to leave it running."""
    started = []

    class Popen(subprocess.Popen):
        def __init__(self, *args, **options):
            super().__init__(*args, **options)
            started.append(self)
            if moment == "spawned":
                signal.raise_signal(signal.SIGINT)

        def terminate(self):
            if moment == "ending":
                signal.raise_signal(signal.SIGINT)
            super().terminate()

    def work():
        with running(SLEEPING, 5, stdout=subprocess.PIPE):
            assert moment != "spawned"
            if moment == "inside":
                signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(subprocess, "Popen", Popen)
    with pytest.raises(Stopped):
        work()
    (process,) = started
    assert process.returncode == -signal.SIGTERM
    assert process.stdout.closed


def test_what_was_never_read_does_not_hide_why_a_block_was_left():
    def work():
        with running(SLEEPING, 5, stdin=subprocess.PIPE) as process:
            process.stdin.write(b"nobody reads this")
            raise Stopped

    with pytest.raises(Stopped):
        work()


def test_output_is_appended_to_the_log(tmp_path):
    log = tmp_path / "log"
    log.write_text("before\n")
    spawn([sys.executable, "-c", "print('after')"], dict(os.environ), log).wait()
    assert log.read_text() == "before\nafter\n"


def test_group_members_of_no_group_are_none():
    gone = subprocess.Popen(["true"], start_new_session=True)
    gone.wait()
    assert group_members(gone.pid) == ()
