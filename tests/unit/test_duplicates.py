"""Likeness of examples, and splits that keep near-duplicates together."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.duplicates import (
    ARRAYS_ALIKE,
    TEXTS_ALIKE,
    Pair,
    arrays,
    closest,
    groups,
    hold_out,
    texts,
)

HEADLINE = "Late header sends Corrington through to the quarter-finals"
WORDS = [f"word{n}" for n in range(40)]
written = st.text(alphabet="ab ,.", max_size=12)


def likeness(left: str, right: str) -> float:
    (row,) = texts([left], [right])
    return float(row[0])


def noisy(batch, level, seed=0):
    return batch + level * np.random.default_rng(seed).standard_normal(batch.shape)


@pytest.fixture
def signals():
    """Two hundred unrelated windows of 16 steps by 3 sensors, each sensor in its own unit."""
    rng = np.random.default_rng(1)
    return rng.standard_normal((200, 16, 3)) * (1, 50, 0.01) + (20, 1000, 0)


@given(st.lists(written, min_size=1, max_size=6), st.lists(written, min_size=1, max_size=6))
def test_jaccards_index_is_that_of_the_sets_of_word_pairs(left, right):
    def pairs(text):
        words = ["", *text.replace(",", " ").replace(".", " ").split(), ""]
        return {(words[k], words[k + 1]) for k in range(len(words) - 1)}

    rows = list(texts(left, right))
    for a, row in zip(left, rows, strict=True):
        for b, value in zip(right, row, strict=True):
            assert value == len(pairs(a) & pairs(b)) / len(pairs(a) | pairs(b))


def test_case_and_punctuation_do_not_tell_texts_apart():
    assert likeness(HEADLINE, HEADLINE.upper().replace("-", " ") + "!") == 1


def test_a_headline_with_one_word_replaced_is_alike():
    assert likeness(HEADLINE, HEADLINE.replace("Corrington", "Ostermouth")) >= TEXTS_ALIKE


def test_a_text_with_every_seventh_word_replaced_is_alike_and_with_every_third_not():
    def replaced(step):
        return " ".join("other" if k % step == 1 else word for k, word in enumerate(WORDS))

    assert likeness(" ".join(WORDS), replaced(7)) >= TEXTS_ALIKE
    assert likeness(" ".join(WORDS), replaced(3)) < TEXTS_ALIKE


def test_texts_of_the_same_words_in_another_order_are_not_alike():
    assert likeness("man bites dog in park", "dog in park bites man") < TEXTS_ALIKE


def test_an_array_and_its_copy_with_a_tenth_of_noise_are_alike(signals):
    scale = signals.std(axis=0)
    copies = noisy(signals, 0.1 * scale)
    rows = np.array(list(arrays(signals, copies)))
    assert rows.diagonal().min() >= 0.985
    assert np.median(rows.diagonal()) >= ARRAYS_ALIKE


def test_unrelated_arrays_that_share_a_level_are_not_alike(signals):
    rows = np.array(list(arrays(signals, signals)))
    np.testing.assert_allclose(rows.diagonal(), 1)
    np.fill_diagonal(rows, 0)
    assert rows.max() < 0.8


def test_a_sensor_in_small_units_counts_as_much_as_the_others(signals):
    changed = signals.copy()
    changed[..., 2] = np.roll(changed[..., 2], 1, axis=0)
    rows = np.array(list(arrays(signals, changed)))
    assert rows.diagonal().max() < 0.9


def test_arrays_that_are_all_the_same_are_alike():
    same = np.full((3, 4), 7.0)
    assert np.array(list(arrays(same, same))).tolist() == [[1.0] * 3] * 3


@pytest.mark.parametrize("level", [0.1, 1e9 / 3])
def test_what_is_constant_in_all_arrays_does_not_count(signals, level):
    constant = np.full((len(signals), 16, 1), level)
    without = np.array(list(arrays(signals[:100], signals[100:])))
    with_it = np.concatenate([signals, constant], axis=2)
    np.testing.assert_allclose(list(arrays(with_it[:100], with_it[100:])), without, atol=1e-9)


def test_the_closest_pair_is_found_in_both_splits(signals):
    left, right = signals[:150], signals[150:].copy()
    right[7] = noisy(left[120], 0.05 * signals.std(axis=0))
    pair = closest(arrays(left, right))
    assert (pair.left, pair.right) == (120, 7)
    assert pair.likeness >= ARRAYS_ALIKE


def test_the_first_of_equally_close_pairs_is_given():
    assert closest(texts(["a", "b b", "b b"], ["c", "b b"])) == Pair(1, 1, 1.0)


def test_a_chain_of_near_duplicates_is_one_group():
    rows = np.eye(5)
    for a, b in ((0, 3), (3, 4)):
        rows[a, b] = rows[b, a] = 0.9
    found = groups(rows, alike=0.9)
    assert len(set(found[[0, 3, 4]])) == 1
    assert len(set(found)) == 3


@given(
    st.lists(st.tuples(st.integers(0, 9), st.sampled_from("xyz")), min_size=1, max_size=60),
    st.floats(0, 1),
    st.integers(0, 9),
)
def test_no_group_is_on_both_sides_and_no_stratum_gives_more_than_its_share(rows, share, seed):
    members = np.array([group for group, _ in rows])
    strata = [stratum for _, stratum in rows]
    held = hold_out(members, strata, share, np.random.default_rng(seed))
    assert not set(members[held]) & set(members[~held])
    first = dict(reversed(rows))
    for stratum in set(strata):
        own = np.array([first[group] == stratum for group in members])
        assert (held & own).sum() <= round(share * strata.count(stratum))


def test_every_stratum_gives_its_share_where_all_examples_differ():
    strata = ["plain"] * 80 + ["hard"] * 20
    held = hold_out(np.arange(100), strata, 0.25, np.random.default_rng(0))
    assert held[:80].sum() == 20
    assert held[80:].sum() == 5
