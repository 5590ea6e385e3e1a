"""Write nodes of a graph in FP16, with casts to and from what stays FP32."""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper
from onnxruntime.capi import onnxruntime_pybind11_state as state

from slipway.build.optimise.intermediates import FLOAT, HALF
from slipway.build.optimise.ranges import NEVER
from slipway.errors import VariantError
from slipway.tensors import Array

SUFFIX = "_fp16"
MARK = 32768.0
"""What masks are made of in FP16: half of its range, so that scores may be added to it."""
TYPED = ("dtype", "output_datatype", "value_float", "value_floats")
"""Attributes that fix a type."""


class Halves:
    """A model's floating-point nodes, and which of their tensors could be FP16."""

    def __init__(self, model: onnx.ModelProto, types: Mapping[str, str]) -> None:
        self.model = model
        graph = model.graph
        self.initialisers: Mapping[str, Array] = {
            each.name: numpy_helper.to_array(each)
            for each in graph.initializer
            if each.data_type == onnx.TensorProto.FLOAT
        }
        self.inputs = [
            value.name
            for value in graph.input
            if value.type.tensor_type.elem_type == onnx.TensorProto.FLOAT
        ]
        self.float_tensors = frozenset(
            {*self.initialisers, *self.inputs}
            | {name for name, type_ in types.items() if type_ == FLOAT}
        )
        self._versions = {entry.domain: entry.version for entry in model.opset_import}
        self.floating = [node for node in graph.node if self._is_floating(node)]

    def _is_floating(self, node: onnx.NodeProto) -> bool:
        return not self.float_tensors.isdisjoint((*node.input, *node.output))

    def halving(self, node: onnx.NodeProto) -> tuple[frozenset[int], frozenset[int]]:
        """The places of FP32 inputs and outputs that become FP16 where the node does."""
        schema = schema_of(node, self._versions.get(node.domain, 1))
        places = []
        for names, formal in ((node.input, schema.inputs), (node.output, schema.outputs)):
            places.append(
                frozenset(
                    place
                    for place, name in enumerate(names)
                    if name in self.float_tensors
                    and HALF in _allowed(schema, formal[min(place, len(formal) - 1)].typeStr)
                )
            )
        return places[0], places[1]

    def refusal(self, node: onnx.NodeProto) -> str:
        """Why the operator itself cannot compute in FP16; "" where it can."""
        if any(a.type in {a.GRAPH, a.GRAPHS} for a in node.attribute):
            return "it holds graphs of its own"
        if any(a.name in TYPED for a in node.attribute):
            return "an attribute fixes its type"
        if node.op_type in {"QuantizeLinear", "DequantizeLinear"}:
            return "it is part of a quantisation"
        if not any(self.halving(node)):
            return "it has no form for FP16"
        return ""


def to_half(halves: Halves, kept: frozenset[str]) -> onnx.ModelProto:
    """The model with all floating-point nodes but the `kept` in FP16; inputs and outputs as before.

    A tensor keeps its name in FP32; in FP16 it has `SUFFIX` as well. Each is there where a node
    needs it: one is made, the other cast from it.
    """
    places = {n.name: halves.halving(n) for n in halves.floating if n.name not in kept}
    nodes = halves.model.graph.node
    wanted_half = {
        node.input[place] for node in nodes if node.name in places for place in places[node.name][0]
    }
    wanted_full = _wanted_full(halves, places)
    written = [_cast(name, to_half=True) for name in halves.inputs if name in wanted_half]
    for node in nodes:
        taken, made = places.get(node.name, (frozenset(), frozenset()))
        written.append(_renamed(node, taken, made))
        for place, name in enumerate(node.output):
            if place in made and name in wanted_full:
                written.append(_cast(name, to_half=False))
            elif place not in made and name in wanted_half:
                written.append(_cast(name, to_half=True))
    model = onnx.ModelProto()
    model.CopyFrom(halves.model)
    del model.graph.node[:], model.graph.value_info[:]
    model.graph.node.extend(written)
    _halve_initialisers(model.graph, halves, wanted_half, wanted_full)
    return model


Places = Mapping[str, tuple[frozenset[int], frozenset[int]]]


def _wanted_full(halves: Halves, places: Places) -> set[str]:
    """Tensors that something takes in FP32: nodes, inner graphs, or clients."""
    wanted = {value.name for value in halves.model.graph.output}
    for node in halves.model.graph.node:
        taken = places[node.name][0] if node.name in places else frozenset()
        wanted |= {name for place, name in enumerate(node.input) if place not in taken}
        wanted |= set(_captured(node))
    return wanted


def _captured(node: onnx.NodeProto) -> Iterator[str]:
    """Names that the graphs inside a node use, those of their own included."""
    for attribute in node.attribute:
        for graph in (attribute.g, *attribute.graphs):
            yield from (value.name for value in graph.output)
            for inner in graph.node:
                yield from inner.input
                yield from _captured(inner)


def _renamed(node: onnx.NodeProto, taken: frozenset[int], made: frozenset[int]) -> onnx.NodeProto:
    copy = onnx.NodeProto()
    copy.CopyFrom(node)
    copy.input[:] = [n + SUFFIX if k in taken else n for k, n in enumerate(node.input)]
    copy.output[:] = [n + SUFFIX if k in made else n for k, n in enumerate(node.output)]
    if made:
        _type_value(copy)
    return copy


def _type_value(node: onnx.NodeProto) -> None:
    """Say FP16 where an attribute says what a node makes."""
    if node.op_type == "ConstantOfShape" and not node.attribute:
        node.attribute.append(helper.make_attribute("value", helper.make_tensor("", 1, [1], [0.0])))
    for attribute in node.attribute:
        if node.op_type == "Cast" and attribute.name == "to":
            attribute.i = onnx.TensorProto.FLOAT16
        elif attribute.name == "value" and attribute.t.data_type == onnx.TensorProto.FLOAT:
            attribute.t.CopyFrom(halved(numpy_helper.to_array(attribute.t), attribute.t.name))


def _cast(name: str, *, to_half: bool) -> onnx.NodeProto:
    type_ = onnx.TensorProto.FLOAT16 if to_half else onnx.TensorProto.FLOAT
    ends = (name, name + SUFFIX) if to_half else (name + SUFFIX, name)
    return helper.make_node("Cast", ends[:1], ends[1:], name=f"{ends[1]}_cast", to=type_)


def _halve_initialisers(
    graph: onnx.GraphProto, halves: Halves, wanted_half: set[str], wanted_full: set[str]
) -> None:
    kept = [i for i in graph.initializer if i.name in wanted_full or i.name not in wanted_half]
    added = [
        halved(array, name + SUFFIX)
        for name, array in halves.initialisers.items()
        if name in wanted_half
    ]
    del graph.initializer[:]
    graph.initializer.extend([*kept, *added])


def halved(array: Array, name: str) -> onnx.TensorProto:
    mark = (np.abs(array) >= NEVER) & np.isfinite(array)
    marked = np.where(mark, np.sign(array) * MARK, array)
    with np.errstate(over="ignore"):  # what does not fit was kept in FP32, or is checked later
        return numpy_helper.from_array(marked.astype(np.float16), name)


@cache
def _schemas() -> Mapping[tuple[str, str], list[Any]]:
    """ONNX Runtime's own list, which has its own operators as well; oldest first."""
    schemas: dict[tuple[str, str], list[Any]] = {}
    for schema in sorted(state.get_all_operator_schema(), key=lambda each: each.since_version):
        schemas.setdefault((schema.domain, schema.name), []).append(schema)
    return schemas


def schema_of(node: onnx.NodeProto, version: int) -> Any:
    """The operator's description that holds in this version of its domain."""
    known = _schemas().get((node.domain.removeprefix("ai.onnx"), node.op_type), [])
    fitting = [schema for schema in known if schema.since_version <= version]
    if not fitting:
        raise VariantError(
            f"The operator {node.domain or 'ai.onnx'}.{node.op_type} is unknown",
            why="nothing says whether it computes in FP16",
            mend="Leave this form out.",
        )
    return fitting[-1]


def _allowed(schema: Any, type_: str) -> tuple[str, ...]:
    for constraint in schema.type_constraints:
        if constraint.type_param_str == type_:
            return tuple(constraint.allowed_type_strs)
    return (type_,)
