"""The PyTorch side of a model folder: the network, called and checked by the recipe's names."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from torch import nn

from slipway.errors import RecipeError
from slipway.recipe import ModelFolder, Recipe
from slipway.tensors import Array, TensorSpec

Tensors = Mapping[str, torch.Tensor]


def build_network(folder: ModelFolder) -> nn.Module:
    """A fresh network whose outputs were seen to be what the recipe declares."""
    network: nn.Module = folder.function("network", "build")()
    check_outputs(network, folder.recipe)
    return network


def load_network(folder: ModelFolder, weights: Path) -> nn.Module:
    """The network with trained weights, ready to answer."""
    network = build_network(folder)
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
    parts = [
        call(network, {n: torch.from_numpy(a[k : k + batch]) for n, a in inputs.items()}, recipe)
        for k in range(0, rows, batch)
    ]
    return {
        spec.name: np.concatenate([part[spec.name].numpy() for part in parts])
        for spec in recipe.outputs
    }


def example(spec: TensorSpec, batch: int, varying: int = 2) -> Array:
    """Zeros of a declared shape; `varying` stands for every dimension that varies."""
    return np.zeros((batch, *(size or varying for size in spec.shape)), dtype=spec.dtype)


def check_outputs(network: nn.Module, recipe: Recipe) -> None:
    """Refuse a network whose answer to a batch of two is not what the recipe declares."""
    inputs = {spec.name: example(spec, batch=2) for spec in recipe.inputs}
    try:
        answers = predict(network, inputs, recipe)
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
