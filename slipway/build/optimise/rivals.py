"""Plain PyTorch, in the ways in which it is fast on the hardware at hand: what to compare with."""

import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import cast

import torch
from torch import nn

from slipway.build.network import call
from slipway.build.session import on_gpu
from slipway.errors import BuildError, VariantError, first_line
from slipway.recipe import Recipe
from slipway.tensors import Array

Inputs = Mapping[str, Array]
CPU, GPU = "cpu", "cuda"
EAGER = "PyTorch eager FP32"


@dataclass(frozen=True)
class Way:
    """How a network is run: in FP32 or, as `autocast`, in a shorter format; as written, or compiled
    for each shape by the default compiler. `device` is PyTorch's name of where.
    """

    name: str
    device: str
    autocast: torch.dtype | None = None
    compiled: bool = False


def ways(device: str) -> tuple[Way, ...]:
    """The short format is the one that this kind of processor is fast in."""
    short, named = (torch.float16, "FP16") if device == GPU else (torch.bfloat16, "bfloat16")
    return (
        Way(EAGER, device),
        Way(f"PyTorch eager {named}", device, autocast=short),
        Way("PyTorch compiled FP32", device, compiled=True),
        Way(f"PyTorch compiled {named}", device, autocast=short, compiled=True),
    )


def device() -> str:
    """Where ONNX Runtime runs as well: else the GPU would be compared with the processor.

    Raises `BuildError` where PyTorch cannot.
    """
    if on_gpu() and not torch.cuda.is_available():
        raise BuildError(
            "PyTorch does not run on the GPU that ONNX Runtime runs on",
            why="the two would be compared on different hardware",
            mend="Install a PyTorch with CUDA, or onnxruntime in place of onnxruntime-gpu.",
        )
    return GPU if on_gpu() else CPU


def caller(network: nn.Module, recipe: Recipe, way: Way, inputs: Inputs) -> Callable[[], object]:
    """The network on a batch, ready to be called; a call ends when its answer is there.

    Raises `VariantError` where it cannot be compiled, as without a C++ compiler.
    """
    tensors = {name: torch.from_numpy(array) for name, array in inputs.items()}
    run: nn.Module = network.to(way.device)
    if way.compiled:
        run = _compiled(run)

    def answer() -> object:
        with torch.inference_mode(), precision(way):
            # As those who ask have them: in the computer's memory, and so is the answer.
            answers = call(run, {name: t.to(way.device) for name, t in tensors.items()}, recipe)
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
    return torch.autocast(way.device, way.autocast)
