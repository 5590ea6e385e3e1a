"""The engines that a package offers to servers with a GPU: what each is built from, judged here.

A plan is built where it runs. This machine writes the ONNX file for it, with every type written
out, and has ONNX Runtime answer the held-out examples with that file: what its types cost in
accuracy is known before any GPU has seen it. What TensorRT makes of it, and how fast, is not.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import onnx

from slipway import contract
from slipway.build.optimise.catalogue import (
    ATTENTION,
    BASELINE,
    CONVOLUTION,
    DENSE,
    RECURRENT,
    Kind,
    Variant,
)
from slipway.build.optimise.drop import Judged, drop_between
from slipway.build.optimise.intermediates import HALF, Intermediates, load_named
from slipway.build.optimise.workshop import StepsWorkshop
from slipway.build.package import Offer
from slipway.build.steps import Candidate, Steps
from slipway.build.triton_config import VARYING
from slipway.engines import EngineSpec, Profile
from slipway.errors import RecipeError, VariantError
from slipway.files import sha256_of
from slipway.metrics.named import LOWER_IS_BETTER
from slipway.recipe import Recipe, Sizes
from slipway.variants import bounds, points

SOURCES = {
    "int8": Kind("tensorrt_int8", "int8_typed", suits=frozenset({ATTENTION, CONVOLUTION, DENSE})),
    "fp16": Kind("tensorrt_fp16", "fp16", half=True),
}
"""What an engine of each precision is built from."""
HEAVY = RECURRENT | {"Conv", "ConvTranspose", "Gemm", "MatMul"}
WIDEN = "DequantizeLinear"
KEPT = 0.5
"""Of the heavy layers that are typed in a precision, the part that an engine must have in it: it
fuses some, and a few it may find faster in a wider one."""


@dataclass(frozen=True)
class NotOffered:
    """A precision that the recipe asks for, and why no engine is offered in it."""

    precision: str
    reason: str


Outcome = Offer | NotOffered


def offers(steps: Steps, shop: StepsWorkshop, candidate: Candidate) -> tuple[Outcome, ...]:
    """For the network that is packaged, in the precisions of the recipe, the best first."""
    wanted = steps.folder.recipe.optimisation.engines
    try:
        profiles = _profiles(steps, candidate)
    except (RecipeError, VariantError) as error:
        return tuple(NotOffered(precision, str(error)) for precision in wanted)
    return tuple(_outcomes(steps, shop, candidate.learnt.network, profiles))


def as_json(outcomes: Sequence[Outcome]) -> list[dict[str, Any]]:
    """What was offered, and of which content; and what was not, and why."""
    return [
        {**asdict(each.spec), "sha256": sha256_of(each.file), "tolerance": each.tolerance}
        if isinstance(each, Offer)
        else asdict(each)
        for each in outcomes
    ]


def told(outcomes: Sequence[Outcome]) -> str:
    """What came of it, in a line: `int8, fp16 offered`."""
    offered = [each.spec.precision for each in outcomes if isinstance(each, Offer)]
    refused: dict[str, list[str]] = {}
    for each in outcomes:
        if isinstance(each, NotOffered):
            refused.setdefault(each.reason, []).append(each.precision)
    said = [f"{', '.join(offered)} offered"] if offered else []
    said += [f"{', '.join(names)} not offered: {reason}" for reason, names in refused.items()]
    return "; ".join(said) or "none, as the recipe says"


def _profiles(steps: Steps, candidate: Candidate) -> tuple[Profile, ...]:
    """Raises `VariantError` or `RecipeError` where no engine can be offered at all."""
    profiles = steps.form.profiles()
    engine = candidate.kind.engine
    if engine.cpu_alone:
        raise VariantError(
            f"{engine.name} was chosen, and its configuration keeps a model off GPUs",
            why=f"'{candidate.name}' was the best on this machine",
            mend="For servers with a GPU, name variants of ONNX Runtime with --variants.",
        )
    recipe, asked = steps.folder.recipe, steps.learning.data.holdout.inputs
    sent = {
        str(name): asked[spec.name].shape[axis]
        for spec in recipe.served_inputs
        for axis, name in enumerate(spec.shape, 1)
    }
    for sizes in recipe.serving.ranges:
        _require_within(sizes, VARYING, "its warm-up")
        _require_within(sizes, sent[sizes.name], "the held-out examples")
    return profiles


def _require_within(sizes: Sizes, size: int, who: str) -> None:
    if not sizes.least <= size <= sizes.most:
        raise RecipeError(
            f"The range of '{sizes.name}' is {sizes.least} to {sizes.most}",
            why=f"an engine would refuse {who}, of the size {size}",
            mend="Widen Serving(ranges=...) in recipe.py.",
        )


def _outcomes(
    steps: Steps, shop: StepsWorkshop, network: str, profiles: tuple[Profile, ...]
) -> Iterator[Outcome]:
    wanted = steps.folder.recipe.optimisation.engines
    for number, precision in enumerate(wanted):
        steps.progress(number, len(wanted), f"{precision} engine")
        try:
            yield _offer(steps, shop, network, profiles, precision)
        except VariantError as error:
            yield NotOffered(precision, str(error))


def _offer(
    steps: Steps,
    shop: StepsWorkshop,
    network: str,
    profiles: tuple[Profile, ...],
    precision: str,
) -> Offer:
    """Raises `VariantError` where its file cannot be made, or is not good enough."""
    variant = Variant(network, SOURCES[precision])
    traits = shop.traits(network)
    if not variant.kind.suits & traits:
        raise VariantError(
            f"There is nothing to compute in {precision}",
            why=f"the graph consists of {' and '.join(sorted(traits))} alone",
        )
    made = shop.make(variant)
    _require_good(made.judged, shop.make(BASELINE).judged, steps.folder.recipe)
    candidate = shop.candidate(variant.name)
    file = steps.form.model(candidate.optimised.folder)
    spec = EngineSpec(
        precision=precision,
        source=f"{contract.TYPED_FOLDER}{precision}.onnx",
        profiles=profiles,
        share=KEPT * typed_share(file, precision),
    )
    return Offer(spec, file, candidate.own_tolerance)


def _require_good(judged: Judged, baseline: Judged, recipe: Recipe) -> None:
    """The demands on a variant that is packaged, but for its speed, which shows on the GPU."""
    metric, optimisation = recipe.metric, recipe.optimisation
    lower, value = metric.name in LOWER_IS_BETTER, judged.value
    if not (value <= metric.floor if lower else value >= metric.floor):
        raise VariantError(
            f"Its {metric.name} is {value:.4f}",
            why=f"the recipe asks for at {'most' if lower else 'least'} {metric.floor:g}",
        )
    drop = drop_between(metric.name, baseline, judged)
    worst = drop.high if optimisation.certain else drop.middle
    if not worst <= optimisation.tolerance:
        lost, allowed = (
            points(each, lower_is_better=lower) for each in (worst, optimisation.tolerance)
        )
        raise VariantError(
            f"Its {metric.name} {'may be' if optimisation.certain else 'is'} {lost} worse "
            f"({bounds(drop)})",
            why=f"{allowed} are allowed",
        )


def typed_share(file: Path, precision: str) -> float:
    """The part of a file's heavy layers that its types put into a precision.

    Raises `VariantError` where there is none: an engine of it would have another precision.
    """
    tensors = Intermediates(file)
    heavy = [node for node in load_named(file).graph.node if node.op_type in HEAVY]
    typed = [node for node in heavy if _is_typed(node, precision, tensors)]
    if not typed:
        raise VariantError(
            f"No heavy layer of its file is in {precision}", why=f"it has {len(heavy)}"
        )
    return len(typed) / len(heavy)


def _is_typed(node: onnx.NodeProto, precision: str, tensors: Intermediates) -> bool:
    if precision == "fp16":
        return any(tensors.types.get(name) == HALF for name in node.output)
    maker = tensors.makers.get(node.input[0])
    return maker is not None and maker.op_type == WIDEN
