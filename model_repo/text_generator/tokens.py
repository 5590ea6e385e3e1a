"""From text to token ids and to the windows of them that a decoder learns from."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, processors, trainers

from slipway.dataset import Sources, Split
from slipway.errors import DataError, first_line

from .recipe import RECIPE, VOCABULARY

SHIPPED = Path(__file__).parent / "data" / "tokenizer.json"
PAD, BEGIN, END = "<|pad|>", "<|begin|>", "<|end|>"
SPECIAL = (PAD, BEGIN, END)
"""The first tokens of the vocabulary, in this order: padding has the id 0."""
IGNORED = -100
"""A target where nothing is to be predicted (PyTorch's own value for it)."""


def tokenizer_file(sources: Sources) -> Path:
    """The shipped tokenizer, or that of the Hugging Face folder to begin with."""
    if sources.checkpoint is None or not sources.checkpoint.is_dir():
        return SHIPPED
    for name in ("tokenizer.json", "tokenizer_config.json"):
        if not (sources.checkpoint / name).is_file():
            raise DataError(
                f"{sources.checkpoint} cannot be used",
                why=f"it lacks {name}",
                mend="AutoTokenizer.from_pretrained(...).save_pretrained(folder) writes it.",
            )
    return sources.checkpoint / "tokenizer.json"


@dataclass(frozen=True)
class Encoder:
    """Token ids of documents: what the tokenizer puts in front, the text, and `end` after it."""

    tokenizer: Tokenizer
    end: int

    @classmethod
    def of(cls, file: Path) -> "Encoder":
        """Read tokenizer.json, and beside it which token ends a text."""
        settings_file = file.parent / "tokenizer_config.json"
        try:
            tokenizer = Tokenizer.from_file(str(file))
            settings = json.loads(settings_file.read_bytes())
        except Exception as error:  # tokenizers raises plain exceptions
            raise DataError(
                f"{file} cannot be used",
                why=first_line(error),
                mend="AutoTokenizer.from_pretrained(...).save_pretrained(folder) writes both.",
            ) from error
        # A text that contains the characters of a special token does not contain the token.
        tokenizer.encode_special_tokens = True
        end = settings.get("eos_token") or ""
        text = end["content"] if isinstance(end, dict) else end
        found = tokenizer.token_to_id(text)
        if found is None:
            raise DataError(
                f"{file} cannot be used",
                why=f"it does not know its end token '{text}'" if text else "it has no end token",
                mend="Name the token that ends a text as eos_token in tokenizer_config.json.",
            )
        return cls(tokenizer, found)

    def ids(self, texts: Iterable[str]) -> list[list[int]]:
        return [[*one.ids, self.end] for one in self.tokenizer.encode_batch(list(texts))]

    def text(self, ids: Iterable[int]) -> str:
        """The inverse of `ids`: special tokens are left out."""
        return self.tokenizer.decode([int(token) for token in ids])


def train_tokenizer(texts: Iterable[str]) -> Tokenizer:
    """Byte-level BPE of `VOCABULARY` tokens: every text can be encoded, and gets BEGIN in front."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=[AddedToken(token, special=True) for token in SPECIAL],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{BEGIN} $A", special_tokens=[(BEGIN, SPECIAL.index(BEGIN))]
    )
    return tokenizer


def windows(documents: Sequence[Sequence[int]]) -> Split:
    """Inputs (windows, tokens) and, for each token, the next one as its target.

    A window is a document, or the part of one that fits the context. A longer document gives
    several, each half a context further: every token is a target once, and those after the first
    window have at least half a context before them.
    """
    fill = RECIPE.inputs[0].fill
    cut = [window for document in documents for window in _cut(document)]
    longest = max(len(inputs) for inputs, _ in cut)
    inputs = np.full((len(cut), longest), fill, dtype=np.int64)
    targets = np.full((len(cut), longest), IGNORED, dtype=np.int64)
    for row, (given, wanted) in enumerate(cut):
        inputs[row, : len(given)] = given
        targets[row, : len(wanted)] = wanted
    return Split({RECIPE.inputs[0].name: inputs}, targets)


def _cut(document: Sequence[int]) -> Iterator[tuple[list[int], list[int]]]:
    assert RECIPE.generation is not None
    context = RECIPE.generation.context
    stride = context // 2
    predicted = 0
    for start in range(0, max(1, len(document) - 1 - context + stride), stride):
        inputs = list(document[start : start + context])
        targets = list(document[start + 1 : start + context + 1])
        known = predicted - start
        predicted = start + len(targets)
        yield inputs[: len(targets)], [IGNORED] * known + targets[known:]
