"""Times ONNX files in a process of its own, one round for each line that it is sent.

Its arguments are a folder with the files and inputs.npz, and a name. It writes answers_<name>.npz
there and the word "ready", then for each round a JSON object: file name to seconds of a call.
"""

import json
import sys
from pathlib import Path

import numpy as np

from slipway.build.optimise.timing import interleaved
from slipway.build.session import OnnxModel


def main(folder: Path, name: str) -> None:
    """Serve rounds until stdin ends."""
    with np.load(folder / "inputs.npz") as file:
        inputs = {key: file[key] for key in file.files}
    models = {path.stem: OnnxModel(path) for path in sorted(folder.glob("*.onnx"))}
    answers = {stem: next(iter(model(inputs).values())) for stem, model in models.items()}
    np.savez(folder / f"answers_{name}.npz", **answers)  # type: ignore[arg-type]  # numpy's stub
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    calls = {stem: lambda model=model: model(inputs) for stem, model in models.items()}
    for _ in sys.stdin:
        seconds = interleaved(calls, rounds=1)
        sys.stdout.write(json.dumps({stem: taken[0] for stem, taken in seconds.items()}) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
