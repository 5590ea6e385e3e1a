"""Logits to tokens."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.triton.backends.generator.sampling import Sampler

LOGITS = np.log(np.array([0.05, 0.4, 0.15, 0.3, 0.1], np.float32))


def drawn(count=4000, **options):
    sampler = Sampler(seed=0, **options)
    tokens = np.array([sampler(LOGITS) for _ in range(count)])
    return np.bincount(tokens, minlength=len(LOGITS)) / count


def test_temperature_0_and_top_k_1_take_the_likeliest():
    assert Sampler(temperature=0)(LOGITS) == 1
    assert Sampler(top_k=1)(LOGITS) == 1


def test_tokens_are_drawn_as_likely_as_the_logits_say():
    np.testing.assert_allclose(drawn(), np.exp(LOGITS), atol=0.03)


def test_temperature_sharpens_and_flattens():
    squared = np.exp(LOGITS) ** 2
    np.testing.assert_allclose(drawn(temperature=0.5), squared / squared.sum(), atol=0.03)
    assert drawn(temperature=5)[0] > 0.12


def test_top_k_leaves_that_many():
    assert (drawn(top_k=2) > 0).tolist() == [False, True, False, True, False]


@pytest.mark.parametrize(
    ("top_p", "left"), [(0.3, [1]), (0.4, [1]), (0.5, [1, 3]), (0.8, [1, 2, 3]), (1.0, range(5))]
)
def test_top_p_leaves_the_fewest_that_reach_it(top_p, left):
    assert np.flatnonzero(drawn(top_p=top_p)).tolist() == list(left)


def test_a_seed_gives_the_same_tokens_and_another_seed_others():
    def tokens(seed):
        sampler = Sampler(seed=seed)
        return [sampler(LOGITS) for _ in range(50)]

    assert tokens(7) == tokens(7)
    assert tokens(7) != tokens(8)
    assert tokens(None) != tokens(None)


def test_logits_that_are_not_numbers_are_no_token():
    with pytest.raises(FloatingPointError, match="not numbers"):
        Sampler()(np.array([0.0, math.nan], np.float32))


@given(
    st.lists(st.floats(-50, 50, width=32), min_size=1, max_size=30),
    st.floats(0, 10),
    st.integers(0, 40),
    st.floats(0.001, 1),
    st.integers(0, 2**63 - 1),
)
def test_whatever_is_asked_the_token_is_one_of_those_left(logits, temperature, top_k, top_p, seed):
    array = np.array(logits, np.float32)
    token = Sampler(temperature, top_k, top_p, seed)(array)
    assert 0 <= token < len(array)
    if top_k:
        assert (array > array[token]).sum() < top_k


def test_the_smallest_temperature_overflows_nothing():
    assert Sampler(temperature=5e-324, seed=1)(LOGITS) == 1


@given(st.lists(st.floats(-9, 9), min_size=1, max_size=30), st.floats(0.001, 0.999))
def test_top_p_leaves_what_sorting_all_tokens_would(logits, top_p):
    array = np.array(logits)
    shares = np.exp(array - array.max())
    shares /= shares.sum()
    falling = np.argsort(-shares, kind="stable")
    count = int(np.searchsorted(np.cumsum(shares[falling]), top_p)) + 1
    tokens, _ = Sampler(top_p=top_p)._shares(array)
    # The sum of what is left may differ in its last bit, and one token with it.
    assert abs(len(tokens) - min(count, len(array))) <= 1
    assert set(tokens) >= set(falling[: count - 1])


@pytest.mark.parametrize("options", [{}, {"top_k": 20}])
def test_logits_that_differ_in_their_last_bits_give_the_same_tokens(options):
    rng = np.random.default_rng(0)
    one, other = Sampler(seed=3, **options), Sampler(seed=3, **options)
    for _ in range(60):
        logits = np.repeat(rng.normal(size=100), 2)  # each has a twin, that may change places
        assert one(logits) == other(logits + rng.normal(0, 1e-9, 200))
