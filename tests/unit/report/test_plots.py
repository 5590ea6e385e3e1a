"""Figures are read back as XML: what they show, and what they must not bring into a page."""

import re
import warnings
from dataclasses import replace
from xml.etree import ElementTree as ET

import matplotlib as mpl
import pytest

from slipway.report import plots


def texts(svg):
    return ["".join(e.itertext()) for e in ET.fromstring(svg).iter("text")]


def test_a_confusion_matrix_shows_every_count_and_label():
    said = texts(plots.confusion(((178, 2), (0, 177)), ("zero", "one"), name="x"))
    assert {"178", "2", "177", "zero", "one", "predicted", "true"} <= set(said)
    assert "0" not in said  # an empty cell holds a dot


def test_latency_labels_each_concurrency(whole):
    said = texts(plots.latency(whole.perf.points, name="x"))
    assert {"1", "16", "p50", "p99"} <= set(said)


def test_an_unstable_point_is_drawn_hollow(whole):
    points = tuple(replace(point, stable=False) for point in whole.perf.points)
    assert "fill: var(--card)" not in plots.latency(whole.perf.points, name="x")
    assert plots.latency(points, name="x").count("fill: var(--card)") == 2 * len(points)


def test_the_bars_add_up_to_the_mean_even_with_a_slightly_negative_rest(whole):
    point = replace(whole.perf.points[0], queue_ms=1.0, compute_ms=2.5, transport_ms=-0.01)
    said = texts(plots.time_split((point,), name="x"))
    assert {"3.50 ms", "queue", "compute", "transport"} <= set(said)


def test_there_are_no_bars_of_what_the_server_did_not_tell(whole):
    points = [replace(p, queue_ms=None, compute_ms=None, transport_ms=None, batch=None)
              for p in whole.perf.points]  # fmt: skip
    assert plots.time_split(points, name="x") == ""


@pytest.mark.parametrize("label", ["<script>alert(1)</script>", "$x^2$", "a\0b", "数字", "\\frac{"])
def test_a_label_is_text_whatever_it_holds(label):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        svg = plots.confusion(((1, 0), (0, 1)), (label, "b"), name="x")
    assert "<script" not in svg
    assert label.replace("\0", "\N{REPLACEMENT CHARACTER}") in texts(svg)


def test_colours_and_fonts_are_left_to_the_page(whole):
    svg = plots.latency(whole.perf.points, name="x")
    assert not re.search(r"#[0-9a-f]{6}\b", svg)
    assert "font-family" not in svg
    assert "currentColor" in svg


def test_a_figure_brings_no_style_sheet_no_namespace_and_no_metadata(whole):
    svg = plots.time_split(whole.perf.points, name="x")
    assert not [e.tag for e in ET.fromstring(svg).iter() if e.tag in ("style", "metadata")]
    assert "xmlns" not in svg
    assert "http" not in svg


def test_two_figures_of_a_page_share_no_id(whole):
    ids = [
        set(re.findall(r'\bid="([^"]+)"', plots.latency(whole.perf.points, name=name)))
        for name in ("first", "second")
    ]
    assert ids[0]
    assert not ids[0] & ids[1]


def test_a_users_matplotlib_settings_change_nothing_and_are_kept(whole):
    before = plots.latency(whole.perf.points, name="x")
    with mpl.rc_context({"font.size": 30, "axes.facecolor": "red"}):
        assert plots.latency(whole.perf.points, name="x") == before
        assert mpl.rcParams["font.size"] == 30
