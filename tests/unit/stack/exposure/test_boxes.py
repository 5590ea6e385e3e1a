"""Sets of boxes: subtraction is that of sets, and one set has one form."""

from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from slipway.stack.exposure.boxes import common, minus, nested

SIZE = 6
intervals = st.tuples(st.integers(0, SIZE), st.integers(0, SIZE)).map(lambda p: (min(p), max(p)))
sets = st.lists(st.tuples(intervals, intervals), max_size=4)


def points(boxes):
    return {
        point for box in boxes for point in product(*(range(low, high + 1) for low, high in box))
    }


@given(sets, sets)
def test_what_is_left_is_what_is_in_one_and_not_in_the_other(one, other):
    assert points(minus(one, other)) == points(one) - points(other)
    assert points(common(one, other)) == points(one) & points(other)


@given(sets, sets)
def test_equal_sets_have_equal_forms_and_others_do_not(one, other):
    assert (nested(one) == nested(other)) == (points(one) == points(other))
