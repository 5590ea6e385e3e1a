"""The teacher's BERT with two of its layers."""

import copy
from collections.abc import Mapping

import torch.nn.functional as F
from torch import Tensor, nn

from slipway.dataset import Sources

from .network import TextClassifier

KEPT = (0, -1)
"""Of the teacher's layers: the lowest reads its embeddings, the last one its head was made for."""


def build(_sources: Sources, teacher: nn.Module) -> nn.Module:
    """Its embeddings stay as they are, layers and head go on from the teacher's."""
    assert isinstance(teacher, TextClassifier)
    student = copy.deepcopy(teacher)
    layers = student.encoder.encoder.layer
    student.encoder.encoder.layer = nn.ModuleList(layers[k] for k in KEPT)
    student.encoder.config.num_hidden_layers = len(KEPT)
    student.encoder.encoder.requires_grad_(requires_grad=True)
    return student


def distance(
    outputs: Mapping[str, Tensor], teachers_outputs: Mapping[str, Tensor], temperature: float
) -> Tensor:
    """Kullback-Leibler divergence of the topics' chances, of the size it has at temperature 1."""
    own, wanted = (
        (each["logits"] / temperature).log_softmax(dim=-1) for each in (outputs, teachers_outputs)
    )
    return F.kl_div(own, wanted, reduction="batchmean", log_target=True) * temperature**2
