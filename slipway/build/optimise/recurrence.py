"""What PyTorch's exporter writes around recurrent layers and ONNX does not need.

Initial states of zeros, which are ONNX's default, and the way from ONNX's (steps, directions,
batch, hidden) to (steps, batch, hidden), which for one direction is a Squeeze. Both work out sizes
from the request, in fifteen nodes a layer that cost more than some of its steps.
"""

from collections.abc import Mapping

import numpy as np
import onnx
from onnx import helper, numpy_helper
from onnx.reference import ReferenceEvaluator
from onnxscript.optimizer import remove_unused_nodes

STATES: Mapping[str, tuple[int, ...]] = {"LSTM": (5, 6), "GRU": (5,), "RNN": (5,)}
"""Which inputs of a layer are initial states."""
SHAPING = frozenset({"Expand", "Slice", "Reshape", "Identity"})
"""What makes zeros of zeros."""
SIZES = ((7, 3), (11, 5))
"""Steps and batches for which a shape is worked out: one pair might be met by chance."""


def simplify_recurrence(model: onnx.ModelProto) -> None:
    """Change the layers of a graph where it is sure that the answers stay what they are."""
    graph = _Graph(model)
    layers = [node for node in model.graph.node if node.op_type in STATES]
    for layer in layers:
        for index in STATES[layer.op_type]:
            if len(layer.input) > index and graph.is_zero(layer.input[index]):
                layer.input[index] = ""
        _squeeze_output(graph, layer)
    if layers:
        remove_unused_nodes(model)


def _squeeze_output(graph: "_Graph", layer: onnx.NodeProto) -> None:
    transpose = graph.only_reader(layer.output[0], "Transpose")
    reshape = transpose and graph.only_reader(transpose.output[0], "Reshape")
    if not transpose or not reshape or not _swaps(transpose) or _attribute(layer, "layout"):
        return
    hidden = _attribute(layer, "hidden_size")
    directions = 2 if b"bidirectional" in (each.s for each in layer.attribute) else 1
    for steps, batch in SIZES:
        known = {
            layer.output[0]: (steps, directions, batch, hidden),
            transpose.output[0]: (steps, batch, directions, hidden),
        }
        if graph.shape_given(reshape.input[1], known) != (steps, batch, hidden):
            return
    axes = f"{layer.output[0]}_directions"
    graph.proto.initializer.append(numpy_helper.from_array(np.array([1], np.int64), axes))
    squeeze = helper.make_node("Squeeze", [layer.output[0], axes], [reshape.output[0]])
    squeeze.name = f"{reshape.name or reshape.output[0]}_squeezed"
    position = list(graph.proto.node).index(reshape)
    graph.proto.node.remove(reshape)
    graph.proto.node.insert(position, squeeze)


class _Graph:
    """Who makes and who reads the tensors of a graph."""

    def __init__(self, model: onnx.ModelProto) -> None:
        self.proto, self._model = model.graph, model
        self._constants = {each.name: each for each in self.proto.initializer}
        self._makers = {name: node for node in self.proto.node for name in node.output if name}

    def only_reader(self, name: str, operator: str) -> onnx.NodeProto | None:
        """The node that alone takes a tensor's values, if it is of this kind.

        Those that ask for its shape do not count: shapes are worked out from what is left.
        """
        readers = [n for n in self.proto.node if name in n.input and n.op_type != "Shape"]
        given = any(output.name == name for output in self.proto.output)
        return readers[0] if not given and [n.op_type for n in readers] == [operator] else None

    def is_zero(self, name: str) -> bool:
        """Whether a tensor holds nothing but zeros, of whatever shape."""
        if name in self._constants:
            return not numpy_helper.to_array(self._constants[name]).any()
        node = self._makers.get(name)
        return node is not None and node.op_type in SHAPING and self.is_zero(node.input[0])

    def shape_given(
        self, name: str, known: Mapping[str, tuple[int, ...]]
    ) -> tuple[int, ...] | None:
        """The values of a tensor that is worked out from the shapes of `known` tensors alone; None
        where other tensors decide as well.
        """
        needed = self._above(name, known)
        if needed is None:
            return None
        nodes = [node for node in self.proto.node if id(node) in needed]
        used = {each for node in nodes for each in node.input}
        inputs = [
            helper.make_tensor_value_info(each, onnx.TensorProto.FLOAT, None)
            for each in known
            if each in used
        ]
        output = helper.make_tensor_value_info(name, onnx.TensorProto.INT64, None)
        constants = [self._constants[each] for each in {*used, name} if each in self._constants]
        part = helper.make_model(
            helper.make_graph(nodes, "shape", inputs, [output], constants),
            opset_imports=self._model.opset_import,
            ir_version=self._model.ir_version,
        )
        values = {each.name: np.zeros(known[each.name], np.float32) for each in inputs}
        (shape,) = ReferenceEvaluator(part).run(None, values)
        return tuple(int(size) for size in shape)

    def _above(self, name: str, known: Mapping[str, tuple[int, ...]]) -> set[int] | None:
        """The ids of the nodes that a tensor comes from, down to what is known; None where it
        comes from something else.
        """
        found: set[int] = set()
        open_ends = [name]
        while open_ends:
            each = open_ends.pop()
            if not each or each in known or each in self._constants:
                continue
            node = self._makers.get(each)
            if node is None:
                return None
            if id(node) not in found:
                found.add(id(node))
                open_ends += node.input
        return found


def _swaps(transpose: onnx.NodeProto) -> bool:
    return any([*each.ints] == [0, 2, 1, 3] for each in transpose.attribute)


def _attribute(node: onnx.NodeProto, name: str) -> int:
    return next((attribute.i for attribute in node.attribute if attribute.name == name), 0)
