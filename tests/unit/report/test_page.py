"""The page is parsed back: numbers, marks, escaping, and that it loads nothing."""

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from slipway.report.content import ModelReport, Report, write_model_report
from slipway.report.page import render, write_page
from slipway.report.wording import NO_BREAK

VOID = {"meta", "link", "br", "img", "input", "hr"}


class Page(HTMLParser):
    """Elements in order, each with its attributes and all the text inside it."""

    def __init__(self, text):
        super().__init__()
        self.elements = []
        self.open = []
        self.feed(text)
        self.close()
        assert not self.open, "unclosed elements"

    def handle_starttag(self, tag, attrs):
        element = {"tag": tag, "attrs": dict(attrs), "text": ""}
        self.elements.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_startendtag(self, tag, attrs):
        self.elements.append({"tag": tag, "attrs": dict(attrs), "text": ""})

    def handle_endtag(self, tag):
        assert self.open.pop()["tag"] == tag

    def handle_data(self, data):
        for element in self.open:
            element["text"] += data

    def all(self, tag, **attrs):
        return [
            e
            for e in self.elements
            if e["tag"] == tag
            and all(value in (e["attrs"].get(n) or "").split() for n, value in attrs.items())
        ]

    def texts(self, tag, **attrs):
        return [" ".join(e["text"].replace(NO_BREAK, " ").split()) for e in self.all(tag, **attrs)]


def page_of(*models):
    return Page(render(Report(models)))


def named(model, name, title):
    return replace(model, artefact=replace(model.artefact, model=name, title=title))


def test_the_headline_holds_each_figure_with_its_limit(whole):
    tiles = page_of(whole).texts("div", **{"class": "tile"})
    assert tiles == [
        "accuracy 0.9861 passed floor 0.9700",
        "PyTorch to served 4.7 × 10⁻⁶ passed tolerance 1 × 10⁻⁴",
        "size 44.7 MB in 3 files",
        "throughput 1,210 req/s at concurrency 16",
        "p99 latency 19.3 ms at concurrency 16",
    ]


def test_every_row_of_every_table_is_there(whole):
    rows = page_of(whole).texts("tr")
    for row in (
        "train0.1 sreused30 epochs",
        "export11 snewopset 20",
        "model/1/model.onnx44.7 MB2b2b2b2b2b2b",
        "PyTorchONNX11.9 × 10⁻⁶1 × 10⁻⁴within",
        "ONNXoptimised73.4 × 10⁻⁶1 × 10⁻⁴within",
        "PyTorchservedany4.7 × 10⁻⁶1 × 10⁻⁴within",
        "golden requestgRPCpassed2.50differs by 3e-6",
        "1612109.6514.519.35.793.861.939.604,3210stable of 3".replace("1210", "1,210"),
    ):
        assert row in rows
    concurrencies = [row for row in rows if row.endswith("stable of 3")]
    assert [row[:4] for row in concurrencies] == ["1402", "161,"]  # sorted


def test_the_head_says_where_it_is_released_and_when_it_was_measured(whole):
    said = page_of(whole).texts("p", **{"class": "soft"})
    assert said == ["image_classifier, version 3 in local · 2026-11-23 20:14 UTC"]


def test_versions_and_whole_hashes_can_be_found(whole):
    page = page_of(whole)
    titles = {e["attrs"].get("title") for e in page.all("code")}
    assert {"2b" * 32, whole.artefact.fingerprint, whole.artefact.git_revision} <= titles
    assert "onnx 1.23.2, torch 2.13.0" in page.texts("dd")
    assert "Triton 2.51.0" in page.texts("dd")


def test_how_it_was_measured_names_machine_protocol_and_sharing(whole):
    said = " ".join(page_of(whole).texts("p", **{"class": "how"}))
    assert "2 cores of a test" in said
    assert "over gRPC to 127.0.0.1:8001" in said
    assert "on the same machine" in said
    elsewhere = replace(whole, perf=replace(whole.perf, endpoint="10.0.3.7:8001"))
    assert "on the same machine" not in " ".join(page_of(elsewhere).texts("p"))


def test_commonest_mistakes_come_first(whole):
    assert page_of(whole).texts("ul", **{"class": "plain"}) == [
        "one taken for zero: 3 zero taken for one: 2"
    ]


def test_a_failed_check_is_marked_in_its_row_and_at_the_top(whole):
    wrong = replace(whole.smoke[1], passed=False, detail="answered 200")
    page = page_of(replace(whole, smoke=(whole.smoke[0], wrong)))
    assert page.texts("tr", **{"class": "bad"}) == ["wrong shapeHTTPfailed1.25answered 200"]
    assert page.texts("span", **{"class": "failed"}) == [
        "failed",
        "1 of 2 checks failed",
        "failed",
    ]


def test_a_model_that_passed_bears_no_mark_of_failure(whole):
    page = page_of(whole)
    assert not page.all("span", **{"class": "failed"})
    assert not page.all("tr", **{"class": "bad"})


def test_an_unstable_point_is_marked_in_table_and_tile(whole):
    first, *rest = whole.perf.points
    perf = replace(whole.perf, points=(replace(first, stable=False), *rest))
    marks = page_of(replace(whole, perf=perf)).texts("span", **{"class": "doubtful"})
    assert marks.count("unstable") == 3


def test_what_is_missing_is_said(whole):
    page = page_of(ModelReport(whole.artefact))
    said = " ".join(page.texts("p", **{"class": "gap"}))
    for words in (
        "steps were not recorded",
        "no confusion matrix",
        "not compared with PyTorch",
        "endpoint was not checked",
        "speed was not measured",
    ):
        assert words in said
    assert "not served yet" in page.texts("span", **{"class": "gap"})
    assert not page.all("svg")


def test_too_many_classes_are_not_drawn_but_their_mistakes_are_listed(whole):
    rows = [[0] * 100 for _ in range(100)]
    rows[70][71] = 9
    many = replace(
        whole, labels=(), scores=replace(whole.scores, confusion=tuple(map(tuple, rows)))
    )
    page = page_of(many)
    assert "100 classes are too many to draw as a matrix." in page.texts("p")
    assert page.texts("ul", **{"class": "plain"}) == ["70 taken for 71: 9"]


def test_several_models_get_an_index_that_leads_to_each(whole):
    page = page_of(whole, named(whole, "embedder", "Sentence embeddings"))
    links = [e["attrs"]["href"] for e in page.all("a")]
    assert links == ["#model-1", "#model-2"]
    assert [e["attrs"]["id"] for e in page.all("article")] == ["model-1", "model-2"]
    assert page.texts("a") == ["Handwritten digits", "Sentence embeddings"]
    assert not page_of(whole).all("nav")


def test_no_id_is_used_twice(whole):
    page = page_of(whole, named(whole, "other", "Other"))
    ids = [e["attrs"]["id"] for e in page.elements if "id" in e["attrs"]]
    assert len(ids) == len(set(ids))


def test_hostile_text_stays_text(whole):
    evil = '<script>alert("1")</script>'
    check = replace(whole.smoke[0], detail=evil, name='" onload="x')
    hostile = replace(
        named(whole, "image_classifier", evil),
        labels=(evil, "b"),
        smoke=(check,),
        server={evil: "'\"><img src=x>"},
    )
    page = page_of(hostile)
    assert not page.all("script")
    assert not page.all("img")
    assert page.texts("h2") == [evil]
    assert not [e for e in page.elements if any(n.startswith("on") for n in e["attrs"])]


def test_nothing_is_loaded(whole):
    text = render(Report((whole,)))
    page = Page(text)
    assert not re.search(r"https?://", text)
    assert not page.all("script")
    style = page.texts("style")[0]
    assert "@import" not in style
    assert "url(" not in style
    for element in page.elements:
        assert "src" not in element["attrs"]
        reference = element["attrs"].get("href")
        assert reference is None or reference == "data:," or reference.startswith("#")


def test_tables_and_figures_can_be_read_by_a_screen_reader(whole):
    page = page_of(whole)
    assert all(e["attrs"].get("scope") in ("col", "row") for e in page.all("th"))
    assert all(e["attrs"]["role"] == "img" and e["attrs"]["aria-label"] for e in page.all("svg"))
    assert len(page.all("svg")) == len(page.all("figcaption")) == len(page.all("figure")) == 3
    assert len(page.all("table")) == len(page.all("div", **{"class": "scroll"}))


def test_equal_reports_give_equal_pages(whole):
    assert render(Report((whole,))) == render(Report((replace(whole),)))


def test_a_model_takes_less_than_two_hundred_kilobytes(whole):
    counts = tuple(tuple(range(24)) for _ in range(24))
    large = replace(whole, labels=(), scores=replace(whole.scores, confusion=counts))
    assert len(render(Report((large,))).encode()) < 200_000


@pytest.mark.parametrize("count", [1, 3])
def test_the_page_is_written_beside_the_values(whole, tmp_path, count):
    for number in range(count):
        write_model_report(tmp_path, named(whole, f"model_{number}", f"Model {number}"))
    path = write_page(tmp_path)
    assert path == tmp_path / "index.html"
    assert Page(path.read_text()).texts("h2") == [f"Model {n}" for n in range(count)]
