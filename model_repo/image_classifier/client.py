"""Ask the served image classifier which digit a scan shows.

    python client.py scan.npy

Needs `pip install tritonclient[grpc] numpy`.
"""

import argparse
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from tritonclient import grpc as triton

EXAMPLE = (
    (0, 0, 0, 10, 12, 0, 0, 0),
    (0, 0, 4, 15, 1, 0, 0, 0),
    (0, 0, 13, 10, 1, 2, 0, 0),
    (0, 5, 15, 2, 15, 9, 1, 0),
    (0, 11, 13, 6, 16, 16, 9, 0),
    (0, 13, 16, 16, 16, 10, 2, 0),
    (0, 2, 7, 13, 11, 0, 0, 0),
    (0, 0, 0, 13, 11, 0, 0, 0),
)
"""A four: rows of grey values from 0 (paper) to 16 (ink)."""


class Digit(NamedTuple):
    label: str
    score: float
    """The logit: higher is likelier; only differences mean something."""


def ask(address: str, scan: ArrayLike, model: str = "image_classifier") -> Digit:
    """The likeliest digit of one scan (8, 8). `address` is host:port of Triton's gRPC endpoint.

    Triton's classification extension picks the highest of the scores and names it with the model's
    labels. Raises `tritonclient.utils.InferenceServerException` where it does not answer.
    """
    batch = np.asarray(scan, dtype=np.float32)[None, None]
    given = triton.InferInput("image", list(batch.shape), "FP32")
    given.set_data_from_numpy(batch)
    wanted = triton.InferRequestedOutput("logits", class_count=1)
    with triton.InferenceServerClient(address) as client:
        answer = client.infer(model, [given], outputs=[wanted])
    score, _place, label = answer.as_numpy("logits")[0, 0].decode().split(":", 2)
    return Digit(label, float(score))


def check(answer: Digit) -> str:
    """What is wrong with the answer to EXAMPLE; empty where nothing is."""
    return "" if answer.label == "4" else f"a four was read as {answer.label}"


def main() -> None:
    parser = argparse.ArgumentParser(description="The digit of a scan, from a served model.")
    parser.add_argument(
        "scan", nargs="?", type=Path, help="a .npy file of 8 x 8 grey values, 0 (paper) to 16 (ink)"
    )
    parser.add_argument("--address", default="localhost:8001", help="host:port of Triton's gRPC")
    arguments = parser.parse_args()
    scan: Any = np.load(arguments.scan) if arguments.scan else EXAMPLE
    for row in np.asarray(scan):
        print("".join(" .:-=+*#@"[int(value) // 2] * 2 for value in row))
    digit = ask(arguments.address, scan)
    print(f"{digit.label} ({digit.score:.2f})")


if __name__ == "__main__":
    main()
