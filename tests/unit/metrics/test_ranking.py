import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.metrics.named import metric_named
from slipway.metrics.ranking import hit_rate, places_of


def lists(*rows: list[int]) -> dict[str, np.ndarray]:
    return {"items": np.array(rows, dtype=np.int64), "scores": np.zeros((len(rows), 10))}


TENS = list(range(100, 110))


def test_a_target_counts_wherever_it_stands_in_the_ten():
    scores = hit_rate(lists(TENS, TENS, TENS, TENS), np.array([100, 101, 109, 7]))
    assert scores.value == 0.75
    assert scores.examples == 4
    assert scores.figures["hit rate@1"] == 0.25
    assert scores.figures["NDCG@10"] == pytest.approx((1 + 1 / np.log2(3) + 1 / np.log2(11)) / 4)


def test_only_the_first_ten_of_a_longer_list_count():
    longer = {"items": np.array([[*TENS, 7]])}
    assert hit_rate(longer, np.array([7])).value == 0.0


def test_an_item_listed_twice_counts_at_its_first_place():
    assert places_of(np.array([[5, 8, 8]]), np.array([8])).tolist() == [2]


def test_recipes_find_it_by_its_name():
    assert metric_named("hit_rate") is hit_rate


@given(st.lists(st.tuples(st.permutations(range(15)), st.integers(0, 19)), min_size=1))
def test_it_is_what_a_plain_loop_counts(drawn):
    listed = np.array([order for order, _ in drawn])
    targets = np.array([target for _, target in drawn])
    scores = hit_rate({"items": listed}, targets)
    places = [order.index(target) + 1 if target in order else 99 for order, target in drawn]
    assert scores.value == pytest.approx(np.mean([place <= 10 for place in places]))
    gains = [1 / np.log2(1 + place) if place <= 10 else 0 for place in places]
    assert scores.figures["NDCG@10"] == pytest.approx(np.mean(gains))
    assert scores.figures["hit rate@1"] <= scores.figures["NDCG@10"] <= scores.value
