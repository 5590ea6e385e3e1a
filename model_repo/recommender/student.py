"""The teacher's recommender with two of its BERT's layers, taught to place texts where it does.

The ranker behind BERT reads vectors of texts and goes on from the teacher's: near the teacher's
vectors it ranks as the teacher does.
"""

import copy
from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from transformers import BertModel

from slipway.dataset import Sources

from .network import Recommender

KEPT = (0, -1)
"""Of the teacher's layers."""
SAMPLE = 48
"""Texts of the catalogue that are read anew in each step, and as many changed ones."""
CHANGED = 0.5
"""Of a changed text's tokens, those that are any of the vocabulary: a history may hold texts that
the catalogue does not, and those are learnt from these. Of eight such texts the vectors came to a
cosine of 0.85 to 0.94 with the teacher's, and without changed texts to 0.76 to 0.92."""
VECTORS = 20.0
"""How much the squared distance of two vectors weighs beside the divergence of two rankings."""


class SmallRecommender(Recommender):
    """As Recommender. While it trains, it answers with how far the vectors of some texts are from
    the teacher's (texts, hidden) in place of ids, and with the scores of all items.

    Vectors that were not read in a step are those of the last time they were: `table` holds them.
    """

    def __init__(self, teacher: Recommender) -> None:
        super().__init__(_shortened(teacher.bert), *teacher._catalogue)
        self.bert.encoder.requires_grad_(requires_grad=True)
        self.ranker = copy.deepcopy(teacher.ranker)
        # In a tuple: the teacher is no part of the student.
        self._teacher = (teacher,)
        self.fill_table()

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> tuple[Tensor, Tensor]:
        if not self.training:
            return super().forward(input_ids, attention_mask)
        (teacher,), (ids, mask) = self._teacher, self._catalogue
        rows, others = torch.randperm(len(ids))[:SAMPLE], torch.randperm(len(ids))[:SAMPLE]
        changed = self._changed(ids[others])
        with torch.no_grad():
            read = teacher._read(changed[None], mask[None, others])[0]
        wanted = torch.cat([teacher.table[rows], read])
        shown, shown_mask = torch.cat([ids[rows], changed]), mask[torch.cat([rows, others])]
        vectors = self._read(shown[None], shown_mask[None])[0]
        # Gradients reach the vectors through the table, which then is put away without them.
        self.table = self.table.index_copy(0, rows, vectors[: len(rows)])
        _, scores = super().forward(input_ids, attention_mask)
        self.table = self.table.detach()
        return vectors - wanted, scores

    def _changed(self, ids: Tensor) -> Tensor:
        """The first token, which every text has, stays."""
        others = torch.randint(self.bert.config.vocab_size, ids.shape)
        chosen = torch.rand(ids.shape) < CHANGED
        chosen[:, 0] = False
        return torch.where(chosen, others, ids)


def _shortened(bert: BertModel) -> BertModel:
    shortened = copy.deepcopy(bert)
    shortened.encoder.layer = nn.ModuleList(shortened.encoder.layer[k] for k in KEPT)
    shortened.config.num_hidden_layers = len(KEPT)
    return shortened


def build(_sources: Sources, teacher: nn.Module) -> nn.Module:
    """Its layers and its ranker go on from the teacher's."""
    assert isinstance(teacher, Recommender)
    return SmallRecommender(teacher)


def teaching(teacher: nn.Module) -> nn.Module:
    """The teacher with the catalogue's vectors from its table, which reads no text anew, and with
    the scores of all items.
    """
    assert isinstance(teacher, Recommender)
    shown = copy.copy(teacher)
    # Of the whole alone: what it consists of stays in eval mode, without dropout.
    shown.training = True
    return shown


def distance(
    outputs: Mapping[str, Tensor], teachers_outputs: Mapping[str, Tensor], temperature: float
) -> Tensor:
    """Between vectors of texts, and between the chances of items, at `temperature`."""
    away = outputs["items"].square().sum(dim=-1).mean()
    own, wanted = (
        (each["scores"].float() / temperature).log_softmax(dim=-1)
        for each in (outputs, teachers_outputs)
    )
    ranking = F.kl_div(own, wanted, reduction="batchmean", log_target=True) * temperature**2
    return VECTORS * away + ranking
