"""BERT reads the items of a history, attention makes the visitor of them, and the catalogue is
ranked for that visitor (after SASRec, Kang and McAuley 2018, with texts in place of item ids).
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from transformers import BertModel

from slipway.build.minilm import embed, encoder, weights
from slipway.build.text import TextEncoder
from slipway.dataset import Sources
from slipway.errors import DataError

from .data import catalogue
from .ranker import Ranker
from .recipe import OFFERED, RECIPE

TAKES_FOLDERS = True
"""A checkpoint may be a folder as Hugging Face lays it out."""
SAME = 0.99
"""The cosine from which a text is taken for the nearest item's; it is 1, but for what a processor
rounds. In the shipped shop the texts of different items come to 0.89."""
FAR = 1e4
"""Taken from the score of an item that was seen, which is then among ten only if all others are."""
ENCODED_AT_ONCE = 64
NO_ITEM = -1


class Recommender(nn.Module):
    """INT64 (batch, items, tokens) twice, ids and mask, in; ids and scores (batch, 10) out.

    The oldest item of a history comes first; one without tokens is none. Scores are the chances of
    being looked at next, of the items that are not in the history; best first.

    BERT keeps its weights, so while training each text of the catalogue is encoded only once.
    """

    table: Tensor

    def __init__(self, bert: BertModel, ids: Tensor, mask: Tensor) -> None:
        super().__init__()
        self.bert = bert.requires_grad_(requires_grad=False)
        self.ranker = Ranker(bert.config.hidden_size, items=len(ids))
        self.register_buffer("table", torch.zeros(len(ids), bert.config.hidden_size))
        self._catalogue = (ids, mask)
        self._row_of = {_key(row): k for k, row in enumerate(ids.tolist())}
        self._table_is_filled = False

    def train(self, mode: bool = True) -> "Recommender":
        super().train(mode)
        self.bert.train(mode=False)
        return self

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> tuple[Tensor, Tensor]:
        given = attention_mask.amax(dim=-1) > 0
        texts = (
            self._remember(input_ids) if self.training else self._read(input_ids, attention_mask)
        )
        nearest, row = (texts @ self.table.T).max(dim=-1, keepdim=True)
        known = nearest > SAME
        # An item of the catalogue is taken from it, so that its vector is the same to the last bit
        # in every form of the model, and what nearly ties is ranked the same way.
        texts = torch.where(known, self.table[row.squeeze(-1)], texts)
        seen = (known & (row == torch.arange(len(self.table)))).any(dim=1)
        scores = self.ranker(texts, given, self.table) - FAR * seen
        if self.training:
            return input_ids, scores
        best, items = scores.log_softmax(dim=-1).topk(OFFERED)
        return items, best.exp().float()

    def _read(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """Texts as unit vectors, (batch, items, hidden); zeros for one without tokens."""
        batch, items, tokens = input_ids.shape
        ids, mask = input_ids.reshape(-1, tokens), attention_mask.reshape(-1, tokens)
        return F.normalize(embed(self.bert, ids, mask), dim=-1).reshape(batch, items, -1)

    def _remember(self, input_ids: Tensor) -> Tensor:
        """As `_read`, for texts of the catalogue."""
        if not self._table_is_filled:
            self.fill_table()
        rows = [
            [self._row_of.get(_key(text), NO_ITEM) for text in row] for row in input_ids.tolist()
        ]
        found = torch.tensor(rows)
        return torch.where((found == NO_ITEM).unsqueeze(-1), 0.0, self.table[found])

    @torch.no_grad()
    def fill_table(self) -> None:
        """Encode the catalogue."""
        parts = zip(*(torch.split(each, ENCODED_AT_ONCE) for each in self._catalogue), strict=True)
        self.table = torch.cat([self._read(ids[None], mask[None])[0] for ids, mask in parts])
        self._table_is_filled = True


def _key(tokens: list[int]) -> tuple[int, ...]:
    """A text's tokens without the padding, which depends on its company."""
    return tuple(filter(None, tokens))


def build(sources: Sources) -> nn.Module:
    assert RECIPE.tokenizer is not None
    text = RECIPE.tokenizer.text.name
    encode = TextEncoder(tokenizer(sources), RECIPE.tokenizer)
    tokens = encode({text: np.array([catalogue(sources)], dtype=object)})
    ids, mask = (
        torch.from_numpy(tokens[name][0]) for name in (RECIPE.tokenizer.ids, RECIPE.tokenizer.mask)
    )
    _refuse_the_same(ids)
    return Recommender(encoder(sources), ids, mask)


def _refuse_the_same(ids: Tensor) -> None:
    first: dict[tuple[int, ...], int] = {}
    for item, tokens in enumerate(ids.tolist()):
        same = first.setdefault(_key(tokens), item)
        if same != item:
            raise DataError(
                "The catalogue cannot be used",
                why=f"items {same} and {item} have the same first {ids.shape[1]} tokens",
                mend="Begin a text with what tells the item from others.",
            )


def loss(outputs: Mapping[str, Tensor], targets: Tensor) -> Tensor:
    """Cross-entropy of the next items, over the whole catalogue."""
    return F.cross_entropy(outputs["scores"], targets)


def finish(network: Recommender) -> None:
    network.fill_table()


def tokenizer(sources: Sources) -> Path:
    return weights(sources) / "tokenizer.json"
