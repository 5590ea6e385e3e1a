from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.build.optimise.choice import Demands, choose, judge
from slipway.recipe import Metric, Optimisation
from slipway.variants import OBJECTIVES, Failed, Interval, Measured, Timing, Untried

MEGABYTE = 10**6


def measured(name, *speedups, size=MEGABYTE, metric=0.95, drop=0.0, spread=0.0, jitter=0.0):
    """A variant that is so many times as fast as the baseline at batch 1, 4 and 16."""
    timings = []
    for batch, speedup in zip((1, 4, 16), speedups, strict=True):
        rounds = [speedup * (1 + jitter * step) for step in (-2, -1, -1, 0, 0, 0, 1, 1, 2)]
        timings.append(Timing(batch, tuple(1 / each for each in rounds), (1.0,) * 9))
    of_drop = Interval(drop - spread, drop, drop + spread)
    return Measured(name, ("trained",), size, metric, of_drop, tuple(timings))


BASELINE = measured("onnx", 1.0, 1.0, 1.0)


def demands(objective="latency", *, lower_is_better=False, floor=0.9, **optimisation):
    return Demands(
        objective, Optimisation(**optimisation), Metric("accuracy", floor), lower_is_better
    )


def reason(outcome, **asked):
    verdict = judge(outcome, BASELINE, demands(**asked))
    assert not verdict.kept
    return verdict.reason


def test_what_is_faster_and_as_right_is_kept():
    verdict = judge(measured("int8", 2.0, 2.0, 2.0), BASELINE, demands())
    assert verdict.kept
    assert verdict.reason == "2.00x (2.00-2.00) at batch 1"


def test_a_slower_variant_is_dropped_whatever_its_metric():
    slow = measured("int8", 0.5, 0.5, 0.5, metric=0.99, drop=-0.04)
    assert reason(slow) == "slower at batch 1: 0.50x (0.50-0.50)"


def test_one_that_is_slower_at_any_batch_is_dropped_though_the_objective_looks_elsewhere():
    assert reason(measured("int8", 3.0, 2.0, 0.8)) == "slower at batch 16: 0.80x (0.80-0.80)"


def test_an_inaccurate_variant_is_dropped_whatever_its_speed():
    wrong = measured("int8", 9.0, 9.0, 9.0, metric=0.92, drop=0.03, spread=0.01)
    assert reason(wrong) == "accuracy is 3.0 points worse (2.0 to 4.0), 1.0 points allowed"


def test_one_under_the_recipes_floor_is_dropped_even_within_the_tolerance():
    low = measured("int8", 2.0, 2.0, 2.0, metric=0.895, drop=0.005)
    assert reason(low) == "accuracy 0.8950, the recipe asks for at least 0.9"


def test_of_a_perplexity_more_is_worse():
    asked = {"lower_is_better": True, "floor": 6.5}
    assert "at most 6.5" in reason(measured("int8", 2.0, 2.0, 2.0, metric=6.6), **asked)
    worse = measured("int8", 2.0, 2.0, 2.0, metric=6.0, drop=0.02, spread=0.005)
    assert "2.0 % worse (1.5 to 2.5), 1.0 % allowed" in reason(worse, **asked)


def test_a_speed_up_that_is_not_sure_is_none():
    unsure = measured("int8", 1.2, 1.2, 1.2, jitter=0.15)
    said = reason(unsure)
    assert said.startswith("not surely faster at batch 1: 1.20x (")
    assert said.endswith("1.05x asked for")


def test_with_certainty_the_whole_interval_of_the_metric_must_be_within_the_tolerance():
    unsure = measured("int8", 2.0, 2.0, 2.0, drop=0.005, spread=0.02)
    assert judge(unsure, BASELINE, demands()).kept
    assert "may be 2.5 points worse" in reason(unsure, certain=True)


def test_for_size_bytes_count_but_nothing_slower_is_kept():
    small = measured("int8", 1.0, 1.0, 1.0, size=MEGABYTE // 4)
    assert judge(small, BASELINE, demands("size")).reason == "4.00x smaller"
    slow = replace(measured("int8", 0.9, 0.9, 0.9), bytes=MEGABYTE // 4)
    assert reason(slow, objective="size").startswith("slower at batch 1")
    same = measured("graph", 2.0, 2.0, 2.0)
    assert reason(same, objective="size") == "1.00x smaller, 1.05x asked for"


@pytest.mark.parametrize(
    ("objective", "chosen"),
    [("latency", "quick"), ("throughput", "broad"), ("cost", "broad"), ("size", "small")],
)
def test_each_objective_chooses_what_gains_most_by_it(objective, chosen):
    outcomes = [
        measured("quick", 3.0, 2.0, 1.2),
        measured("broad", 1.5, 2.0, 2.5),
        measured("small", 1.2, 1.2, 1.2, size=MEGABYTE // 8),
    ]
    assert choose(BASELINE, outcomes, demands(objective)).chosen == chosen


def test_where_nothing_is_kept_the_baseline_is_served():
    outcomes = [
        measured("slow", 0.5, 0.5, 0.5),
        measured("wrong", 5.0, 5.0, 5.0, metric=0.5, drop=0.45),
        Failed("fp16", "it overflows"),
        Untried("prune", "the time was spent"),
    ]
    choice = choose(BASELINE, outcomes, demands())
    assert choice.chosen == "onnx"
    assert [verdict.kept for verdict in choice.verdicts] == [False] * 4
    assert choice.verdicts[2].reason == "it overflows"


variants = st.builds(
    lambda name, speeds, size, drop: measured(
        name, *speeds, size=size, metric=0.97 - drop, drop=drop
    ),
    st.text("abc", min_size=1, max_size=3),
    st.tuples(*[st.floats(0.2, 8.0)] * 3),
    st.integers(MEGABYTE // 20, 2 * MEGABYTE),
    st.floats(-0.02, 0.1),
)


@given(
    st.lists(variants, max_size=6, unique_by=lambda each: each.variant), st.sampled_from(OBJECTIVES)
)
def test_nothing_slower_or_too_inaccurate_is_ever_chosen(outcomes, objective):
    asked = demands(objective)
    choice = choose(BASELINE, outcomes, asked)
    assert len(choice.verdicts) == len(outcomes)
    if choice.chosen == "onnx":
        assert not any(verdict.kept for verdict in choice.verdicts)
        return
    chosen = next(each for each in outcomes if each.variant == choice.chosen)
    assert all(timing.speedup.high >= 1 for timing in chosen.timings)
    assert chosen.drop.middle <= asked.optimisation.tolerance
    assert chosen.metric >= asked.metric.floor
