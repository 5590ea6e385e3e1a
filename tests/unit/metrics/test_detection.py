import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import precision_score, recall_score

from slipway.metrics.detection import DUE, FALSE_ALARMS, LEFT, THRESHOLD, alarms, judge, recall
from slipway.metrics.named import metric_named

HORIZON = 24


def machine(number, hours, fails):
    """Targets of one machine, a window every hour."""
    hour = np.arange(1.0, hours + 1)
    left = hours + 1 - hour if fails else np.full(hours, np.inf)
    return np.stack([np.full(hours, number), hour, left, left <= HORIZON], axis=1)


def risks(*values):
    return {"risk": np.array(values, dtype=np.float32)[:, None]}


def random_plant(seed):
    rng = np.random.default_rng(seed)
    targets = np.concatenate(
        [machine(k, int(rng.integers(2, 80)), rng.random() < 0.6) for k in range(6)]
    )
    return rng, targets, rng.random(len(targets))


def test_an_alarm_takes_two_windows_in_a_row():
    targets = machine(0, 6, fails=False)
    on = alarms(np.array([0.9, 0.1, 0.6, THRESHOLD, 0.2, 0.8]), targets)
    assert on.tolist() == [False, False, False, True, False, False]


def test_the_window_before_is_never_another_machines():
    targets = np.concatenate([machine(0, 2, fails=False), machine(1, 2, fails=False)])
    on = alarms(np.array([0.1, 0.9, 0.9, 0.1]), targets)
    assert not on.any()


@settings(deadline=None)
@given(seed=st.integers(0, 1000))
def test_the_order_of_the_windows_is_of_no_account(seed):
    rng, targets, risk = random_plant(seed)
    order = rng.permutation(len(targets))
    assert np.array_equal(alarms(risk, targets)[order], alarms(risk[order], targets[order]))
    assert recall({"risk": risk[:, None]}, targets) == recall(
        {"risk": risk[order, None]}, targets[order]
    )


@pytest.mark.parametrize(
    ("hours_with_an_alarm", "lead"),
    [
        ([60, 25, 17, 16, 3], 17),
        ([60, 27, 26, 25, 24, 23, 3], 27),
        ([*range(30, 101)], 0),
        ([*range(20, 101)], 100),
    ],
)
def test_the_lead_is_counted_from_when_the_alarm_came_on_that_was_first_within_the_horizon(
    hours_with_an_alarm, lead
):
    targets = machine(0, 100, fails=True)
    order = np.random.default_rng(0).permutation(100)
    on = np.isin(targets[:, LEFT], hours_with_an_alarm)
    assert judge(on, targets).leads == judge(on[order], targets[order]).leads == (lead,)


def test_a_failure_is_missed_by_alarms_that_come_too_early():
    targets = machine(0, 100, fails=True)
    found = judge(targets[:, LEFT] == HORIZON + 1, targets)
    assert found.leads == (0.0,)
    assert found.recall == 0
    assert found.false_alarm_rate == pytest.approx(1 / 76)


@settings(deadline=None)
@given(seed=st.integers(0, 1000))
def test_precision_and_the_windows_recall_are_scikit_learns(seed):
    _, targets, risk = random_plant(seed)
    on, due = alarms(risk, targets), targets[:, DUE] > 0
    found = judge(on, targets)
    assert found.precision == pytest.approx(precision_score(due, on, zero_division=0))
    assert found.window_recall == pytest.approx(recall_score(due, on, zero_division=0))


def test_recall_counts_failures_and_not_windows():
    targets = np.concatenate([machine(k, 100, fails=k < 4) for k in range(6)])
    told = (targets[:, LEFT] <= 2) & (targets[:, 0] < 3)
    scores = metric_named("recall")({"risk": told[:, None].astype(np.float32)}, targets)
    assert scores.value == 0.75
    assert scores.figures["failures"] == 4
    assert scores.figures["median lead time in hours"] == 1
    assert scores.examples == 600
    assert scores.confusion == ((504, 0), (93, 3))


@pytest.mark.parametrize("over", [False, True])
def test_recall_is_nothing_beyond_the_false_alarms_allowed(over):
    targets = np.concatenate([machine(0, 100, fails=True), machine(1, 124, fails=False)])
    healthy = np.flatnonzero(targets[:, DUE] == 0)
    allowed = int(FALSE_ALARMS * len(healthy))
    risk = (targets[:, DUE] > 0).astype(np.float32)
    risk[healthy[-(allowed + 1 + over) :]] = 1  # the first of them raises no alarm yet
    scores = recall({"risk": risk[:, None]}, targets)
    assert scores.figures["failures announced"] == 1
    assert scores.value == (0 if over else 1)
    assert (scores.figures["false-alarm rate"] > FALSE_ALARMS) is over


def test_nothing_is_shown_where_nothing_failed():
    targets = machine(0, 50, fails=False)
    scores = recall(risks(*np.zeros(50)), targets)
    assert scores.value == 0
    assert all(np.isfinite(figure) for figure in scores.figures.values())


def test_a_model_that_never_warns_has_no_figures_that_are_no_numbers():
    targets = machine(0, 50, fails=True)
    scores = recall(risks(*np.zeros(50)), targets)
    assert (scores.value, scores.figures["precision of alarms"]) == (0, 0)
