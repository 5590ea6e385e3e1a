import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st

from slipway.metrics.language import IGNORED, surprises
from slipway.metrics.named import LOWER_IS_BETTER, metric_named

perplexity = metric_named("perplexity")


def example(seed, rows=3, tokens=7, vocabulary=11):
    rng = np.random.default_rng(seed)
    logits = rng.normal(scale=4, size=(rows, tokens, vocabulary)).astype(np.float32)
    targets = rng.integers(0, vocabulary, (rows, tokens))
    targets[rng.random((rows, tokens)) < 0.3] = IGNORED
    targets[0, 0] = 1
    return logits, targets


@given(seed=st.integers(0, 1000))
def test_it_is_the_exponential_of_pytorchs_cross_entropy(seed):
    logits, targets = example(seed)
    wanted = F.cross_entropy(
        torch.from_numpy(logits).double().flatten(0, 1), torch.from_numpy(targets).flatten()
    )
    scores = perplexity({"logits": logits}, targets)
    assert scores.value == pytest.approx(wanted.exp().item())
    assert scores.figures["bits per token"] == pytest.approx(wanted.item() / np.log(2))
    assert scores.examples == (targets != IGNORED).sum()


def test_who_knows_nothing_is_as_perplexed_as_there_are_tokens():
    _, targets = example(0, vocabulary=11)
    assert perplexity({"logits": np.zeros((3, 7, 11), np.float32)}, targets).value == pytest.approx(
        11
    )


def test_what_is_added_to_all_logits_and_what_stands_at_padding_change_nothing():
    logits, targets = example(1)
    moved = logits + 1000.0
    moved[targets == IGNORED] = np.random.default_rng(2).normal(size=logits.shape[-1])
    before, after = (perplexity({"logits": each}, targets).value for each in (logits, moved))
    assert after == pytest.approx(before, rel=1e-3)


def test_surprises_lie_where_targets_do():
    logits, targets = example(3)
    assert np.array_equal(np.isnan(surprises(logits, targets)), targets == IGNORED)


def test_answers_may_end_with_the_last_target_and_not_before():
    logits, targets = example(4)
    targets[:, 5:] = IGNORED
    cut = perplexity({"logits": logits[:, :5]}, targets)
    assert cut.value == pytest.approx(perplexity({"logits": logits}, targets).value)
    targets[1, 5] = 0
    with pytest.raises(ValueError, match="beyond the 5 tokens"):
        perplexity({"logits": logits[:, :5]}, targets)


def test_lower_is_better():
    assert "perplexity" in LOWER_IS_BETTER
