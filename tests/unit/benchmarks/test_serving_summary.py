import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.serving_parts.summary import LIMIT, Spread, ratio, rows, with_limit
from benchmarks.serving_parts.values import Load, Measurement


def measurement(system, round_, throughput, *, concurrency=4, kept=True, errors=0):
    load = Load(throughput, p50_ms=1.0, p99_ms=2.0, requests=10, errors=errors, cpu_s=0.0)
    return Measurement(system, concurrency, round_, load, others_cores=0.0, kept=kept)


def test_a_ratio_is_taken_within_each_round():
    measured = [
        measurement("a", 0, 100.0),
        measurement("b", 0, 90.0),
        measurement("a", 1, 10.0),
        measurement("b", 1, 8.0),
        measurement("a", 2, 50.0),
        measurement("b", 2, 35.0),
    ]
    assert ratio(measured, "b", "a", 4) == Spread(0.8, 0.7, 0.9)


def test_what_was_disturbed_counts_nowhere():
    measured = [
        measurement("a", 0, 1.0, kept=False),
        measurement("a", 0, 100.0),
        measurement("b", 0, 50.0),
    ]
    assert ratio(measured, "b", "a", 4) == Spread(0.5, 0.5, 0.5)
    assert rows(measured)[0].throughput == Spread(100.0, 100.0, 100.0)


def test_systems_that_never_met_have_no_ratio():
    measured = [measurement("a", 0, 1.0), measurement("b", 1, 1.0)]
    assert ratio(measured, "b", "a", 4) is None


@given(st.lists(st.tuples(st.floats(1, 1e4), st.floats(1, 1e4)), min_size=1, max_size=6))
def test_the_limit_is_the_better_way_of_each_round(pairs):
    measured = [
        m
        for n, (x, y) in enumerate(pairs)
        for m in (measurement("x", n, x), measurement("y", n, y))
    ]
    limits = [m for m in with_limit(measured, ("x", "y")) if m.system == LIMIT]
    assert [m.load.throughput for m in limits] == [max(pair) for pair in pairs]


def test_a_row_has_medians_and_all_errors():
    measured = [measurement("a", n, t, errors=1) for n, t in enumerate((30.0, 10.0, 20.0))]
    (row,) = rows(measured)
    assert (row.throughput, row.errors) == (Spread(20.0, 10.0, 30.0), 3)


def test_a_measurement_survives_its_file():
    one = measurement("a", 2, 3.5, kept=False)
    assert Measurement.from_json(one.to_json()) == one


def test_a_load_counts_rows_but_times_requests():
    load = Load.of([1_000_000, 3_000_000], seconds=2.0, rows=16, errors=0, cpu_s=0.5)
    assert (load.throughput, load.requests) == (16.0, 2)
    assert (load.p50_ms, load.p99_ms) == (1.0, 3.0)


def test_no_answer_at_all_is_a_throughput_of_zero():
    assert Load.of([], 1.0, 1, 3, 0.1).throughput == pytest.approx(0)
