"""Figures of the rounds: speed-ups with bounds, and how far INT8 is from FP32."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.optimise_parts.files import FP32
from slipway.tensors import Array
from slipway.variants import Timing


def rows(
    folder: Path, timings: Mapping[str, Sequence[Mapping[str, float]]]
) -> Iterator[dict[str, Any]]:
    """One for each file on each processor. FP32 is compared with itself on the newer one."""
    with np.load(folder / "answers_as it is.npz") as file:
        right = file[FP32]
    for processor, rounds in timings.items():
        with np.load(folder / f"answers_{processor}.npz") as file:
            answers = {name: file[name] for name in file.files}
        beside = tuple(each[FP32] for each in rounds)
        for name in sorted(answers, key=lambda name: (name != FP32, name)):
            timing = Timing(len(right), tuple(each[name] for each in rounds), beside)
            yield {
                "file": name,
                "processor": processor,
                "ms": timing.milliseconds,
                "said": timing.speedup.factor,
                "db": f"{decibels(right, answers[name]):.1f} dB",
                "seconds": timing.seconds,
            }


def decibels(right: Array, answer: Array) -> float:
    """Signal to noise: 20 dB is a tenth off, infinite is the same."""
    noise = float(np.square(right - answer).sum())
    return 10 * float(np.log10(np.square(right).sum() / noise)) if noise else float("inf")
