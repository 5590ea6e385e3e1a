"""Layers of a transformer over a few tokens, judged by what the first one gathered."""

from collections.abc import Mapping
from pathlib import Path

import torch.nn.functional as F
from torch import Tensor, nn

from slipway.dataset import Sources

WORDS, WIDTH, HEADS, LAYERS = 32, 32, 2, 2


class Layer(nn.Module):
    """States (batch, tokens, width) and which of them count (batch, 1, 1, tokens)."""

    def __init__(self) -> None:
        super().__init__()
        self.projections = nn.ModuleList(nn.Linear(WIDTH, WIDTH) for _ in range(4))
        self.norms = nn.ModuleList(nn.LayerNorm(WIDTH) for _ in range(2))
        self.wide, self.narrow = nn.Linear(WIDTH, 2 * WIDTH), nn.Linear(2 * WIDTH, WIDTH)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        shape = (x.shape[0], x.shape[1], HEADS, WIDTH // HEADS)
        q, k, v = (p(x).view(shape).transpose(1, 2) for p in self.projections[:3])
        mask = mask.expand(-1, 1, x.shape[1], -1)
        mixed = F.scaled_dot_product_attention(q, k, v, attn_mask=mask)
        x = self.norms[0](x + self.projections[3](mixed.transpose(1, 2).reshape(x.shape)))
        return self.norms[1](x + self.narrow(F.gelu(self.wide(x))))


class Transformer(nn.Module):
    """Ids and mask (batch, tokens) in, scores (batch, 2) out."""

    def __init__(self, layers: int) -> None:
        super().__init__()
        self.words, self.norm = nn.Embedding(WORDS, WIDTH), nn.LayerNorm(WIDTH)
        self.layers = nn.ModuleList(Layer() for _ in range(layers))
        self.head = nn.Linear(WIDTH, 2)

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        x = self.norm(self.words(input_ids))
        for layer in self.layers:
            x = layer(x, attention_mask[:, None, None, :].bool())
        return self.head(x[:, 0])


def build(_sources: Sources) -> nn.Module:
    return Transformer(LAYERS)


def loss(outputs: Mapping[str, Tensor], targets: Tensor) -> Tensor:
    return F.cross_entropy(outputs["scores"], targets)


def tokenizer(_sources: Sources) -> Path:
    return Path(__file__).parents[1] / "tiny_text" / "tokenizer.json"
