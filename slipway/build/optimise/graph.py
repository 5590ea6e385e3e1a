"""Simplify the graph: constants folded, batch normalisation merged into convolutions, recurrent
layers without what surrounds them for nothing.

Only what stays standard ONNX is done here, so that TensorRT and every execution provider can read
the result. What suits one processor (fused kernels, memory layouts) ONNX Runtime does when the
server loads the file.
"""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import onnx
import onnxruntime as ort

from slipway.build.optimise.recurrence import simplify_recurrence
from slipway.errors import BuildError, ExportError, first_line

STANDARD_DOMAINS = ("", "ai.onnx")


@dataclass(frozen=True)
class GraphChange:
    """Nodes in the graph before and after, in all and for each operator that changed."""

    before: int
    after: int
    operators: dict[str, tuple[int, int]]


def optimise_graph(source: Path, target: Path) -> GraphChange:
    """Write the simplified `source` to `target`.

    Raises `ExportError` where ONNX Runtime cannot load it, `BuildError` where what it writes is not
    standard ONNX.
    """
    before = onnx.load(source)
    simpler = onnx.load(source)
    simplify_recurrence(simpler)
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_BASIC
    options.optimized_model_filepath = str(target)
    options.log_severity_level = 3  # ONNX Runtime warns whenever a graph is written
    try:
        ort.InferenceSession(
            simpler.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )
    except Exception as error:  # ONNX Runtime raises classes that share no base
        raise ExportError(
            "ONNX Runtime cannot load what was exported", why=first_line(error)
        ) from error
    after = onnx.load(target)
    foreign = {node.domain for node in after.graph.node} - set(STANDARD_DOMAINS)
    if foreign:
        raise BuildError(
            "The optimised graph is not standard ONNX",
            why=f"it holds operators of {', '.join(sorted(foreign))}",
        )
    _drop_unused_domains(after)
    onnx.save(after, target)
    return GraphChange(len(before.graph.node), len(after.graph.node), _difference(before, after))


def _drop_unused_domains(model: onnx.ModelProto) -> None:
    """ONNX Runtime lists all domains it knows; other readers refuse those they do not."""
    used = [entry for entry in model.opset_import if entry.domain in STANDARD_DOMAINS]
    del model.opset_import[:]
    model.opset_import.extend(used)


def _difference(before: onnx.ModelProto, after: onnx.ModelProto) -> dict[str, tuple[int, int]]:
    old, new = (Counter(node.op_type for node in m.graph.node) for m in (before, after))
    return {op: (old[op], new[op]) for op in sorted({*old, *new}) if old[op] != new[op]}
