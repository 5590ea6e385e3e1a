"""Lines and bars of exhibits are read back as XML; names above an axis keep apart."""

import itertools
import re
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.exhibits import Bars, Lines, Series
from slipway.report import charts
from slipway.report.signs import signs_of


def texts(svg):
    return [" ".join("".join(e.itertext()).split()) for e in ET.fromstring(svg).iter("text")]


def styles(svg, variable):
    return [e.get("style") for e in ET.fromstring(svg).iter("path") if variable in str(e.attrib)]


ROC = Lines(
    "Recall against false alarms",
    "false-alarm rate",
    "recall",
    (
        Series("model", (0.0, 0.1, 1.0), (0.0, 0.8, 1.0)),
        Series("threshold", (0.0, 0.5, 1.0), (0.0, 0.5, 1.0)),
        Series("operating point", (0.03,), (0.95,)),
    ),
    levels=(("asked for", 0.9),),
    marks=(("allowed", 0.05), ("too many", 0.5)),
)


def test_axes_and_marks_are_named_in_the_figure():
    assert {"false-alarm rate", "recall", "allowed", "too many"} <= set(
        texts(charts.lines(ROC, name="x"))
    )


def test_series_and_levels_are_named_in_the_key_with_the_look_they_are_drawn_with():
    keys = charts.keys(ROC)
    assert [key.name for key in keys] == [
        "model",
        "threshold",
        "operating point",
        "asked for (0.9)",
    ]
    assert [key.dot for key in keys] == [False, False, True, False]
    svg = charts.lines(ROC, name="x")
    for key in keys:
        drawn = [s for s in styles(svg, key.stroke.css) if s]
        assert any(("stroke-dasharray" in s) == bool(key.stroke.dashes) for s in drawn)


def test_a_single_line_needs_no_key():
    assert charts.keys(Lines("t", "x", "y", (Series("only", (0.0, 1.0), (0.0, 1.0)),))) == ()


def test_twelve_lines_look_different_and_neighbours_differ_without_colour():
    strokes = [charts.series_stroke(number) for number in range(12)]
    assert len(set(strokes)) == 12
    assert all(a.dashes != b.dashes for a, b in itertools.pairwise(strokes))


def test_few_points_are_dots_and_many_are_not():
    few = Lines("t", "x", "y", (Series("s", (0.0, 1.0, 2.0), (0.0, 1.0, 0.0)),))
    many = Lines("t", "x", "y", (Series("s", tuple(map(float, range(99))), (0.0,) * 99),))
    assert charts.lines(few, name="x").count("<use") - charts.lines(many, name="x").count(
        "<use"
    ) == len(few.series[0].x)


def test_marks_outside_the_points_are_on_the_axis():
    lines = Lines("t", "x", "y", (Series("s", (0.0, 1.0), (0.0, 1.0)),), marks=(("late", 9.0),))
    assert {"8", "late"} <= set(texts(charts.lines(lines, name="x")))


def test_an_axis_that_counts_has_no_fractions():
    lines = Lines("t", "k", "y", (Series("s", (1.0, 2.0, 3.0), (0.0, 1.0, 2.0)),))
    assert not [t for t in texts(charts.lines(lines, name="x")) if t in ("1.5", "2.5")]


def test_a_bar_has_its_name_and_its_value():
    bars = Bars("t", "share", (("business", 0.9), ("sport", 0.9667)))
    said = texts(charts.bars(bars, name="x"))
    assert {"business", "0.900", "sport", "0.967", "share"} <= set(said)


def test_bars_go_both_ways():
    bars = Bars("t", "change", (("down", -0.31), ("up", 0.04)))
    said = texts(charts.bars(bars, name="x"))
    assert {"\N{MINUS SIGN}0.31", "0.04", "0"} <= set(said)


@pytest.mark.parametrize("values", [(0.0,), (0.0, 0.0), (-1.0,), (1e-9, 1e9), (5.0,)])
def test_any_values_have_an_axis(values):
    svg = charts.bars(Bars("t", "x", tuple((f"b{v}", v) for v in values)), name="x")
    assert "nan" not in svg


def test_a_long_name_is_written_in_lines():
    long = "10 items and more, of users who came back at least once"
    said = texts(charts.bars(Bars("t", "x", ((long, 1.0),)), name="x"))
    assert long not in said
    assert set(long.split()) <= set(" ".join(said).split())


def test_nothing_is_drawn_of_nothing():
    assert charts.lines(Lines("t", "x", "y", (Series("s", (), ()),)), name="x") == ""
    assert charts.bars(Bars("t", "x", ()), name="x") == ""


@pytest.mark.parametrize("text", ["<script>", "$x^2$", "a\0b", "\\frac{"])
def test_any_text_stays_text(text):
    lines = Lines(text, text, text, (Series(text, (0.0,), (0.0,)),), marks=((text, 0.0),))
    bars = Bars(text, text, ((text, 1.0),))
    for svg in (charts.lines(lines, name="x"), charts.bars(bars, name="x")):
        assert "<script" not in svg
        assert text.replace("\0", "\N{REPLACEMENT CHARACTER}") in texts(svg)


def test_colours_and_fonts_are_left_to_the_page():
    for svg in (charts.lines(ROC, name="x"), charts.bars(Bars("t", "x", (("a", 1.0),)), name="x")):
        assert not re.search(r"#[0-9a-f]{6}\b", svg)
        assert "font-family" not in svg


places = st.lists(
    st.tuples(st.text("a", min_size=1, max_size=20), st.floats(0, 360)), min_size=1, max_size=9
)


@given(places)
def test_no_sign_stands_on_another(names):
    signs = signs_of(names, 360)
    assert [(sign.text, sign.place) for sign in signs] == names
    for one, other in itertools.combinations(signs, 2):
        if one.row == other.row:
            (left, right), (start, end) = sorted((one.reach, other.reach))
            assert left <= right < start <= end


def test_signs_turn_where_that_saves_a_row_or_an_edge():
    alarm, failure = signs_of([("first alarm", 283.0), ("failure", 345.0)], 360)
    assert (alarm.before, alarm.row, failure.row) == (True, 0, 0)
    (edge,) = signs_of([("a name of some length", 350.0)], 360)
    assert edge.before
    (start,) = signs_of([("a name of some length", 5.0)], 360)
    assert not start.before


def test_without_signs_there_are_none():
    assert signs_of([], 360) == ()
