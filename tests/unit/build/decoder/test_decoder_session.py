"""An exported decoder in this process, against transformers."""

import numpy as np
import pytest

from slipway.build.decoder.session import DecoderModel
from tests.decoders import exported

KINDS = ["builder", "fallback"]
PROMPT = [0, 66, 85, 262, 93]


@pytest.fixture(params=KINDS)
def both(request):
    """The model of transformers, and its exported form."""
    model, _, folder = exported(request.param)
    return model, DecoderModel(folder)


def test_padding_at_the_end_changes_no_logit_before_it(both):
    _, decoder = both
    alone = decoder.logits(np.array([PROMPT]))
    padded = decoder.logits(np.array([[*PROMPT, 9, 9], [7] * 7]))
    np.testing.assert_allclose(padded[:1, :5], alone, atol=1e-4)


def test_rows_of_different_lengths_share_a_step(both):
    _, decoder = both
    rng = np.random.default_rng(3)
    texts = rng.integers(2, 300, size=(3, 20))
    lengths = [4, 11, 19]
    cache = decoder.new_cache(3)
    for row, length in enumerate(lengths):
        decoder.extend(cache, texts[row : row + 1, :length], [0], first=row)
    new = np.array([[texts[row, length]] for row, length in enumerate(lengths)])
    together = decoder.extend(cache, new, lengths)
    for row, length in enumerate(lengths):
        alone = decoder.logits(texts[row : row + 1, : length + 1])[0, -1]
        np.testing.assert_allclose(together[row, 0], alone, atol=1e-4)
