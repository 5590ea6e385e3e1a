import random
from dataclasses import asdict
from statistics import median

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.variants import (
    Failed,
    Interval,
    Measured,
    Rival,
    Study,
    Timing,
    Untried,
    Verdict,
    median_interval,
)

FLAT = Interval(0.0, 0.0, 0.0)


def timing(batch=1, ours=0.01, theirs=0.02, rounds=9):
    return Timing(batch, (ours,) * rounds, (theirs,) * rounds)


@given(st.lists(st.floats(0.001, 1000), min_size=1, max_size=40))
def test_a_median_lies_between_its_bounds_which_were_seen(values):
    interval = median_interval(values)
    assert interval.low <= interval.middle == median(values) <= interval.high
    assert {interval.low, interval.high} <= set(values)


@pytest.mark.parametrize(
    ("rounds", "bounds"), [(5, (0, 4)), (6, (0, 5)), (9, (1, 7)), (20, (5, 14))]
)
def test_the_bounds_are_those_of_the_sign_test(rounds, bounds):
    """Conover, "Practical Nonparametric Statistics", tables of the binomial distribution."""
    interval = median_interval(list(range(rounds)))
    assert (interval.low, interval.high) == bounds


def test_the_bounds_hold_the_true_median_as_often_as_they_say():
    draw = random.Random(4)
    held = [
        interval.low <= 1.0 <= interval.high
        for interval in (
            median_interval([draw.expovariate(0.6931471805599453) for _ in range(9)])
            for _ in range(4000)
        )
    ]
    assert 0.95 <= sum(held) / len(held) <= 0.975


def test_ratios_are_taken_within_a_round_so_a_slow_machine_changes_nothing():
    slowing = Timing(4, (0.01, 0.02, 0.04), (0.03, 0.06, 0.12))
    assert slowing.speedup == Interval(3.0, 3.0, 3.0)
    assert slowing.milliseconds == 20
    assert slowing.per_second == 200


@pytest.mark.parametrize(
    ("ours", "theirs"), [((), ()), ((0.1,), (0.1, 0.2)), ((0.0,), (0.1,)), ((0.1,), (-1.0,))]
)
def test_what_was_not_measured_is_no_timing(ours, theirs):
    with pytest.raises(ValueError, match=r"rounds|measured"):
        Timing(1, ours, theirs)


def study():
    baseline = Measured("onnx", ("trained",), 100, 0.9, FLAT, (timing(ours=0.02),))
    better = Measured("int8_static", ("trained", "2 Conv in INT8"), 30, 0.89, FLAT, (timing(),))
    return Study(
        hardware="1 x Some Processor",
        objective="latency",
        metric="accuracy",
        lower_is_better=False,
        baseline=baseline,
        rivals=(Rival("eager", (timing(ours=0.04),)), Rival("compiled", (timing(ours=0.03),))),
        outcomes=(better, Failed("fp16", "it overflows"), Untried("prune", "no time")),
        verdicts=(
            Verdict("int8_static", kept=True, reason="2x"),
            Verdict("fp16", kept=False, reason="it overflows"),
            Verdict("prune", kept=False, reason="no time"),
        ),
        chosen="int8_static",
    )


def test_a_study_reads_back_as_it_was_written():
    assert Study.from_json(study().to_json()) == study()


def test_a_study_knows_its_choice_and_the_best_of_plain_pytorch():
    of_model = study()
    assert of_model.choice.bytes == 30
    assert of_model.verdict("fp16").reason == "it overflows"
    best = of_model.fastest_rival(1)
    assert best is not None
    assert best.name == "compiled"
    assert [each.variant for each in of_model.measured] == ["onnx", "int8_static"]


def test_an_outcome_of_an_unknown_kind_is_refused():
    value = study().to_json()
    value["outcomes"][1]["kind"] = "guessed"
    with pytest.raises(ValueError, match="guessed"):
        Study.from_json(value)


def test_what_a_study_writes_is_plain_data():
    assert asdict(FLAT) == study().to_json()["baseline"]["drop"]
