"""What a script does at its edge, in a process of its own."""

import subprocess
import sys
import textwrap

import pytest

PROGRAM = """
import os, signal, sys, time
from slipway import terminal
from slipway.processes import hold_interrupts

app = terminal.application()

@app.command()
def main() -> None:
    {body}

terminal.run(app)
"""
SWALLOWING = """
import os, signal
try:
    os.kill(os.getpid(), signal.{name})
    sum(range(1000))
except BaseException:  # as Cython does where it looks for an optional attribute
    pass
print("imported", flush=True)
"""


def outcome(body, folder):
    """The exit code, output and last line for people of a script with this body."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(body=textwrap.indent(body, "    ").strip())],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={"PYTHONPATH": str(folder)},
    )
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_an_interrupt_ends_with_130_and_a_word(name, tmp_path):
    body = f"os.kill(os.getpid(), signal.{name})\ntime.sleep(60)"
    assert outcome(body, tmp_path) == (130, "", "interrupted\n")


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_an_interrupt_during_an_import_comes_after_it_instead_of_getting_lost(name, tmp_path):
    (tmp_path / "swallowing.py").write_text(SWALLOWING.format(name=name))
    body = "import swallowing\ntime.sleep(60)"
    assert outcome(body, tmp_path) == (130, "imported\n", "interrupted\n")


def test_an_interrupt_during_an_import_in_a_held_block_waits_for_its_end(tmp_path):
    (tmp_path / "swallowing.py").write_text(SWALLOWING.format(name="SIGINT"))
    body = """\
with hold_interrupts():
    import swallowing
    time.sleep(0.2)
    print("whole", flush=True)
time.sleep(60)
"""
    assert outcome(body, tmp_path) == (130, "imported\nwhole\n", "interrupted\n")


def test_an_interrupt_that_comes_again_does_so_after_a_held_block(tmp_path):
    (tmp_path / "swallowing.py").write_text(SWALLOWING.format(name="SIGINT"))
    body = """\
import swallowing
with hold_interrupts():
    time.sleep(0.2)
    print("whole", flush=True)
time.sleep(60)
"""
    assert outcome(body, tmp_path) == (130, "imported\nwhole\n", "interrupted\n")
