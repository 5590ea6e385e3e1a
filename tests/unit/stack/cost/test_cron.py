"""Cron expressions of both services that scale."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.cron import aws_crons
from infra.settings.cron import why_no_cron
from slipway.stack.cost.cron import cron
from slipway.stack.cost.lines import UnknownValue


def days_of(*expressions):
    """The days of a year on which at least one of them fires."""
    first, found = date(2026, 1, 1), set()
    for number in range(365):
        day = first + timedelta(days=number)
        if any(cron(e).on(day.month, day.day, day.isoweekday() % 7) for e in expressions):
            found.add(day)
    return found


def test_hours_minutes_lists_ranges_and_steps_are_read():
    assert cron("0,30 7-9/2 * * *").times() == (420, 450, 540, 570)
    assert cron("0 20/2 * * *").times() == (1200, 1320)


@pytest.mark.parametrize("sunday", ["0", "7", "SUN", "sun"])
def test_sunday_has_four_names(sunday):
    assert cron(f"0 7 * * {sunday}").weekdays == {0}


def test_aws_counts_weekdays_from_sunday_as_one():
    assert cron("cron(0 7 ? * 2-6 *)").weekdays == cron("0 7 * * 1-5").weekdays
    assert cron("cron(0 7 ? * MON,FRI *)").weekdays == {1, 5}


def test_where_both_kinds_of_days_are_named_either_is_enough():
    assert len(days_of("0 7 1 * *")) == 12
    assert len(days_of("0 7 1 * MON")) == len(days_of("0 7 1 * *") | days_of("0 7 * * MON"))


def test_weeks_are_alike_unless_days_or_months_are_named():
    assert cron("0 7 * * 1-5").weekly
    assert cron("cron(0 7 ? * MON *)").weekly
    assert not cron("0 7 1 * *").weekly
    assert not cron("0 7 * JAN *").weekly


@pytest.mark.parametrize(
    "expression",
    ["", "0 7 * *", "60 7 * * *", "0 7 * * 8", "0 7 9-1 * *", "0 7 L * *", "0 7 */0 * *",
     "rate(1 day)", "at(2026-01-01T00:00:00)", "cron(0 7 ? * 6L *)", "cron(0 7 * * ? 2026)"],
)  # fmt: skip
def test_what_is_not_understood_is_said_not_guessed(expression):
    with pytest.raises(UnknownValue, match="cannot be read"):
        cron(expression)


FIELD = st.sampled_from(["*", "1", "2-4", "*/2", "1,3"])
WEEKDAY = st.sampled_from(["*", "1-5", "SAT", "0", "*/2", "MON,WED"])


@given(day=FIELD, month=FIELD, weekday=WEEKDAY)
def test_what_the_stack_writes_for_ecs_fires_on_the_days_of_what_it_was_told(day, month, weekday):
    told = f"0 7 {day} {month} {weekday}"
    assert not why_no_cron(told)
    assert days_of(told) == days_of(*aws_crons(told))
