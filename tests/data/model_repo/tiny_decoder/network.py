"""A Llama of two layers."""

from collections.abc import Mapping
from pathlib import Path

import torch.nn.functional as F
from torch import Tensor, nn
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedModel

from slipway.dataset import Sources

from .recipe import RECIPE, VOCABULARY


class Decoder(nn.Module):
    """Token ids (batch, tokens) in, logits of the next (batch, tokens, vocabulary) out."""

    def __init__(self, model: PreTrainedModel) -> None:
        super().__init__()
        self.model = model

    def forward(self, input_ids: Tensor) -> Tensor:
        return self.model(input_ids=input_ids, use_cache=False).logits


def build(_sources: Sources) -> nn.Module:
    config = LlamaConfig(
        vocab_size=VOCABULARY,
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=2 * RECIPE.generation.context,
        bos_token_id=0,
        eos_token_id=1,
    )
    return Decoder(LlamaForCausalLM(config))


def decoder(network: nn.Module) -> PreTrainedModel:
    return network.model


def loss(outputs: Mapping[str, Tensor], targets: Tensor) -> Tensor:
    return F.cross_entropy(outputs["logits"].flatten(0, 1), targets.flatten())


def tokenizer(_sources: Sources) -> Path:
    return Path(__file__).parent / "tokenizer.json"
