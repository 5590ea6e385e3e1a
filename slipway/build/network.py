"""The PyTorch side of a model folder: the network, called and checked by the recipe's names."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import nn

from slipway.build.padding import trim
from slipway.dataset import SHIPPED, Sources
from slipway.errors import RecipeError
from slipway.folder import ModelFolder
from slipway.recipe import Recipe
from slipway.tensors import Array, TensorSpec

Tensors = Mapping[str, torch.Tensor]

EXAMPLE_SIZES = (7, 5, 3, 11)
"""For dimensions that vary, in the order of their names: all different, so that none is taken for
another, and none is 1, which PyTorch would treat as fixed."""


def build_network(folder: ModelFolder, sources: Sources = SHIPPED) -> nn.Module:
    """A fresh network whose outputs were seen to be what the recipe declares."""
    network: nn.Module = folder.function("network", "build")(sources)
    check_outputs(network, folder.recipe)
    return network


def load_network(folder: ModelFolder, weights: Path, sources: Sources = SHIPPED) -> nn.Module:
    """The network with trained weights, ready to answer."""
    network = build_network(folder, sources)
    network.load_state_dict(torch.load(weights, weights_only=True))
    return network.eval()


def call(network: nn.Module, inputs: Tensors, recipe: Recipe) -> dict[str, torch.Tensor]:
    """Run the network on named tensors (batch first); name its outputs in the declared order."""
    answer = network(*(inputs[spec.name] for spec in recipe.inputs))
    answers = answer if isinstance(answer, tuple) else (answer,)
    if len(answers) != len(recipe.outputs):
        raise RecipeError(
            f"The network gives {len(answers)} outputs",
            why=f"the recipe declares {len(recipe.outputs)}",
            mend="Make recipe.py and network.py agree.",
        )
    return {spec.name: value for spec, value in zip(recipe.outputs, answers, strict=True)}


@torch.inference_mode()
def predict(
    network: nn.Module, inputs: Mapping[str, Array], recipe: Recipe, batch: int = 64
) -> dict[str, Array]:
    """PyTorch's answers to any number of examples, `batch` at a time, as numpy arrays."""
    network.eval()
    rows = len(next(iter(inputs.values())))
    parts = []
    for k in range(0, rows, batch):
        part = trim({name: array[k : k + batch] for name, array in inputs.items()}, recipe)
        parts.append(call(network, {n: torch.from_numpy(a) for n, a in part.items()}, recipe))
    return {
        spec.name: np.concatenate([part[spec.name].numpy() for part in parts])
        for spec in recipe.outputs
    }


def examples(specs: Sequence[TensorSpec], batch: int) -> dict[str, Array]:
    """Zeros of the declared shapes; those that vary get one of `EXAMPLE_SIZES` each."""
    names = dict.fromkeys(name for spec in specs for name in spec.varying)
    sizes = dict(zip(names, EXAMPLE_SIZES, strict=False))
    return {
        spec.name: np.zeros(
            (batch, *(sizes[size] if isinstance(size, str) else size for size in spec.shape)),
            dtype=spec.dtype,
        )
        for spec in specs
    }


def check_outputs(network: nn.Module, recipe: Recipe) -> None:
    """Refuse a network whose answer to a batch of two is not what the recipe declares."""
    inputs = {n: torch.from_numpy(a) for n, a in examples(recipe.inputs, batch=2).items()}
    network.eval()
    try:
        with torch.inference_mode():
            answers = {n: t.numpy() for n, t in call(network, inputs, recipe).items()}
    except (RuntimeError, ValueError, TypeError, IndexError, AttributeError) as error:
        raise RecipeError(
            "The network does not take the declared inputs",
            why=f"{type(error).__name__}: {error}",
            mend="Make recipe.py and network.py agree.",
        ) from error
    finally:
        network.train()
    for spec in recipe.outputs:
        got = answers[spec.name]
        if not spec.accepts(got.shape) or got.shape[0] != 2 or got.dtype != spec.dtype:
            raise RecipeError(
                f"The output '{spec.name}' has the shape {got.shape[1:]} ({got.dtype})",
                why=f"the recipe declares {spec.shape} ({spec.dtype}), without the batch",
                mend="Make recipe.py and network.py agree.",
            )
