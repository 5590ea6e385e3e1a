"""Generated: one sentence again and again, from any of its letters on."""

from pathlib import Path

import numpy as np
import tokenizers

from slipway.dataset import Data, Sources, Split

SENTENCE = "the mill grinds rye. "
LETTERS = 32


def load(_sources: Sources) -> Data:
    tokenizer = tokenizers.Tokenizer.from_file(str(Path(__file__).parent / "tokenizer.json"))
    endless = SENTENCE * 3
    first = np.random.default_rng(0).integers(0, len(SENTENCE), size=160)
    ids = np.array([tokenizer.encode(endless[k : k + LETTERS]).ids for k in first], dtype=np.int64)
    everything = Split({"input_ids": ids[:, :-1]}, ids[:, 1:])
    return Data(train=everything.take(slice(0, 120)), holdout=everything.take(slice(120, None)))
