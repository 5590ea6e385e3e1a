"""What a script does at its edge, in a process of its own."""

import textwrap

import pytest

from tests.running import python

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


def outcome(body, folder="."):
    """The exit code, output and words for people of a script with this body."""
    program = PROGRAM.format(body=textwrap.indent(body, "    ").strip())
    done = python("-c", program, PYTHONPATH=str(folder))
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


AROUND = """
with hold_interrupts():
    import swallowing
    time.sleep(0.2)
    print("whole", flush=True)
time.sleep(60)
"""
BEFORE = """
import swallowing
with hold_interrupts():
    time.sleep(0.2)
    print("whole", flush=True)
time.sleep(60)
"""


@pytest.mark.parametrize("body", [AROUND, BEFORE])
def test_an_interrupt_during_an_import_waits_for_the_end_of_a_held_block(body, tmp_path):
    (tmp_path / "swallowing.py").write_text(SWALLOWING.format(name="SIGINT"))
    assert outcome(body, tmp_path) == (130, "imported\nwhole\n", "interrupted\n")


def test_an_error_of_ours_is_one_line_and_any_other_keeps_its_traceback():
    raising = "from slipway.errors import NotFound; raise NotFound('It is gone', mend='Look.')"
    assert outcome(raising) == (2, "", "error: It is gone. Look.\n")
    code, _, said = outcome("1 / 0")
    assert code == 1
    assert "ZeroDivisionError" in said


def test_a_missing_package_is_one_line_and_a_missing_module_of_ours_is_a_bug(tmp_path):
    def ended(module):
        file = tmp_path / "program.py"
        file.write_text(PROGRAM.format(body=f"import {module}"))
        return python(file)

    other = ended("not_installed.part")
    assert other.returncode == 2
    assert other.stderr.startswith("error: The Python package 'not_installed' is missing")
    assert len(other.stderr.splitlines()) == 1
    assert "Traceback" in ended("slipway.not_written").stderr
