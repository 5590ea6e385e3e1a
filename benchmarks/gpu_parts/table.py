"""What was measured of a model: a line a system, with milliseconds and times the ONNX file."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from slipway.variants import Failed, Measured, Study, Timing, timings_from_json

HEADER = ("", "BATCH 1", "MIDDLE", "LARGEST", "")
Row = tuple[str, ...]


def rows(value: Mapping[str, Any]) -> Iterator[Row]:
    """Of a model's figures as `benchmarks.gpu_parts.model.compare` gives them."""
    if "failed" in value:
        yield ("not measured", "", "", "", value["failed"])
        return
    study = Study.from_json(value["study"])
    for rival in study.rivals:
        yield (rival.name, *_cells(rival.timings), rival.reason)
    yield (f"ONNX Runtime {study.baseline.variant}", *_cells(study.baseline.timings), "")
    for outcome in study.outcomes:
        verdict = study.verdict(outcome.variant)
        said = (
            "chosen" if outcome.variant == study.chosen else "kept" if verdict.kept else "dropped"
        )
        timings = outcome.timings if isinstance(outcome, Measured) else ()
        why = outcome.reason if isinstance(outcome, Failed) else verdict.reason
        yield (f"ONNX Runtime {outcome.variant}", *_cells(timings), f"{said}: {why}")
    if rounded := value["tf32"]:
        far = rounded["difference"]
        yield (
            "ONNX Runtime onnx, TF32",
            *_cells(timings_from_json(rounded["timings"])),
            f"answers differ by {far['tf32']:.1e}, without TF32 by {far['exact']:.1e}",
        )
    yield from _engines(value["tensorrt"])


def _engines(value: Mapping[str, Any]) -> Iterator[Row]:
    if "missing" in value:
        yield ("TensorRT", "", "", "", value["missing"])
        return
    for engine in value["engines"]:
        name = f"TensorRT {value['version']} {engine['precision']}"
        if "failed" in engine:
            yield (name, "", "", "", engine["failed"])
        else:
            yield (name, "", "", f"{engine['milliseconds']:.3f} ms", "on the GPU alone")


def _cells(timings: Sequence[Timing]) -> Row:
    told = [f"{timing.milliseconds:.3f} ms, {timing.speedup.middle:.2f}x" for timing in timings]
    return tuple(told or [""] * 3)
