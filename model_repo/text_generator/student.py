"""The teacher's decoder with every other of its layers, and fewer feed-forward units in each."""

import copy
from collections.abc import Mapping

import torch.nn.functional as F
from torch import Tensor, nn
from transformers import LlamaForCausalLM

from slipway.dataset import Sources
from slipway.errors import VariantError

from .network import DROPOUT, Decoder

EVERY = 2
"""Of so many layers one is kept."""
UNITS = 448
"""Feed-forward units of a layer."""


def build(_sources: Sources, teacher: nn.Module) -> nn.Module:
    """It goes on from the teacher's weights. Raises `VariantError` where that is no Llama."""
    assert isinstance(teacher, Decoder)
    model = teacher.model
    if not isinstance(model, LlamaForCausalLM):
        raise VariantError(
            f"There is no student of a {type(model).__name__}",
            why="student.py makes one of a Llama",
            mend="Write its student there, or take distillation out of recipe.py.",
        )
    config = copy.deepcopy(model.config)
    kept = range(0, config.num_hidden_layers, EVERY)
    config.num_hidden_layers = len(kept)
    config.intermediate_size = min(UNITS, config.intermediate_size)
    student = LlamaForCausalLM(config)
    state = {
        name: value
        for name, value in model.state_dict().items()
        if not name.startswith("model.layers.")
    }
    for place, layer in enumerate(kept):
        for name, value in _narrowed(model.model.layers[layer], config.intermediate_size).items():
            state[f"model.layers.{place}.{name}"] = value
    student.load_state_dict(state)
    return Decoder(student, DROPOUT)


def _narrowed(layer: nn.Module, units: int) -> dict[str, Tensor]:
    """A layer's weights, of its feed-forward units those whose weights have the largest norm."""
    state = layer.state_dict()
    gate, up, down = (f"mlp.{name}_proj.weight" for name in ("gate", "up", "down"))
    norm = state[gate].square().sum(1) + state[up].square().sum(1) + state[down].square().sum(0)
    kept = norm.topk(units).indices.sort().values
    return {**state, gate: state[gate][kept], up: state[up][kept], down: state[down][:, kept]}


def distance(
    outputs: Mapping[str, Tensor], teachers_outputs: Mapping[str, Tensor], temperature: float
) -> Tensor:
    """Kullback-Leibler divergence of the next token's chances, the mean over all tokens, of the
    size it has at temperature 1.
    """
    own, wanted = (
        (each["logits"] / temperature).log_softmax(dim=-1).flatten(0, 1)
        for each in (outputs, teachers_outputs)
    )
    return F.kl_div(own, wanted, reduction="batchmean", log_target=True) * temperature**2
