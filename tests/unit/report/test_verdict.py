"""Every limit is held against its value, and what was not done is said."""

import math
from dataclasses import replace

import pytest

from slipway.artefact import MetricResult
from slipway.report.content import ModelReport
from slipway.report.verdict import judge


def with_artefact(model, **changes):
    return replace(model, artefact=replace(model.artefact, **changes))


def low_metric(model):
    return with_artefact(model, metric=replace(model.artefact.metric, value=0.9699))


def perplexity(model, value, served):
    metric = MetricResult("perplexity", value, 12.0, 360, lower_is_better=True)
    judged = with_artefact(model, metric=metric)
    return replace(judged, accuracy=replace(judged.accuracy, value=served))


def high_perplexity(model):
    return perplexity(model, 12.5, 11.9)


def served_perplexity_high(model):
    worse = perplexity(model, 11.9, 12.5)
    return replace(worse, accuracy=replace(worse.accuracy, metric="perplexity"))


def parity_over(model):
    first, *rest = model.artefact.parity
    return with_artefact(model, parity=(replace(first, difference=2e-4), *rest))


def served_worse(model):
    return replace(model, accuracy=replace(model.accuracy, value=0.9))


def served_otherwise(model):
    return replace(model, accuracy=replace(model.accuracy, difference=math.inf))


def served_nonsense(model):
    return replace(model, accuracy=replace(model.accuracy, difference=math.nan))


def check_failed(model):
    first, *rest = model.smoke
    return replace(model, smoke=(replace(first, passed=False), *rest))


def errors_under_load(model):
    first, *rest = model.perf.points
    points = (replace(first, errors=2), *rest)
    return replace(model, perf=replace(model.perf, points=points))


def test_a_model_with_everything_right_passed(whole):
    verdict = judge(whole)
    assert (verdict.failed, verdict.doubtful, verdict.missing) == ((), (), ())
    assert verdict.mark == "passed"


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (low_metric, "is under"),
        (high_perplexity, "perplexity 12.50 is over 12.00"),
        (served_perplexity_high, "perplexity as served 12.50 is over 12.00"),
        (parity_over, "1\N{NO-BREAK SPACE}comparison out of tolerance"),
        (served_worse, "accuracy as served 0.9000 is under 0.9700"),
        (served_otherwise, "differ by ∞"),
        (served_nonsense, "differ by not a number"),
        (check_failed, "1 of 2\N{NO-BREAK SPACE}checks failed"),
        (errors_under_load, "2\N{NO-BREAK SPACE}requests failed under load"),
    ],
)
def test_one_thing_wrong_fails_the_model_and_is_named(whole, spoil, said):
    verdict = judge(spoil(whole))
    assert verdict.mark == "failed"
    assert len(verdict.failed) == 1
    assert said in verdict.failed[0]


def test_an_unstable_point_is_a_doubt_and_no_failure(whole):
    first, *rest = whole.perf.points
    perf = replace(whole.perf, points=(replace(first, stable=False), *rest))
    verdict = judge(replace(whole, perf=perf))
    assert verdict.mark == "doubtful"
    assert verdict.doubtful == ("throughput unstable at concurrency 16",)


@pytest.mark.parametrize("baseline", [0.99, 0.9861])
def test_a_baseline_as_good_as_the_model_is_a_doubt(whole, baseline):
    metric = replace(whole.artefact.metric, baseline=baseline, baseline_name="a rule")
    verdict = judge(with_artefact(whole, metric=metric))
    assert verdict.doubtful == ("no better than its baseline, a rule",)
    better = replace(metric, baseline=0.9)
    assert judge(with_artefact(whole, metric=better)).mark == "passed"


def test_what_was_not_done_is_listed(whole):
    verdict = judge(ModelReport(whole.artefact))
    assert verdict.mark == "missing"
    assert len(verdict.missing) == 4
