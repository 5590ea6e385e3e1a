"""A GPT decoder in today's form (Llama: rotary positions, RMS norm, SwiGLU, grouped queries)."""

from collections.abc import Mapping
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from transformers import AutoModelForCausalLM, LlamaConfig, LlamaForCausalLM, PreTrainedModel

from slipway.dataset import Sources
from slipway.errors import DataError, first_line

from .recipe import RECIPE, VOCABULARY
from .tokens import BEGIN, END, IGNORED, PAD, SPECIAL, tokenizer_file

TAKES_FOLDERS = True
"""A checkpoint may be a folder as Hugging Face lays it out."""
DROPOUT = 0.1


class Decoder(nn.Module):
    """Token ids (batch, tokens) in; out, for each, logits of the next (batch, tokens, vocabulary).

    It is causal: no token sees a later one, so padding at the end changes nothing before it.
    """

    def __init__(self, model: PreTrainedModel, dropout: float) -> None:
        super().__init__()
        self.model = model
        self.dropout = nn.Dropout(dropout)

    def forward(self, input_ids: Tensor) -> Tensor:
        embedded = self.dropout(self.model.get_input_embeddings()(input_ids))
        logits: Tensor = self.model(inputs_embeds=embedded, use_cache=False).logits
        return logits


def build(sources: Sources) -> nn.Module:
    """A new decoder, or the one of a Hugging Face folder."""
    if sources.checkpoint is not None and sources.checkpoint.is_dir():
        try:
            model = AutoModelForCausalLM.from_pretrained(
                sources.checkpoint, local_files_only=True, dtype=torch.float32
            )
        except Exception as error:  # transformers raises anything on what it does not know
            raise DataError(
                f"{sources.checkpoint} cannot be used",
                why=first_line(error),
                mend="It is the folder of a causal language model, as Hugging Face saves it.",
            ) from error
        return Decoder(model, dropout=0.0)
    assert RECIPE.generation is not None
    config = LlamaConfig(
        vocab_size=VOCABULARY,
        hidden_size=256,
        intermediate_size=688,
        num_hidden_layers=4,
        num_attention_heads=4,
        num_key_value_heads=2,
        # Exports are proven with padding, which reaches beyond the longest text.
        max_position_embeddings=2 * RECIPE.generation.context,
        tie_word_embeddings=True,
        pad_token_id=SPECIAL.index(PAD),
        bos_token_id=SPECIAL.index(BEGIN),
        eos_token_id=SPECIAL.index(END),
    )
    return Decoder(LlamaForCausalLM(config), DROPOUT)


def decoder(network: nn.Module) -> PreTrainedModel:
    """The decoder itself, for an export with its key-value cache."""
    assert isinstance(network, Decoder)
    return network.model


def loss(outputs: Mapping[str, Tensor], targets: Tensor) -> Tensor:
    """Cross-entropy per token; targets may be padded further than the batch was."""
    logits = outputs["logits"]
    wanted = targets[:, : logits.shape[1]]
    return F.cross_entropy(logits.flatten(0, 1), wanted.flatten(), ignore_index=IGNORED)


def tokenizer(sources: Sources) -> Path:
    return tokenizer_file(sources)
