"""Runs the programs of checkouts, each in a process of its own, and gets their graphs.

The recorder is this checkout's, the program and all it imports are the other's: so a revision can
be looked at that is older than anything here.
"""

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from slipway.errors import StackError
from slipway.stack.codec import from_json
from slipway.stack.consistency import Derived, Settled


@dataclass(frozen=True)
class Program:
    """A checkout, and the configuration that its program gets: see `slipway.stack.load`.

    `revision` is what it is called where it is not the working tree's.
    """

    root: Path
    stack: str
    overrides: Mapping[str, str] = field(default_factory=dict)
    shape: str = ""
    revision: str = ""


def evaluate(programs: Sequence[Program], key: bytes) -> list[Settled]:
    """Run each twice (`slipway.stack.consistency`), all at once; secrets are placeholders of `key`.

    Raises the `StackError` of the first that cannot be run.
    """
    with ThreadPoolExecutor(max(1, len(programs))) as pool:
        return list(pool.map(lambda program: _evaluate(program, key), programs))


def _evaluate(program: Program, key: bytes) -> Settled:
    request = {
        "root": str(program.root.resolve()),
        "stack": program.stack,
        "overrides": dict(program.overrides),
        "shape": program.shape,
        "key": key.hex(),
    }
    with TemporaryDirectory(prefix="slipway-evaluation-") as folder:
        answer = Path(folder, "answer.json")
        # What the program prints may be anything, secrets too, and is nobody's answer.
        done = subprocess.run(
            [sys.executable, "-m", "slipway.stack.worker", str(answer)],
            input=json.dumps(request),
            text=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=Path(__file__).parents[2],
            check=False,
        )
        if not answer.exists():
            raise StackError(
                f"The program at {program.root} did not come to an end",
                why=f"its process ended with code {done.returncode}",
            )
        found = json.loads(answer.read_text())
    if error := found.get("error"):
        at = f"At {program.revision}: " if program.revision else ""
        raise StackError(f"{at}{error['what']}", why=error["why"], mend=error["mend"])
    derived = tuple(Derived(**one) for one in found["derived"])
    return Settled(from_json(found["graph"]), derived)
