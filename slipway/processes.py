"""Processes that are started and ended as a group, whatever interrupts us meanwhile."""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import Any

POLL = 0.02
"""Seconds between two looks at a process."""


@contextmanager
def hold_interrupts() -> Iterator[None]:
    """Let Ctrl-C and SIGTERM wait until the block is done, so that it happens whole or not at all.

    Only the main thread can be interrupted, so elsewhere this does nothing.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    waiting: list[int] = []

    def note(number: int, _frame: FrameType | None) -> None:
        waiting.append(number)

    before = {
        number: signal.getsignal(number)
        for number in (signal.SIGINT, signal.SIGTERM)
        if signal.getsignal(number) is not None  # installed by something other than Python
    }
    try:
        for number in before:
            signal.signal(number, note)
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        if waiting:
            signal.raise_signal(waiting[0])


def spawn(
    command: Sequence[str], environ: Mapping[str, str], log: Path
) -> "subprocess.Popen[bytes]":
    """Start a process in a session of its own: a terminal's Ctrl-C reaches us, and we end it.

    Its output is appended to `log`.
    """
    with log.open("ab") as output:
        return subprocess.Popen(
            list(command),
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


@contextmanager
def running(
    command: Sequence[str], patience: float, **options: Any
) -> Iterator["subprocess.Popen[Any]"]:
    """A process in a session of its own, ended with its group when the block is left.

    Interrupts wait while it is started and while it is ended. `patience` as for `end`; `options` go
    to `subprocess.Popen`.
    """
    process = None
    try:
        with hold_interrupts():
            process = subprocess.Popen(list(command), start_new_session=True, **options)
        yield process
    finally:
        with hold_interrupts():
            if process is not None:
                end(process, patience)
                for pipe in filter(None, (process.stdin, process.stdout, process.stderr)):
                    with suppress(BrokenPipeError):  # it ended before it read everything
                        pipe.close()


def end(process: "subprocess.Popen[Any]", patience: float) -> None:
    """SIGTERM, `patience` seconds to go, then SIGKILL for it and whatever is left of its group."""
    if process.poll() is None:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(patience)
    deadline = time.monotonic() + patience
    while group_members(process.pid) and time.monotonic() < deadline:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.poll()  # takes the leader out of the process table
        time.sleep(POLL)
    process.poll()


def group_members(group: int) -> tuple[int, ...]:
    """The living processes of a group that leads its own session; zombies do not count."""
    members = []
    for path in Path("/proc").iterdir():
        if not path.name.isdigit():
            continue
        try:
            stat = (path / "stat").read_text()
        except OSError:  # it ended between the listing and the reading
            continue
        # The name in parentheses may hold spaces; after it: state, parent, group, session.
        state, _, pgrp, session, *_ = stat.rpartition(")")[2].split()
        if state not in "ZX" and int(pgrp) == group and int(session) == group:
            members.append(int(path.name))
    return tuple(members)
