"""Weights of a decoder in 8 or 4 bits, each row of a block with a scale of its own.

Decoding reads every weight for every token, so what makes them smaller makes it faster; rows of a
batch do not meet in a scale, so a text does not depend on its company.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import onnx

from slipway.errors import VariantError

BLOCK = 32
"""Weights that share a scale."""
SUMS_IN_INT8 = 4
"""ONNX Runtime's accuracy level at which activations are brought to 8 bits too, a scale a block.
At level 0 weights are brought back to FP32 first, and 8 bits are slower than none (measured)."""


def quantise_weights(source: Path, target: Path, bits: int) -> int:
    """Write the ONNX file `source` with its constant matrices in so many bits; how many there were.

    Raises `VariantError` where there are none.
    """
    model = onnx.load(source)
    with _quiet():
        from onnxruntime.quantization.matmul_nbits_quantizer import (  # noqa: PLC0415 - see `_quiet`
            MatMulNBitsQuantizer,
        )

        quantiser = MatMulNBitsQuantizer(
            model, bits=bits, block_size=BLOCK, is_symmetric=True, accuracy_level=SUMS_IN_INT8
        )
        quantiser.process()
    quantised = quantiser.model.model
    count = sum(node.op_type == "MatMulNBits" for node in quantised.graph.node)
    if not count:
        raise VariantError(
            "There are no weights to quantise",
            why="the decoder has no product with a constant matrix that ONNX Runtime takes",
        )
    onnx.save(quantised, target)
    return int(count)


@contextmanager
def _quiet() -> Iterator[None]:
    """When it is imported the quantiser sends everybody's messages to stderr, and it has one of its
    own for every node.
    """
    root = logging.getLogger()
    level, handlers = root.level, list(root.handlers)
    logging.disable(logging.INFO)
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)
        root.setLevel(level)
        root.handlers[:] = handlers
