"""Mixed precision: FP16 wherever measured numbers fit into it, FP32 where they do not.

Written here, since `onnxruntime.transformers.float16` passes what a node in FP32 makes through FP16
on its way to the next node in FP32, and so overflows where it should not.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx

from slipway.build.optimise.half import SUFFIX, Halves, to_half
from slipway.build.optimise.intermediates import (
    HALF,
    Batches,
    Intermediates,
    load_named,
)
from slipway.build.optimise.ranges import NEVER, Range, measure_ranges, range_of
from slipway.build.optimise.signature import check_loads, check_signature
from slipway.errors import VariantError
from slipway.tensors import Array

LARGEST = 65504.0
SMALLEST = 2.0**-14
"""The smallest that FP16 writes with all its 11 bits; below it bits are lost, below 2**-25 all."""
EXACT = 2048.0
"""Whole numbers up to it are exact."""
MARGIN = 4.0
"""How much further than on the calibration examples numbers may go with clients."""

SENSITIVE = {
    **dict.fromkeys(
        ("ReduceSum", "ReduceMean", "ReduceL1", "ReduceL2", "ReduceSumSquare", "CumSum"),
        "it sums many numbers, which overflow or are lost before the result is small again",
    ),
    **dict.fromkeys(
        ("ReduceLogSumExp", "ReduceLogSum", "ReduceProd", "Exp"),
        "small differences of what it takes are large ones of what it makes",
    ),
    "Range": f"it counts, and past {EXACT:.0f} not every whole number is there",
    "Upsample": "ONNX Runtime has it in FP32 alone",
    "RoiAlign": "ONNX Runtime has it in FP32 alone",
    "NonMaxSuppression": "ONNX Runtime has it in FP32 alone",
}
DIVIDING = {"Div": 1, "Reciprocal": 0, "Log": 0}
"""Operators of which an input must not be rounded to 0, and which input that is."""


@dataclass(frozen=True)
class MixedPrecision:
    """How many nodes compute in FP16, and the names of those kept in FP32, with the reason."""

    converted: int
    kept: Mapping[str, str]


def to_fp16(
    source: Path, target: Path, batches: Batches, *, checks: Batches = ()
) -> MixedPrecision:
    """Write `source` in FP16 to `target`; inputs and outputs stay FP32.

    Ranges are measured on `batches`. The result is run on them and on `checks`, which it was not
    made with. Raises `VariantError` when a number overflows in it that is finite in FP32, when
    nothing became FP16, or when the result is not sound.
    """
    model = load_named(source)
    halves = Halves(model, Intermediates(source).types)
    ranges = measure_ranges(source, batches)
    divisors = _small_divisors(halves, ranges)
    kept = {}
    for node in halves.floating:
        reason = halves.refusal(node) or _refusal(node, halves, ranges)
        reason = reason or next((divisors[name] for name in node.output if name in divisors), "")
        if reason:
            kept[node.name] = reason
    converted = len(halves.floating) - len(kept)
    if not converted:
        raise VariantError(
            "Nothing in the graph became FP16",
            why=f"all of its {len(kept)} floating-point nodes are kept in FP32, the first because "
            f"{next(iter(kept.values()), 'there is none')}",
            mend="Leave this form out.",
        )
    onnx.save(to_half(halves, frozenset(kept)), target)
    check_signature(source, target)
    check_loads(target)
    _check_numbers(source, target, batches, ranges, unseen=False)
    _check_numbers(source, target, checks, ranges, unseen=True)
    return MixedPrecision(converted, kept)


def _refusal(node: onnx.NodeProto, halves: Halves, ranges: Mapping[str, Range]) -> str:
    """Why a node's numbers must stay FP32; "" where FP16 is enough."""
    if node.op_type in SENSITIVE:
        return SENSITIVE[node.op_type]
    taken, made = halves.halving(node)
    names = [*(node.input[k] for k in sorted(taken)), *(node.output[k] for k in sorted(made))]
    for name in names:
        constant = halves.initialisers.get(name)
        measured = ranges.get(name) if constant is None else range_of(constant)
        reason = _misfit(name, measured, margin=MARGIN if constant is None else 1.0)
        if reason:
            return reason
    place = DIVIDING.get(node.op_type)
    if place is not None and _is_small(node.input[place], ranges):
        return f"'{node.input[place]}' must not become 0"
    counted = ranges.get(node.output[0]) if node.op_type == "Cast" and not taken else None
    if counted and counted.largest > EXACT:
        return f"'{node.output[0]}' counts to {counted.largest:.0f}, and FP16 to {EXACT:.0f}"
    return ""


def _small_divisors(halves: Halves, ranges: Mapping[str, Range]) -> Mapping[str, str]:
    """Tensors with small numbers that something divides by, or that such a tensor is made of: each
    with what that means. None of them may be rounded to 0 on its way.
    """
    makers = {name: node for node in halves.floating for name in node.output}
    found: dict[str, str] = {}
    waiting = [
        (node.input[DIVIDING[node.op_type]], node.name)
        for node in halves.floating
        if node.op_type in DIVIDING
    ]
    while waiting:
        name, divides = waiting.pop()
        if name in makers and name not in found and _is_small(name, ranges):
            found[name] = f"{divides} divides by what it makes, which must not become 0"
            waiting += [(taken, divides) for taken in makers[name].input]
    return found


def _is_small(name: str, ranges: Mapping[str, Range]) -> bool:
    """Whether some of its numbers are so small that FP16 may make 0 of them."""
    return name in ranges and 0 < ranges[name].least < SMALLEST


def _misfit(name: str, measured: Range | None, margin: float) -> str:
    if measured is None or measured.largest == 0:
        return ""
    if measured.largest * margin > LARGEST:
        return f"'{name}' reaches {measured.largest:.3g}, and FP16 ends at {LARGEST:.0f}"
    if measured.largest < SMALLEST:
        return f"'{name}' is at most {measured.largest:.2g}, where FP16 has few bits left"
    return ""


def _check_numbers(
    source: Path, target: Path, batches: Batches, ranges: Mapping[str, Range], *, unseen: bool
) -> None:
    """Raise `VariantError` where a number is finite in FP32 and not so in FP16."""
    if not batches:
        return
    before, after = Intermediates(source), Intermediates(target)
    halves = [name for name in after.of_type(HALF) if name.removesuffix(SUFFIX) in before.types]
    suspect = [
        name
        for values in after.values([*halves, *after.outputs], batches)
        for name, array in values.items()
        if not np.isfinite(array).all()
    ]
    pairs = {name.removesuffix(SUFFIX): name for name in after.types if name in set(suspect)}
    lost: dict[str, Range] = {}
    values = zip(before.values(pairs, batches), after.values(pairs.values(), batches), strict=True)
    for wide, narrow in values:
        for name, array in wide.items():
            if _is_lost(array, narrow[pairs[name]]):
                found = range_of(array) or Range(0.0, 0.0)
                lost[name] = lost[name].joined(found) if name in lost else found
    first = next((name for name in pairs if name in lost), None)
    if first is None:
        return
    range_ = lost[first]
    raise VariantError(
        f"In FP16 the tensor '{first}' is infinite or not a number"
        + (" on examples that its range was not measured on" if unseen else ""),
        why=f"in FP32 it lies between {range_.low:.4g} and {range_.high:.4g}"
        + (f", and when measured it reached {ranges[first].largest:.4g}" if unseen else ""),
        mend="Give the calibration split examples like those, or leave this form out."
        if unseen
        else "Leave this form out.",
    )


def _is_lost(wide: Array, narrow: Array) -> bool:
    ordinary = np.abs(wide) < NEVER
    return bool(
        (~np.isfinite(narrow) & ordinary).any() or (np.isnan(narrow) & ~np.isnan(wide)).any()
    )
