"""How many servers there are for how long."""

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from slipway.stack.cost.cron import cron
from slipway.stack.cost.phases import Phase, Sizes, Turn, phases

SLEEP = Turn(cron("0 20 * * *"), 0, 0)
WAKE = Turn(cron("0 7 * * 1-5"), 1, 3)


def test_without_a_schedule_the_sizes_never_change():
    assert phases(Sizes(1, 3), []).phases == (Phase(Fraction(1), Sizes(1, 3)),)


def test_awake_on_weekdays_from_seven_to_twenty_is_65_of_168_hours():
    found = phases(Sizes(1, 3), [SLEEP, WAKE])
    assert found.hours_up == 65
    assert found.phases == (
        Phase(Fraction(103, 168), Sizes(0, 0)),
        Phase(Fraction(65, 168), Sizes(1, 3)),
    )
    assert found.awake == Sizes(1, 3)


def test_a_week_begins_as_it_ends_whatever_the_group_says():
    assert phases(Sizes(9, 9), [SLEEP, WAKE]) == phases(Sizes(0, 0), [SLEEP, WAKE])


def test_a_size_that_a_turn_does_not_name_stays():
    found = phases(
        Sizes(1, 3), [Turn(cron("0 0 * * *"), None, 5), Turn(cron("0 12 * * *"), 2, None)]
    )
    assert found.phases == (Phase(Fraction(1), Sizes(2, 5)),)


def test_where_months_are_named_the_cycle_is_a_year():
    winter = Turn(cron("0 0 1 1 *"), 0, 0)
    summer = Turn(cron("0 0 1 7 *"), 1, 1)
    found = phases(Sizes(1, 1), [winter, summer])
    assert found.days == 365
    assert found.hours_up == 184 * 24


def test_a_day_that_never_comes_changes_nothing():
    never = Turn(cron("0 0 30 2 *"), 0, 0)
    assert phases(Sizes(1, 3), [never]).phases == (Phase(Fraction(1), Sizes(1, 3)),)


TURNS = st.builds(
    lambda hour, day, least, more: Turn(cron(f"0 {hour} * * {day}"), least, least + more),
    st.integers(0, 23),
    st.sampled_from(["*", "1-5", "6,0", "3"]),
    st.integers(0, 5),
    st.integers(0, 5),
)


@given(turns=st.lists(TURNS, max_size=4))
def test_shares_add_up_to_all_of_the_time_in_whatever_order_turns_are_declared(turns):
    found = phases(Sizes(1, 2), turns)
    assert sum(phase.share for phase in found.phases) == 1
    assert found == phases(Sizes(1, 2), turns[::-1])
