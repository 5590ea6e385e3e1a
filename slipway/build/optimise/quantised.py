"""What quantisation did to a graph, and the graph made ready for ONNX Runtime's quantiser."""

import logging
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

import onnx

from slipway.build.optimise.intermediates import Intermediates, load_named
from slipway.build.optimise.signature import check_loads, check_signature, drop_unused_domains
from slipway.errors import VariantError, first_line

ELEMENT_TYPES = {
    "tensor(float)": onnx.TensorProto.FLOAT,
    "tensor(float16)": onnx.TensorProto.FLOAT16,
    "tensor(double)": onnx.TensorProto.DOUBLE,
    "tensor(int64)": onnx.TensorProto.INT64,
    "tensor(int32)": onnx.TensorProto.INT32,
    "tensor(bool)": onnx.TensorProto.BOOL,
}


@dataclass(frozen=True)
class Quantised:
    """Which nodes compute with 8-bit weights now, each with its operator.

    `excluded` were left in FP32 on purpose. `before` and `after` are the file's size in bytes.
    `calibration` names how ranges of activations were chosen; "" where each request's own count.
    """

    nodes: Mapping[str, str]
    excluded: tuple[str, ...]
    before: int
    after: int
    calibration: str = ""

    @property
    def operators(self) -> Mapping[str, int]:
        """How many nodes of each operator were quantised."""
        return dict(sorted(Counter(self.nodes.values()).items()))


def ready(path: Path) -> onnx.ModelProto:
    """The file with a name for every node and a type for every tensor.

    ONNX Runtime's quantiser leaves nodes out by name, and fails where onnx's type inference ends:
    at the first operator of ONNX Runtime's own.
    """
    model = load_named(path)
    known = {value.name for value in (*model.graph.value_info, *model.graph.output)}
    for name, type_ in Intermediates(path).types.items():
        if name not in known and type_ in ELEMENT_TYPES:
            value = onnx.helper.make_tensor_value_info(name, ELEMENT_TYPES[type_], None)
            model.graph.value_info.append(value)
    return model


def finish(
    source: Path,
    target: Path,
    nodes: Mapping[str, str],
    excluded: Collection[str],
    calibration: str = "",
) -> Quantised:
    """Check the file `target` that was made of `source`, and say what it is.

    Raises `VariantError` where nothing was quantised, or where it is not sound.
    """
    check_any(nodes, excluded)
    model = onnx.load(target)
    drop_unused_domains(model)
    onnx.save(model, target)
    check_signature(source, target)
    check_loads(target)
    return Quantised(
        nodes,
        tuple(sorted(excluded)),
        source.stat().st_size,
        target.stat().st_size,
        calibration,
    )


def check_any(nodes: Collection[str], excluded: Collection[str]) -> None:
    """Raise `VariantError` where no node is quantised."""
    if not nodes:
        raise VariantError(
            "Nothing in the graph was quantised",
            why=f"of what can be, {len(excluded)} nodes were excluded and no other has weights",
            mend="Leave this form out.",
        )


@contextmanager
def quiet_quantiser() -> Iterator[None]:
    """It asks on the root logger for a preparation that `ready` makes needless, and prints how it
    gets on where answers belong. Raises `VariantError` where it fails.
    """
    logger = logging.getLogger()
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with redirect_stdout(StringIO()):
            yield
    except Exception as error:  # it raises any class, and asserts
        raise VariantError(
            "ONNX Runtime's quantiser failed", why=first_line(error), mend="Leave this form out."
        ) from error
    finally:
        logger.setLevel(level)
