"""What a network costs whatever it runs on: its parameters, and the multiply-adds of an answer."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from slipway.build.network import call
from slipway.recipe import Recipe

VARYING = 32
"""Entries of each dimension that varies."""


@dataclass(frozen=True)
class Cost:
    """`multiply_adds` are those of matrix products and convolutions, for one example."""

    parameters: int
    multiply_adds: int


def cost_of(network: nn.Module, recipe: Recipe) -> Cost:
    """Count both; a parameter used twice counts once."""
    inputs = {
        spec.name: torch.from_numpy(
            np.ones(
                (1, *(VARYING if isinstance(size, str) else size for size in spec.shape)),
                dtype=spec.dtype,
            )
        )
        for spec in recipe.inputs
    }
    network.eval()
    # Fused kernels of attention and of LSTMs have no count; what they are made of has.
    with (
        torch.no_grad(),
        sdpa_kernel(SDPBackend.MATH),
        torch.backends.mkldnn.flags(enabled=False, allow_tf32=None),
        FlopCounterMode(display=False) as counter,
    ):
        call(network, inputs, recipe)
    return Cost(
        parameters=sum(parameter.numel() for parameter in network.parameters()),
        multiply_adds=counter.get_total_flops() // 2,
    )
