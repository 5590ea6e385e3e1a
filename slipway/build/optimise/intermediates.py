"""What a graph computes on the way to its outputs, as ONNX Runtime computes it.

Every graph optimisation is off, so that each tensor of the file is computed as the file says.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path

import onnx
import onnxruntime as ort

from slipway.tensors import Array

Batches = Sequence[Mapping[str, Array]]
AT_ONCE = 200
"""Tensors that one run gives out: all of a graph's together may not fit into memory."""
FLOAT, HALF, DOUBLE = "tensor(float)", "tensor(float16)", "tensor(double)"


def load_named(path: Path) -> onnx.ModelProto:
    """An ONNX file in which every node has a name of its own."""
    model = onnx.load(path)
    for number, node in enumerate(model.graph.node):
        node.name = node.name or f"{node.op_type}_{number}"
    return model


class Intermediates:
    """The tensors that the nodes of an ONNX file make, graph outputs included."""

    def __init__(self, path: Path) -> None:
        self._model = load_named(path)
        self._outputs = list(self._model.graph.output)
        self.makers: Mapping[str, onnx.NodeProto] = {
            name: node for node in self._model.graph.node for name in node.output if name
        }
        self.outputs: tuple[str, ...] = tuple(output.name for output in self._outputs)
        session = self._session(self.makers)
        types = {each.name: each.type for each in session.get_outputs()}
        self.types: Mapping[str, str] = {name: types[name] for name in self.makers}

    def of_type(self, *types: str) -> tuple[str, ...]:
        """Names in the order in which they are computed."""
        return tuple(name for name, type_ in self.types.items() if type_ in types)

    def values(self, names: Iterable[str], batches: Batches) -> Iterator[dict[str, Array]]:
        """The named tensors, some at a time, each once for every batch."""
        rest = iter(names)
        while chunk := tuple(islice(rest, AT_ONCE)):
            session = self._session(chunk)
            for batch in batches:
                yield dict(zip(chunk, session.run(list(chunk), dict(batch)), strict=True))

    def _session(self, names: Iterable[str]) -> ort.InferenceSession:
        del self._model.graph.output[:]
        self._model.graph.output.extend(self._outputs)
        # Without a type: ONNX Runtime infers it, for operators of its own as well.
        more = [onnx.ValueInfoProto(name=name) for name in names if name not in self.outputs]
        self._model.graph.output.extend(more)
        options = ort.SessionOptions()
        options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
        options.log_severity_level = 3
        return ort.InferenceSession(
            self._model.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )
