"""The first layer alone, begun from the teacher's."""

from collections.abc import Mapping

import torch.nn.functional as F
from torch import Tensor, nn

from slipway.dataset import Sources

from .network import Transformer


def build(_sources: Sources, teacher: nn.Module) -> nn.Module:
    student = Transformer(layers=1)
    student.load_state_dict(teacher.state_dict(), strict=False)
    return student


def distance(
    outputs: Mapping[str, Tensor], teachers_outputs: Mapping[str, Tensor], temperature: float
) -> Tensor:
    own, wanted = (
        (each["scores"] / temperature).log_softmax(dim=-1) for each in (outputs, teachers_outputs)
    )
    return F.kl_div(own, wanted, reduction="batchmean", log_target=True) * temperature**2
