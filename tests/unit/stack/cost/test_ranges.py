"""Amounts between two bounds."""

from decimal import Decimal

import pytest

from slipway.errors import StackError
from slipway.stack.cost import Range


def test_the_sum_and_the_product_of_ranges_go_from_low_to_low_and_from_high_to_high():
    assert Range.of(1, 2) + Range.of(10) == Range.of(11, 12)
    assert Range.of(1, 2) * Range.of(3, 4) == Range.of(3, 8)
    assert Range.of(1, 2) * 5 == Range.of(5, 10)


@pytest.mark.parametrize(("low", "high"), [("2", "1"), ("-1", "1"), ("0", "Infinity")])
def test_bounds_in_the_wrong_order_below_zero_or_without_end_are_refused(low, high):
    with pytest.raises(StackError, match="no range"):
        Range.of(low, high)


def test_cents_are_rounded_half_up():
    assert Range.of("0.005", "0.0149").in_cents() == Range(Decimal("0.01"), Decimal("0.01"))


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [
        ("3", "3.00", "3"),
        ("1000", "2000.5", "1,000 to 2,000.5"),
        ("0", "0.386904", "0 to 0.3869"),
        ("0.00001", "0.01", "0.00001 to 0.01"),
    ],
)
def test_a_range_is_written_short_but_never_as_nothing(low, high, said):
    assert str(Range.of(low, high)) == said
