"""Half of the hidden layer, begun from the teacher's first units."""

from collections.abc import Mapping

import torch.nn.functional as F
from torch import Tensor, nn

from slipway.dataset import Sources

WIDTH = 8


def build(_sources: Sources, teacher: nn.Module) -> nn.Module:
    student = nn.Sequential(nn.Linear(4, WIDTH), nn.ReLU(), nn.Dropout(0.1), nn.Linear(WIDTH, 3))
    state = teacher.state_dict()
    student.load_state_dict(
        {
            "0.weight": state["0.weight"][:WIDTH],
            "0.bias": state["0.bias"][:WIDTH],
            "3.weight": state["3.weight"][:, :WIDTH],
            "3.bias": state["3.bias"],
        }
    )
    return student


def distance(
    outputs: Mapping[str, Tensor], teachers_outputs: Mapping[str, Tensor], temperature: float
) -> Tensor:
    own, wanted = (
        (each["scores"] / temperature).log_softmax(dim=-1) for each in (outputs, teachers_outputs)
    )
    return F.kl_div(own, wanted, reduction="batchmean", log_target=True) * temperature**2
