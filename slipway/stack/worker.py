"""The process in which one program runs: a request on stdin, the answer in a file.

python -m slipway.stack.worker ANSWER
"""

import dataclasses
import json
import os
import sys
from pathlib import Path

from slipway.errors import StackError
from slipway.stack.codec import to_json
from slipway.stack.consistency import settle
from slipway.stack.load import load
from slipway.stack.outputs import FIRST, SECOND


def main() -> None:
    answer = Path(sys.argv[1])
    request = json.load(sys.stdin)
    root = Path(request["root"])
    _forget_ourselves()
    if root.is_dir():
        os.chdir(root)  # as the Pulumi CLI does
    try:
        graphs = [
            load(
                root,
                request["stack"],
                request["overrides"],
                shape=request["shape"],
                outputs=outputs,
                key=bytes.fromhex(request["key"]),
            )
            for outputs in (FIRST, SECOND)
        ]
    except StackError as error:
        said = {"what": error.what, "why": error.why, "mend": error.mend}
        answer.write_text(json.dumps({"error": said}))
        return
    settled = settle(*graphs)
    answer.write_text(
        json.dumps(
            {
                "graph": to_json(settled.graph),
                "derived": [dataclasses.asdict(one) for one in settled.derived],
            }
        )
    )


def _forget_ourselves() -> None:
    """The program imports `slipway` and all else from its own checkout, or not at all. What runs
    here is held already.
    """
    ours = Path(__file__).resolve().parents[2]
    sys.path[:] = [entry for entry in sys.path if Path(entry).resolve() != ours]
    # An editable installation has a finder of its own.
    sys.meta_path[:] = [f for f in sys.meta_path if not _module(f).startswith("__editable__")]
    for name in [n for n in sys.modules if n == "slipway" or n.startswith("slipway.")]:
        del sys.modules[name]


def _module(finder: object) -> str:
    return str(getattr(finder, "__module__", ""))


if __name__ == "__main__":
    main()
