"""What PyTorch's exporter notes in an ONNX file for those who debug it, taken out again.

For each node it writes the paths and the source lines that it comes from: nothing to publish, and
another file for the same network in another folder, so another version.
"""

from collections.abc import Iterator
from typing import Any

import onnx


def drop_notes(model: onnx.ModelProto) -> None:
    for part in _parts(model):
        del part.metadata_props[:]
        part.doc_string = ""


def _parts(model: onnx.ModelProto) -> Iterator[Any]:
    yield model
    yield from model.functions
    for function in model.functions:
        yield from _nodes(function.node)
    yield from _graph(model.graph)


def _graph(graph: onnx.GraphProto) -> Iterator[Any]:
    yield graph
    for values in (graph.input, graph.output, graph.value_info, graph.initializer):
        yield from values
    yield from _nodes(graph.node)


def _nodes(nodes: Any) -> Iterator[Any]:
    for node in nodes:
        yield node
        for attribute in node.attribute:
            if attribute.type == onnx.AttributeProto.GRAPH:
                yield from _graph(attribute.g)
