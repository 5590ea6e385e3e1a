import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.check.windows import agree, percentile

throughputs = st.lists(st.floats(0, 1e6), max_size=12)
values = st.lists(st.floats(0, 1e6), min_size=1, max_size=200)


@given(throughputs, st.floats(0, 1))
def test_too_few_windows_never_agree(windows, within):
    assert not agree(windows[:2], 3, within)


@given(st.floats(1e-3, 1e6), st.integers(2, 6), throughputs)
def test_equal_windows_agree_whatever_came_before(value, count, before):
    assert agree([*before, *[value] * count], count, 1e-9)


@given(throughputs, st.floats(1e-6, 1))
def test_windows_agree_only_when_each_is_near_their_mean(windows, within):
    if agree(windows, 3, within):
        mean = sum(windows[-3:]) / 3
        assert all(
            mean * (1 - within) - 1e-6 <= w <= mean * (1 + within) + 1e-6 for w in windows[-3:]
        )


def test_five_percent_is_inside_and_six_is_not():
    assert agree([95, 100, 105], 3, 0.05)
    assert not agree([94, 100, 106], 3, 0.05)


def test_a_server_that_answers_nothing_has_not_settled():
    assert not agree([0.0, 0.0, 0.0], 3, 0.05)


@given(values, st.floats(0.1, 100))
def test_a_percentile_is_the_smallest_value_that_enough_do_not_exceed(data, percent):
    found = percentile(data, percent)
    needed = math.ceil(len(data) * percent / 100 - 1e-9)
    assert found in data
    assert sum(value <= found for value in data) >= needed
    assert sum(value < found for value in data) < max(needed, 1)


@given(values)
def test_percentiles_rise(data):
    assert percentile(data, 50) <= percentile(data, 90) <= percentile(data, 99) <= max(data)


def test_of_a_hundred_the_99th_is_the_last_but_one():
    assert percentile([float(n) for n in range(1, 101)], 99) == 99


def test_nothing_measured_is_zero():
    assert percentile([], 99) == pytest.approx(0)
