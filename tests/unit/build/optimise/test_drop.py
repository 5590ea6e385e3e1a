import numpy as np
import pytest

from slipway.build.optimise.drop import drop_between, judge, worse

CLASSES = 4


def answers(right, targets, rng):
    """Scores (examples, classes) that are right where `right` says so."""
    said = np.where(right, targets, (targets + 1) % CLASSES)
    return {"logits": np.eye(CLASSES)[said] + 0.1 * rng.random((len(targets), CLASSES))}


@pytest.fixture
def rng():
    return np.random.default_rng(5)


def test_the_same_answers_are_surely_no_worse(rng):
    targets = rng.integers(0, CLASSES, 300)
    judged = judge(answers(rng.random(300) < 0.9, targets, rng), targets, "accuracy")
    drop = drop_between("accuracy", judged, judged)
    assert (drop.low, drop.middle, drop.high) == (0, 0, 0)


def test_the_interval_is_as_wide_as_repeating_the_experiment_would_make_it(rng):
    """Each answer gets worse with a chance of 5 %, so how far the drop may lie is known."""
    chance, examples = 0.05, 2000
    expected = (chance * (1 - chance) / examples) ** 0.5
    margins, held = [], []
    for _ in range(60):
        targets = rng.integers(0, CLASSES, examples)
        all_right = np.ones(examples, bool)
        spoiled = rng.random(examples) >= chance
        base, lossy = (
            judge(answers(right, targets, rng), targets, "accuracy")
            for right in (all_right, spoiled)
        )
        drop = drop_between("accuracy", base, lossy)
        margins.append(drop.high - drop.middle)
        held.append(drop.low <= chance <= drop.high)
    assert np.mean(margins) == pytest.approx(2.093 * expected, rel=0.15)
    assert np.mean(held) >= 0.85


def test_what_is_hard_for_both_widens_nothing(rng):
    targets = rng.integers(0, CLASSES, 400)
    right = rng.random(400) < 0.6
    worse_at_one = right.copy()
    worse_at_one[np.flatnonzero(right)[0]] = False
    base = judge(answers(right, targets, rng), targets, "accuracy")
    other = judge(answers(worse_at_one, targets, rng), targets, "accuracy")
    drop = drop_between("accuracy", base, other)
    assert drop.middle == pytest.approx(1 / 400)
    assert drop.high - drop.middle < 3 / 400


def test_a_perplexity_is_worse_where_it_is_higher_and_in_proportion():
    assert worse("perplexity", 5.0, 5.5) == pytest.approx(0.1)
    assert worse("accuracy", 0.9, 0.8) == pytest.approx(0.1)


def test_neighbours_are_left_out_together_as_alarms_need_the_window_before(rng):
    hours = np.arange(200.0)
    targets = np.stack([hours // 50, hours % 50, np.full(200, np.inf), np.zeros(200)], axis=1)
    targets[40:50, 2:] = [5.0, 1.0]  # machine 0 fails
    risk = np.where((hours >= 38) & (hours < 50), 0.9, 0.01).reshape(-1, 1)
    judged = judge({"risk": risk}, targets, "recall")
    assert judged.value == 1
    assert sorted(judged.without)[1:] == [1.0] * 19


def test_few_examples_are_parts_of_their_own(rng):
    targets = rng.integers(0, CLASSES, 3)
    assert len(judge(answers(np.ones(3, bool), targets, rng), targets, "accuracy").without) == 3
