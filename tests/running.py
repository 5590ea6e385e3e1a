"""Scripts as people run them: in a process of their own, with their output."""

import os
import subprocess
import sys
from pathlib import Path

from slipway import contract

ROOT = Path(__file__).parents[1]
SETTINGS = {contract.ENV_STORE, contract.ENV_ENVIRONMENT, contract.ENV_NODE}
"""Of whoever runs the tests; no script under test gets to see them."""


def python(*arguments, cwd=ROOT, **environment):
    """Run this Python with these arguments, and `environment` added to what there is."""
    kept = {name: value for name, value in os.environ.items() if name not in SETTINGS}
    return subprocess.run(
        [sys.executable, *map(str, arguments)],
        capture_output=True,
        text=True,
        cwd=cwd,
        env={**kept, "COLUMNS": "100", **environment},
        check=False,
        timeout=120,
    )


def refused(done):
    """The line a script ended with, which must be the only thing it said."""
    assert done.returncode == 2, done.stderr
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith("error: ")
    return line
