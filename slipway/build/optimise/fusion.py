"""Fuse what transformers repeat (attention, normalised sums, activations) into single operators.

These are ONNX Runtime's own: TensorRT and OpenVINO do not read the result. The rewriter of
onnxscript is used, since `onnxruntime.transformers.optimizer` knows the graphs of PyTorch's former
exporter only: of those that torch.export writes it fuses nothing, and says nothing.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import onnx
import onnxscript
from onnxscript import ir, optimizer
from onnxscript.rewriter.ort_fusions import optimize_for_ort

from slipway.build.optimise.signature import (
    ONNX_RUNTIME,
    check_loads,
    check_signature,
    drop_unused_domains,
)
from slipway.errors import BuildError

ATTENTION = ("Attention", "MultiHeadAttention", "GroupQueryAttention")
BETWEEN = frozenset({"Add", "Sub", "Where", "Mul", "Div", "Cast", "IsNaN", "Reshape", "Expand"})
"""Operators that stand between the softmax of an attention and its two products."""
HELD = "slipway.held"
HIDDEN_SIZES = "qkv_hidden_sizes"


@dataclass(frozen=True)
class Fusions:
    """How many of each fused operator the graph has now, and how many attentions it had before."""

    counts: Mapping[str, int]
    attentions: int

    @property
    def fused_attentions(self) -> int:
        return sum(self.counts.get(operator, 0) for operator in ATTENTION)


def fuse(source: Path, target: Path) -> Fusions:
    """Write `source` with fused operators to `target`; its inputs and outputs stay as they are.

    Raises `BuildError` when the graph has attention and none of it was fused, and `VariantError`
    when servers could not read the result.
    """
    model = onnx.load(source)
    attentions = count_attentions(model)
    _drop_same_reshapes(model)
    _hold_doubles(model)
    fused, _ = optimize_for_ort(ir.from_proto(model))
    # The packed weights of attention are more than it folds by itself.
    optimizer.fold_constants(fused, should_fold=lambda node: node.op_type == "Concat" or None)
    optimizer.remove_unused_nodes(fused)
    model = ir.to_proto(fused)
    _release(model)
    _drop_same_sizes(model)
    drop_unused_domains(model)
    counts = Counter(node.op_type for node in model.graph.node if node.domain == ONNX_RUNTIME)
    fusions = Fusions(dict(sorted(counts.items())), attentions)
    if attentions and not fusions.fused_attentions:
        raise BuildError(
            f"Nothing of the {attentions} attentions in the graph was fused",
            why=f"onnxscript {onnxscript.__version__} does not know them as "
            f"{model.producer_name} {model.producer_version} writes them; "
            f"it fused {_listed(counts)}",
            mend="Write them with F.scaled_dot_product_attention, or use versions that fit.",
        )
    onnx.save(model, target)
    check_signature(source, target)
    check_loads(target)
    return fusions


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in sorted(counts.items())) or "nothing"


def has_attention(path: Path) -> bool:
    """Whether there is a softmax that is made of a product and weighs the terms of another."""
    return count_attentions(onnx.load(path, load_external_data=False)) > 0


def count_attentions(model: onnx.ModelProto) -> int:
    """How many softmaxes have a matrix product before and after them."""
    made_by: dict[str, list[onnx.NodeProto]] = {}
    used_by: dict[str, list[onnx.NodeProto]] = {}
    for node in model.graph.node:
        for name in node.output:
            made_by.setdefault(name, []).append(node)
        for name in node.input:
            used_by.setdefault(name, []).append(node)
    return sum(
        _reaches_product(node, lambda n: n.input, made_by)
        and _reaches_product(node, lambda n: n.output, used_by)
        for node in model.graph.node
        if node.op_type == "Softmax"
    )


def _reaches_product(
    softmax: onnx.NodeProto,
    tensors: Callable[[onnx.NodeProto], Iterable[str]],
    next_to: Mapping[str, list[onnx.NodeProto]],
) -> bool:
    """Whether a product of two computed matrices lies in that direction."""
    waiting, seen = [softmax], {softmax.output[0]}
    while waiting:
        for name in tensors(waiting.pop()):
            for node in next_to.get(name, []):
                if node.op_type == "MatMul":
                    return True
                if node.op_type in BETWEEN and node.output[0] not in seen:
                    seen.add(node.output[0])
                    waiting.append(node)
    return False


def _drop_same_reshapes(model: onnx.ModelProto) -> None:
    """Drop reshapes to the shape that is there: the patterns of attention do not see over them.

    PyTorch writes one where the batch is a product of two sizes (items of histories), which the
    rewriter cannot prove equal, though the exporter gave both the same names.
    """
    graph = model.graph
    shapes = {value.name: _shape(value) for value in (*graph.input, *graph.value_info)}
    outputs = {value.name for value in graph.output}
    renamed: dict[str, str] = {}
    kept = []
    for node in graph.node:
        node.input[:] = [renamed.get(name, name) for name in node.input]
        if node.op_type == "Reshape" and node.output[0] not in outputs:
            before, after = (shapes.get(name) for name in (node.input[0], node.output[0]))
            if before is not None and before == after:
                renamed[node.output[0]] = node.input[0]
                continue
        kept.append(node)
    del graph.node[:]
    graph.node.extend(kept)


def _shape(value: onnx.ValueInfoProto) -> tuple[int | str, ...] | None:
    """None where a dimension has neither a size nor a name."""
    tensor = value.type.tensor_type
    dims = [
        d.dim_param or (d.dim_value if d.HasField("dim_value") else "") for d in tensor.shape.dim
    ]
    return tuple(dims) if tensor.HasField("shape") and "" not in dims else None


def _hold_doubles(model: onnx.ModelProto) -> None:
    """Hide what computes in FP64: the rewriter fuses it too, into operators without FP64."""
    graph = onnx.shape_inference.infer_shapes(model).graph
    types = {v.name: v.type.tensor_type.elem_type for v in (*graph.input, *graph.value_info)}
    types |= {each.name: each.data_type for each in graph.initializer}
    held = False
    for node in model.graph.node:
        double = any(types.get(n) == onnx.TensorProto.DOUBLE for n in (*node.input, *node.output))
        if double and not node.domain:
            node.domain, held = HELD, True
    if held:
        model.opset_import.append(onnx.helper.make_opsetid(HELD, 1))


def _release(model: onnx.ModelProto) -> None:
    for node in model.graph.node:
        if node.domain == HELD:
            node.domain = ""


def _drop_same_sizes(model: onnx.ModelProto) -> None:
    """Drop the sizes of query, key and value where all are the same, as they are by default.

    ONNX Runtime's quantiser passes over an attention that names them, and says nothing.
    """
    for node in model.graph.node:
        for attribute in node.attribute:
            if attribute.name == HIDDEN_SIZES and len(set(attribute.ints)) == 1:
                node.attribute.remove(attribute)
                break
