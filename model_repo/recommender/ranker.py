"""From the vectors of texts to a score for each item: attention over a history."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

WIDTH = 64
HEADS = 4
BLOCKS = 2
DROPOUT = 0.1
REACH = 12
"""Places, counted back from the latest item, that are told apart."""


class Block(nn.Module):
    """Attention among the entries of a history and a perceptron for each, both added to it."""

    def __init__(self) -> None:
        super().__init__()
        self.before_attention = nn.LayerNorm(WIDTH)
        self.projections = nn.Linear(WIDTH, 3 * WIDTH)
        self.mixed = nn.Linear(WIDTH, WIDTH)
        self.perceptron = nn.Sequential(
            nn.LayerNorm(WIDTH),
            nn.Linear(WIDTH, 2 * WIDTH),
            nn.ReLU(),
            nn.Linear(2 * WIDTH, WIDTH),
            nn.Dropout(DROPOUT),
        )

    def forward(self, x: Tensor, visible: Tensor) -> Tensor:
        """`x` (batch, entries, WIDTH); `visible` BOOL (batch, entries), the others are not read."""
        batch, entries, _ = x.shape
        projected = self.projections(self.before_attention(x))
        query, key, value = projected.reshape(batch, entries, 3, HEADS, -1).permute(2, 0, 3, 1, 4)
        weight = (query @ key.transpose(-1, -2) * key.shape[-1] ** -0.5).masked_fill(
            ~visible[:, None, None, :], -torch.inf
        )
        mixed = weight.softmax(dim=-1) @ value
        x = x + self.mixed(mixed.transpose(1, 2).reshape(batch, entries, WIDTH))
        refined: Tensor = self.perceptron(x)
        return x + refined


class Ranker(nn.Module):
    """Scores are the products of a visitor's vector with the items', and a bias for each item.

    Learned in FP32, answering in FP64: FP32 is rounded differently in each form of a model, which
    would exchange items whose scores nearly tie. All this is small beside BERT.
    """

    def __init__(self, hidden: int, items: int) -> None:
        super().__init__()
        self.history = nn.Linear(hidden, WIDTH)
        self.offer = nn.Linear(hidden, WIDTH)
        self.place = nn.Embedding(REACH, WIDTH)
        self.visitor = nn.Parameter(torch.zeros(1, 1, WIDTH))
        self.dropout = nn.Dropout(DROPOUT)
        self.blocks = nn.ModuleList(Block() for _ in range(BLOCKS))
        self.norm = nn.LayerNorm(WIDTH)
        self.bias = nn.Parameter(torch.zeros(items))

    def train(self, mode: bool = True) -> "Ranker":
        self.to(torch.float32 if mode else torch.float64)
        return super().train(mode)

    def forward(self, texts: Tensor, given: Tensor, table: Tensor) -> Tensor:
        """Scores (batch, items), logits, from the texts (batch, entries, hidden) of a history.

        `given` BOOL (batch, entries) marks the entries that are items; `table` (items, hidden)
        holds the catalogue's texts.
        """
        table, texts = table.to(self.bias.dtype), texts.to(self.bias.dtype)
        # Entries of unit vectors are small and alike: what differs is brought to the order of 1.
        size, centre = table.shape[1] ** 0.5, table.mean(dim=0)
        table, texts = (table - centre) * size, (texts - centre) * size
        later = given.flip(1).long().cumsum(dim=1).flip(1) - 1
        x = self.history(texts) + self.place(later.clamp(0, REACH - 1))
        # The visitor, unknown to begin with, is the first entry, and collects what the others say.
        visitor = self.visitor.expand(x.shape[0], -1, -1)
        x = self.dropout(torch.cat([visitor, x], dim=1))
        visible = F.pad(given, (1, 0), value=True)
        for block in self.blocks:
            x = block(x, visible)
        wanted = self.norm(x[:, 0]) * WIDTH**-0.5
        scores: Tensor = wanted @ self.offer(table).T + self.bias
        return scores
