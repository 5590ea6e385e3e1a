"""Exhibits survive the way through a file, and what could not be drawn is refused at once."""

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.errors import RecipeError
from slipway.exhibits import (
    Bars,
    Lines,
    Passages,
    Picture,
    Pictures,
    Series,
    from_json,
    to_json,
)
from slipway.files import readable_json

numbers = st.floats(allow_nan=False, allow_infinity=False)
texts = st.text(max_size=8)
named = st.lists(st.tuples(texts, numbers), max_size=3).map(tuple)


@st.composite
def series(draw):
    points = draw(st.lists(st.tuples(numbers, numbers), max_size=4))
    return Series(draw(texts), tuple(x for x, _ in points), tuple(y for _, y in points))


@st.composite
def pictures(draw):
    height, width = draw(st.integers(1, 3)), draw(st.integers(1, 3))

    def grid(values):
        row = st.tuples(*[values] * width)
        return draw(st.tuples(*[row] * height))

    outline = grid(st.booleans()) if draw(st.booleans()) else ()
    return Picture(grid(st.integers(0, 255)), outline)


@st.composite
def tables(draw, kind, cells):
    columns = draw(st.lists(texts, min_size=1, max_size=3))
    rows = draw(st.lists(st.tuples(*[cells] * len(columns)), max_size=2))
    return kind(draw(texts), tuple(columns), tuple(rows), draw(texts))


exhibits = st.one_of(
    st.builds(
        Lines, texts, texts, texts, st.lists(series(), max_size=2).map(tuple), named, named, texts
    ),
    st.builds(Bars, texts, texts, named, texts),
    tables(Pictures, pictures()),
    tables(Passages, texts),
)


@given(exhibits)
def test_an_exhibit_is_the_same_after_a_file(exhibit):
    assert from_json(json.loads(readable_json(to_json(exhibit)))) == exhibit


def test_the_names_of_rows_are_kept():
    album = Pictures("t", ("scan",), ((Picture(((1,),)),),), names=("best",))
    assert from_json(json.loads(readable_json(to_json(album)))) == album


def test_numbers_of_numpy_can_be_written():
    half = np.float32(0.5)
    bars = Bars("t", "x", (("a", half), ("b", np.int64(3))))
    lines = Lines("t", "x", "y", (Series("s", (half,), (np.float64(2),)),), levels=(("l", half),))
    picture = Pictures("t", ("c",), ((Picture(((np.uint8(7),),), ((np.True_,),)),),))
    for exhibit in (bars, lines, picture):
        assert from_json(json.loads(readable_json(to_json(exhibit)))) == exhibit


def test_a_row_of_a_picture_is_one_string_of_its_file():
    picture = Picture(((0, 255), (16, 1)), ((True, False), (False, False)))
    (row,) = to_json(Pictures("t", ("c",), ((picture,),)))["rows"]
    assert row == [{"pixels": ["00ff", "1001"], "outline": ["#.", ".."]}]


def test_a_series_is_made_of_arrays():
    made = Series.of("s", np.arange(3), np.array([0.5, 1, 2], np.float32))
    assert made == Series("s", (0.0, 1.0, 2.0), (0.5, 1.0, 2.0))


def test_a_picture_spans_black_to_white():
    made = Picture.of(np.array([[-3.0, 0.0], [0.0, 3.0]]), np.array([[0, 1], [0, 0]]))
    assert made.pixels == ((0, 128), (128, 255))
    assert made.outline == ((False, True), (False, False))
    assert Picture.of(np.full((1, 2), 9.0)).pixels == ((0, 0),)


@pytest.mark.parametrize(
    ("build", "said"),
    [
        (lambda: Series("s", (1.0, 2.0), (1.0,)), "series 's' has 2 x and 1 y"),
        (lambda: Series("s", (1.0,), (math.nan,)), "series 's' holds nan"),
        (lambda: Lines("t", "x", "y", (), marks=(("m", math.inf),)), "line of 't' holds inf"),
        (lambda: Bars("t", "x", (("a", math.nan),)), "bar of 't' holds nan"),
        (lambda: Picture(()), "rows of"),
        (lambda: Picture(((),)), "rows of"),
        (lambda: Picture(((1, 2), (3,))), r"rows of \[1, 2\] pixels"),
        (lambda: Picture(((0, 256),)), "holds 0 to 256"),
        (lambda: Picture(((-1, 0),)), "holds -1 to 0"),
        (lambda: Picture(((1, 2),), ((True,),)), "does not fit its picture of 1 x 2"),
        (lambda: Passages("t", ("a", "b"), (("one",),)), "'t' has a row of 1: it has 2 columns"),
        (lambda: Pictures("t", ("a",), ((),)), "'t' has a row of 0"),
        (lambda: Pictures("t", ("a",), (), names=("n",)), "1 names for 0 rows"),
    ],
)
def test_what_cannot_be_drawn_is_refused_with_a_line_that_says_why(build, said):
    with pytest.raises(RecipeError, match=said) as error:
        build()
    assert "exhibits.py" in str(error.value)
