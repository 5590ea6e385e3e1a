"""Ask the served image segmenter which pixels of a scan are lesion.

    python client.py scan.npy

Needs `pip install tritonclient[grpc] numpy`.
"""

import argparse
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from tritonclient import grpc as triton

LIKELY = 0.5
"""The probability from which a pixel is taken as lesion."""

_rows, _columns = np.mgrid[:96, :96]
DISC = np.hypot(_rows - 40, _columns - 58) < 9
EXAMPLE = 110 + 45 * DISC + np.random.default_rng(7).normal(0, 6, DISC.shape)
"""Even tissue with one bright, round lesion, and the noise of a scanner."""


def ask(address: str, scan: ArrayLike, model: str = "image_segmenter") -> NDArray[np.float32]:
    """The probability of lesion for each pixel of one scan; both are (96, 96).

    Grey values go as they are, in any unit. `address` is host:port of Triton's gRPC endpoint.
    Raises `tritonclient.utils.InferenceServerException` where it does not answer.
    """
    batch = np.asarray(scan, dtype=np.float32)[None, None]
    given = triton.InferInput("scan", list(batch.shape), "FP32")
    given.set_data_from_numpy(batch)
    with triton.InferenceServerClient(address) as client:
        answer = client.infer(model, [given])
    mask: NDArray[np.float32] = answer.as_numpy("mask")[0, 0]
    return mask


def check(answer: NDArray[np.float32]) -> str:
    """What is wrong with the answer to EXAMPLE; empty where nothing is."""
    if answer.shape != DISC.shape:
        return f"the mask has the shape {answer.shape}, the scan {DISC.shape}"
    found = answer >= LIKELY
    dice = 2 * (found & DISC).sum() / (found.sum() + DISC.sum())
    return "" if dice > 0.8 else f"the mask of one bright disc has a Dice of {dice:.2f}"


def main() -> None:
    parser = argparse.ArgumentParser(description="The lesions of a scan, from a served model.")
    parser.add_argument("scan", nargs="?", type=Path, help="a .npy file of 96 x 96 grey values")
    parser.add_argument("--mask", type=Path, help="write the probabilities to this .npy file")
    parser.add_argument("--address", default="localhost:8001", help="host:port of Triton's gRPC")
    arguments = parser.parse_args()
    scan: Any = np.load(arguments.scan) if arguments.scan else EXAMPLE
    mask = ask(arguments.address, scan)
    for line in mask[::4, ::2] >= LIKELY:
        print("".join("#" if lesion else "." for lesion in line))
    found = np.count_nonzero(mask >= LIKELY)
    print(f"{found} of {mask.size} pixels are lesion ({found / mask.size:.1%})")
    if arguments.mask:
        np.save(arguments.mask, mask)


if __name__ == "__main__":
    main()
