"""What was measured on a GPU as a page of Markdown."""

from collections.abc import Iterator, Mapping
from typing import Any

from benchmarks.variants_parts.markdown import sections, summary
from slipway.variants import Study, timings_from_json

INTRODUCTION = (
    "# Results: a GPU",
    "",
    "Written by `python benchmarks/gpu.py --table docs/results-gpu.md` from the raw numbers in",
    "`benchmarks/results/`. Speed-ups are medians over rounds in which all systems ran, with the",
    "bounds of the sign test at 95 %. Inputs and answers are in the computer's memory.",
    "",
)
ROUNDED = (
    "",
    "## TF32",
    "",
    "The FP32 file with products rounded to 10 bits, the default of ONNX Runtime's CUDA provider,",
    "beside the same without; and how far each answers from PyTorch's FP32 on a processor.",
    "",
    "| model | times as fast | with TF32 | without | allowed |",
    "|---|---|---|---|---|",
)


def document(value: Mapping[str, Any]) -> str:
    """Of the figures that benchmarks/gpu.py keeps."""
    models = value["models"]
    measured = {name: model for name, model in models.items() if "study" in model}
    studies = {name: Study.from_json(model["study"]) for name, model in measured.items()}
    software = ", ".join(f"{name} {version}" for name, version in value["software"].items())
    lines = [
        *INTRODUCTION,
        f"On {value['hardware']}; {software}.",
        "",
        *summary(studies),
        *ROUNDED,
        *(_rounded(name, model["tf32"]) for name, model in measured.items() if model["tf32"]),
        "",
        "## What is missing",
        "",
        *_missing(models),
        *sections(studies),
    ]
    return "\n".join(lines) + "\n"


def _rounded(name: str, value: Mapping[str, Any]) -> str:
    speeds = " / ".join(f"{t.speedup.middle:.2f}" for t in timings_from_json(value["timings"]))
    far = value["difference"]
    return f"| {name} | {speeds} | {far['tf32']:.1e} | {far['exact']:.1e} | {value['parity']:.0e} |"


def _missing(models: Mapping[str, Any]) -> Iterator[str]:
    for name, model in models.items():
        if "failed" in model:
            yield f"- {name}: {model['failed']}"
    reasons = {
        model["tensorrt"]["missing"]
        for model in models.values()
        if "missing" in model.get("tensorrt", {})
    }
    yield from (f"- TensorRT: {reason}" for reason in sorted(reasons))
