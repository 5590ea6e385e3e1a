"""Texts to learn from: introductions of invented places, or the user's own texts.

Shipped are generated texts (`places.py`) and texts written for this project (`data/written.txt`).
Held-out generated texts use names that no training text has. Of written texts, and of a user's,
near-duplicates are never on both sides of the split.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from slipway.dataset import Data, Sources
from slipway.duplicates import TEXTS_ALIKE, groups, hold_out
from slipway.duplicates import texts as likenesses
from slipway.errors import DataError
from slipway.formats import read_table
from slipway.tensors import Array

from .places import documents
from .recipe import RECIPE
from .tokens import Encoder, tokenizer_file, windows

WRITTEN = Path(__file__).parent / "data" / "written.txt"
GENERATED = {"train": 900, "holdout": 80}
HOLDOUT = 0.2
"""The share of texts held out, of those that are not generated."""
SEED = 0
LEAST = 10
"""So many texts of a user's are needed to learn from some and judge on others."""
FORMAT = (
    "It is a .txt file of texts with blank lines between them, a folder with a .txt file for each "
    "text, or a CSV file with the column text."
)


@dataclass(frozen=True)
class Texts:
    """Documents to learn from, and documents to be judged on."""

    train: tuple[str, ...]
    holdout: tuple[str, ...]

    def __add__(self, other: "Texts") -> "Texts":
        return Texts(self.train + other.train, self.holdout + other.holdout)


def load(sources: Sources) -> Data:
    """Windows of token ids and the tokens that follow: `input_ids`, targets (windows, tokens)."""
    texts = split(read_texts(sources.data)) if sources.data else generated() + written()
    encoder = Encoder.of(tokenizer_file(sources))
    return Data(
        train=windows(encoder.ids(texts.train)), holdout=windows(encoder.ids(texts.holdout))
    )


def augment(inputs: Mapping[str, Array], _rng: np.random.Generator) -> Mapping[str, Array]:
    """Cut `input_ids` (windows, tokens) to the longest, since padding costs as much as text."""
    used = {name: (ids != RECIPE.inputs[0].fill).any(axis=0) for name, ids in inputs.items()}
    return {name: ids[:, : np.flatnonzero(used[name])[-1] + 1] for name, ids in inputs.items()}


def generated() -> Texts:
    """Made by `places.py`, the same every time."""
    return Texts(
        tuple(documents("train", GENERATED["train"], SEED)),
        tuple(documents("holdout", GENERATED["holdout"], SEED)),
    )


def written() -> Texts:
    """Written by hand for this project."""
    return split(read_texts(WRITTEN))


def split(texts: Sequence[str]) -> Texts:
    """Hold out a share, drawn at random; near-duplicates go together."""
    alike = groups(likenesses(texts, texts), TEXTS_ALIKE)
    same = [""] * len(texts)
    held = hold_out(alike, same, HOLDOUT, np.random.default_rng(SEED))
    if not held.any():
        raise DataError(
            "No text can be held out",
            why="nearly all of them are near-duplicates of one another",
            mend="Bring texts that differ.",
        )
    return Texts(
        tuple(text for text, away in zip(texts, held, strict=True) if not away),
        tuple(text for text, away in zip(texts, held, strict=True) if away),
    )


def read_texts(path: Path) -> list[str]:
    """A user's texts: see `FORMAT`. Raises `DataError` where they are something else."""
    if path.is_dir():
        texts = [_read(file) for file in sorted(path.glob("*.txt"))]
    elif path.suffix == ".csv":
        texts = read_table(path, ["text"])["text"]
    elif path.suffix == ".txt":
        paragraphs = _read(path).replace("\r\n", "\n").split("\n\n")
        texts = [" ".join(each.split()) for each in paragraphs]
    else:
        raise DataError(f"{path} cannot be used", why="it holds no texts", mend=FORMAT)
    texts = list(dict.fromkeys(text for text in map(str.strip, texts) if text))
    if len(texts) < LEAST:
        raise DataError(
            f"{path} cannot be used",
            why=f"it holds {len(texts)} different texts, and at least {LEAST} are needed",
            mend=FORMAT,
        )
    return texts


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(
            f"{file} cannot be read", why=f"it is not UTF-8: {error}", mend="Save it as UTF-8."
        ) from error
    except OSError as error:
        raise DataError(f"{file} cannot be read", why=str(error.strerror)) from error
