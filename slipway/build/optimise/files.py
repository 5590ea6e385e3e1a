"""The ways to write a model's ONNX file, by the names that the catalogue uses."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from slipway.build.optimise.dynamic import quantise_dynamic
from slipway.build.optimise.exclusion import quantise_within
from slipway.build.optimise.fp16 import to_fp16
from slipway.build.optimise.fusion import fuse, has_attention
from slipway.build.optimise.quantised import Quantised
from slipway.build.optimise.static import Activations, calibrated
from slipway.tensors import Array

Batches = Sequence[Mapping[str, Array]]


@dataclass(frozen=True)
class Material:
    """What another file is made with, beside the one it is made from.

    `calibration` gives what ranges of numbers are measured on, `checks` what a result is tried on
    that must not meet other numbers than those; both as networks take them. `reduce_range`: the
    processor needs weights of 7 bits. `gate` says why a file's metric is not good enough, or "".
    """

    calibration: Callable[[], Batches]
    checks: Callable[[], Batches]
    reduce_range: bool
    gate: Callable[[Path], str]


def write(file: str, source: Path, target: Path, material: Material) -> str:
    """Write `source` in another way; what came of it in a few words. Raises `VariantError`."""
    return WAYS[file](source, target, material)


def _fused(source: Path, target: Path, material: Material) -> str:  # noqa: ARG001 - as the others
    return _listed(fuse(source, target).counts)


def _fp16(source: Path, target: Path, material: Material) -> str:
    mixed = to_fp16(source, target, material.calibration(), checks=material.checks())
    return f"{mixed.converted} nodes in FP16, {len(mixed.kept)} kept in FP32"


def _int8_dynamic(source: Path, target: Path, material: Material) -> str:
    fused = target.with_suffix(".fused.onnx")
    if has_attention(source):
        fuse(source, fused)
    reference = fused if fused.exists() else source

    def quantise(path: Path, excluded: frozenset[str]) -> Quantised:
        return quantise_dynamic(
            reference, path, excluded=excluded, reduce_range=material.reduce_range
        )

    done = quantise_within(quantise, reference, target, material.calibration(), material.gate)
    fused.unlink(missing_ok=True)
    return _told(done)


def _int8_static(source: Path, target: Path, material: Material) -> str:
    batches = material.calibration()
    with calibrated(source, batches, reduce_range=material.reduce_range) as quantise:
        return _told(quantise_within(quantise, source, target, batches, material.gate))


def _int8_typed(source: Path, target: Path, material: Material) -> str:
    """For TensorRT to be built from, so what this processor would need does not count."""
    batches = material.calibration()
    with calibrated(
        source, batches, reduce_range=False, activations=Activations.SIGNED
    ) as quantise:
        return _told(quantise_within(quantise, source, target, batches, material.gate))


Way = Callable[[Path, Path, Material], str]
WAYS: Mapping[str, Way] = {
    "fused": _fused,
    "fp16": _fp16,
    "int8_dynamic": _int8_dynamic,
    "int8_static": _int8_static,
    "int8_typed": _int8_typed,
}
GATED = frozenset({"int8_dynamic", "int8_static", "int8_typed"})
"""Those whose file depends on what the gate says: on the metric in the engine that serves it."""


def _told(done: Quantised) -> str:
    kept = f", {len(done.excluded)} kept in FP32" if done.excluded else ""
    return f"{_listed(done.operators)} in INT8{kept}"


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {operator}" for operator, count in counts.items())
