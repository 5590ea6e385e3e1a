"""The variants there are, and which of them make sense for a model."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import onnx

from slipway.build.engine import ONNXRUNTIME, OPENVINO, OPENVINO_BF16, Engine
from slipway.build.optimise.fusion import has_attention
from slipway.errors import RecipeError
from slipway.recipe import Optimisation

TRAINED, PRUNE, DISTIL = "trained", "prune", "distil"
"""Whose weights a variant has."""
ATTENTION, CONVOLUTION, RECURRENCE = "attention", "convolution", "recurrence"
DENSE, DECODER = "dense", "decoder"
"""What a graph consists of, as far as it decides which kinds pay."""
RECURRENT = frozenset({"LSTM", "GRU", "RNN"})


@dataclass(frozen=True)
class Kind:
    """How the file of a network is written, and what runs it.

    `file` names one of the ways in `slipway.build.optimise.files`. `exact`: it answers as PyTorch
    does, within the recipe's parity. `half`: it computes in 16 bits where these are at hand, else
    in 32. `suits`: it is tried where a graph has any of these traits.
    """

    name: str
    file: str
    engine: Engine = ONNXRUNTIME
    exact: bool = False
    half: bool = False
    suits: frozenset[str] = frozenset({ATTENTION, CONVOLUTION, RECURRENCE, DENSE})


BASE = Kind("onnx", "plain", exact=True)
KINDS = (
    BASE,
    Kind("graph", "fused", exact=True, suits=frozenset({ATTENTION})),
    Kind("fp16", "fp16", half=True),
    Kind("int8_dynamic", "int8_dynamic", suits=frozenset({ATTENTION, RECURRENCE, DENSE})),
    Kind("int8_static", "int8_static", suits=frozenset({CONVOLUTION})),
    Kind("openvino", "plain", OPENVINO),
    Kind("openvino_bf16", "plain", OPENVINO_BF16, half=True),
    Kind(
        "openvino_int8", "int8_static", OPENVINO, suits=frozenset({ATTENTION, CONVOLUTION, DENSE})
    ),
    Kind("int8_weights", "int8_weights", suits=frozenset({DECODER})),
    Kind("int4_weights", "int4_weights", suits=frozenset({DECODER})),
)
SEPARATOR = "+"


@dataclass(frozen=True)
class Variant:
    """A network in a kind of file: `int8_static`, `prune`, `distil+openvino_int8`."""

    network: str
    kind: Kind

    @property
    def name(self) -> str:
        if self.network == TRAINED:
            return self.kind.name
        return self.network if self.kind == BASE else f"{self.network}{SEPARATOR}{self.kind.name}"


BASELINE = Variant(TRAINED, BASE)
"""What is served where no variant is better: the file as it was exported, simplified."""


def traits(path: Path) -> frozenset[str]:
    """What the graph of an ONNX file consists of."""
    operators = {node.op_type for node in onnx.load(path, load_external_data=False).graph.node}
    found = {CONVOLUTION} if "Conv" in operators else set()
    found |= {RECURRENCE} if operators & RECURRENT else set()
    found |= {ATTENTION} if has_attention(path) else set()
    return frozenset(found or {DENSE})


def networks(optimisation: Optimisation) -> tuple[str, ...]:
    """Those that a recipe says how to make."""
    made = {PRUNE: optimisation.pruning, DISTIL: optimisation.distillation}
    return (TRAINED, *(name for name, how in made.items() if how))


def singles(optimisation: Optimisation, has: frozenset[str]) -> tuple[Variant, ...]:
    """Every variant in which one thing is changed, for a graph with these traits."""
    kinds = (Variant(TRAINED, kind) for kind in KINDS[1:] if kind.suits & has)
    return (*kinds, *(Variant(name, BASE) for name in networks(optimisation)[1:]))


def parse(names: Sequence[str], optimisation: Optimisation) -> tuple[Variant, ...]:
    """Variants by their names. Raises `RecipeError` for one that there is not."""
    known = {
        variant.name: variant
        for network in networks(optimisation)
        for variant in (Variant(network, kind) for kind in KINDS)
        if variant != BASELINE
    }
    for name in names:
        if name not in known:
            smaller = networks(optimisation)[1:]
            also = f", {', '.join(smaller)}, and both as in {smaller[0]}+fp16" if smaller else ""
            raise RecipeError(
                f"There is no variant '{name}'",
                why=f"there are {', '.join(kind.name for kind in KINDS[1:])}{also}",
                mend="" if smaller else "prune and distil need a part of their own in recipe.py.",
            )
    return tuple(known[name] for name in names)
