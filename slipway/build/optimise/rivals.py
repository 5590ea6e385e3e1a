"""Plain PyTorch, in the ways in which it is fast on the hardware at hand: what to compare with."""

import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import cast

import torch
from torch import nn

from slipway.build.network import call
from slipway.errors import VariantError, first_line
from slipway.recipe import Recipe
from slipway.tensors import Array

Inputs = Mapping[str, Array]


@dataclass(frozen=True)
class Way:
    """How a network is run: in FP32 or, as `autocast`, in a shorter format; as written, or compiled
    for each shape by the default compiler.
    """

    name: str
    autocast: torch.dtype | None = None
    compiled: bool = False


def ways() -> tuple[Way, ...]:
    """The short format is the one that this kind of processor is fast in."""
    short, named = (torch.float16, "FP16") if device() == "cuda" else (torch.bfloat16, "bfloat16")
    return (
        Way("PyTorch eager FP32"),
        Way(f"PyTorch eager {named}", autocast=short),
        Way("PyTorch compiled FP32", compiled=True),
        Way(f"PyTorch compiled {named}", autocast=short, compiled=True),
    )


EAGER = "PyTorch eager FP32"


def device() -> str:
    return "cuda" if torch.cuda.is_available() else "cpu"


def caller(network: nn.Module, recipe: Recipe, way: Way, inputs: Inputs) -> Callable[[], object]:
    """The network on a batch, ready to be called; a call ends when its answer is there.

    Raises `VariantError` where it cannot be compiled, as without a C++ compiler.
    """
    on = device()
    tensors = {name: torch.from_numpy(array).to(on) for name, array in inputs.items()}
    run: nn.Module = network.to(on)
    if way.compiled:
        run = _compiled(run)

    def answer() -> object:
        with torch.inference_mode(), precision(way):
            answers = call(run, tensors, recipe)
            return [answer.cpu() for answer in answers.values()]

    with _quiet_compiler():
        try:
            answer()
        except Exception as error:  # the compiler raises anything, that of C++ included
            raise VariantError(f"{way.name} cannot be had", why=first_line(error)) from error
    return answer


def _compiled(network: nn.Module) -> nn.Module:
    with _quiet_compiler():
        # For every shape anew, as whoever measures PyTorch at its best would.
        return cast("nn.Module", torch.compile(network, dynamic=False))


@contextmanager
def _quiet_compiler() -> Iterator[None]:
    """It warns of its own deprecations, and of graphs that it compiles in parts."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def precision(way: Way | None) -> AbstractContextManager[object]:
    """In which a block runs."""
    if way is None or way.autocast is None:
        return nullcontext()
    return torch.autocast(device(), way.autocast)
