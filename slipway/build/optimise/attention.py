"""ONNX Runtime's fused attention, taken apart again where its packed product is to be quantised."""

import onnx
from onnx import helper

from slipway.build.optimise.signature import ONNX_RUNTIME

PROJECTION = "_projection"
"""Appended to the name of an attention: the product with the weights of query, key and value."""
BIAS = 5
"""The place of `attention_bias`, what is added to the scores, among the inputs."""


def has_bias(node: onnx.NodeProto) -> bool:
    """Whether it is an attention to whose scores something is added: the mask of padding."""
    return (
        node.op_type == "Attention"
        and node.domain == ONNX_RUNTIME
        and len(node.input) > BIAS
        and bool(node.input[BIAS])
    )


def can_be_unpacked(node: onnx.NodeProto) -> bool:
    """Whether nothing else but scores, mask and heads is asked of it."""
    others = (*node.input[3:BIAS], *node.input[BIAS + 1 :])
    return (
        has_bias(node)
        and not any(others)
        and len(node.output) == 1
        and {attribute.name for attribute in node.attribute} <= {"num_heads", "scale"}
    )


def unpack_attention(model: onnx.ModelProto) -> None:
    """Write each attention with a mask as one product, and an attention of what that gives.

    The answers stay. The quantiser would make a QAttention of it, which has no such input, and
    drops the mask without a word: padding is then attended to.
    """
    nodes: list[onnx.NodeProto] = []
    for node in model.graph.node:
        nodes += _unpacked(node) if can_be_unpacked(node) else [node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)


def _unpacked(node: onnx.NodeProto) -> list[onnx.NodeProto]:
    packed = f"{node.name}{PROJECTION}"
    parts = [f"{node.name}_{part}" for part in ("query", "key", "value")]
    attention = helper.make_node(
        "MultiHeadAttention",
        [*parts, node.input[2], "", node.input[BIAS]],
        node.output,
        name=node.name,
        domain=ONNX_RUNTIME,
    )
    attention.attribute.extend(node.attribute)
    return [
        helper.make_node("MatMul", node.input[:2], [packed], name=packed),
        helper.make_node(
            "Split", [packed], parts, name=f"{node.name}_split", axis=-1, num_outputs=3
        ),
        attention,
    ]
