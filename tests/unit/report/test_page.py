"""The page is parsed back: numbers, marks, escaping, and that it loads nothing."""

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from slipway.artefact import MetricResult
from slipway.exhibits import Bars, Lines, Passages, Series
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
        "1 of 2 passed",
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
        "not compared with what is right",
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


def test_mistakes_are_named_as_the_metric_names_its_classes(whole):
    scores = replace(whole.scores, confusion=((8, 2), (0, 5)), classes=("none due", "due"))
    page = page_of(replace(whole, scores=scores))
    assert page.texts("ul", **{"class": "plain"}) == ["none due taken for due: 2"]


def test_several_models_get_an_index_that_leads_to_each(whole):
    page = page_of(whole, named(whole, "embedder", "Sentence embeddings"))
    links = [e["attrs"]["href"] for e in page.all("a")]
    assert links[:2] == ["#image_classifier", "#embedder"]
    assert [e["attrs"]["id"] for e in page.all("article")] == ["image_classifier", "embedder"]
    assert page.texts("a")[:2] == ["Handwritten digits", "Sentence embeddings"]
    assert [e["attrs"]["aria-label"] for e in page_of(whole).all("nav")] == [
        "Parts of Handwritten digits"
    ]


def test_every_link_leads_to_a_part_of_the_page(whole, exhibits):
    shown = replace(whole, exhibits=exhibits)
    for page in (page_of(shown), page_of(whole, named(shown, "embedder", "Embeddings"))):
        ids = {e["attrs"]["id"] for e in page.elements if "id" in e["attrs"]}
        assert {e["attrs"]["href"].removeprefix("#") for e in page.all("a")} <= ids


def folds(page):
    """Of each part that can be folded, in order: what its line says, and whether it is open."""
    parts = zip(page.texts("summary"), page.all("details"), strict=True)
    return [
        (said, "open" in part["attrs"])
        for said, part in parts
        if "part" in part["attrs"]["class"].split()
    ]


def test_a_single_model_shows_everything(whole):
    assert folds(page_of(whole)) == [
        ("Parity: is it still the same model? 3 of 3 within tolerance", True),
        ("Checks of the endpoint 2 of 2 passed", True),
        ("What was built 44.7 MB in 3 files", True),
    ]


def test_among_several_models_details_that_are_well_are_folded(whole):
    wrong = replace(whole.smoke[0], passed=False)
    bad = named(replace(whole, smoke=(wrong,)), "bad", "Bad")
    assert folds(page_of(named(ModelReport(whole.artefact), "new", "New"), bad)) == [
        ("Parity: is it still the same model? 2 of 2 within tolerance", False),
        ("Checks of the endpoint not done yet", True),
        ("What was built 44.7 MB in 3 files", False),
        ("Parity: is it still the same model? 3 of 3 within tolerance", False),
        ("Checks of the endpoint 0 of 1 passed", True),
        ("What was built 44.7 MB in 3 files", False),
    ]


def test_no_id_is_used_twice(whole):
    page = page_of(whole, named(whole, "other", "Other"))
    ids = [e["attrs"]["id"] for e in page.elements if "id" in e["attrs"]]
    assert len(ids) == len(set(ids))


def test_hostile_text_stays_text(whole):
    evil = '<script>alert("1")</script>'
    check = replace(whole.smoke[0], detail=evil, name='" onload="x')
    metric = replace(
        whole.artefact.metric, name=evil, baseline=0.5, baseline_name=evil, figures={evil: 1.0}
    )
    here = ((evil, 0.0),)
    exhibits = (
        Lines(evil, evil, evil, (Series(evil, (0.0,), (0.0,)),), here, here, evil),
        Bars(evil, evil, here, evil),
        Passages(evil, (evil, '" onclick="x'), ((evil, evil),), evil),
    )
    hostile = replace(
        judged(named(whole, "image_classifier", evil), metric),
        exhibits=exhibits,
        labels=(evil, "b"),
        smoke=(check,),
        server={evil: "'\"><img src=x>"},
    )
    page = page_of(hostile)
    assert not page.all("script")
    assert not page.all("img")
    assert page.texts("h2") == [evil]
    assert not [e for e in page.elements if any(n.startswith("on") for n in e["attrs"])]


def test_nothing_is_loaded(whole, exhibits):
    text = render(Report((replace(whole, exhibits=exhibits),)))
    page = Page(text)
    assert not re.search(r"https?://", text)
    assert not page.all("script")
    style = page.texts("style")[0]
    assert "@import" not in style
    assert "url(" not in style
    for element in page.elements:
        assert element["attrs"].get("src", "data:image/png;base64,").startswith("data:image/png")
        reference = element["attrs"].get("href")
        assert reference is None or reference == "data:," or reference.startswith("#")


def test_tables_and_figures_can_be_read_by_a_screen_reader(whole, exhibits):
    page = page_of(replace(whole, exhibits=exhibits))
    assert all(e["attrs"].get("scope") in ("col", "row") for e in page.all("th"))
    drawings = [e["attrs"] for e in page.all("svg") if e["attrs"].get("aria-hidden") != "true"]
    assert len(drawings) == 5
    assert all(e["role"] == "img" and e["aria-label"] for e in drawings)
    assert [e["attrs"]["alt"] for e in page.all("img")] == ["scan, best", "truth, best"]
    assert len(page.all("figure")) == 7
    assert len(page.all("table")) == len(page.all("div", **{"class": "scroll"}))


def test_equal_reports_give_equal_pages(whole, exhibits):
    shown = replace(whole, exhibits=exhibits)
    assert render(Report((shown,))) == render(Report((replace(shown),)))


def judged(model, metric):
    return replace(model, artefact=replace(model.artefact, metric=metric))


def test_the_baseline_stands_beside_the_metric(whole):
    metric = replace(
        whole.artefact.metric, baseline=0.6912, baseline_name="a rule", figures={"macro_F1": 0.9712}
    )
    page = page_of(judged(whole, metric))
    assert "ahead of baseline 43 % a rule 0.6912" in page.texts("div", **{"class": "tile"})
    assert "0.6912, a rule; the model is 43 % higher" in page.texts("dd")
    assert ("macro F1" in page.texts("dt"), "0.9712" in page.texts("dd")) == (True, True)


def test_where_lower_is_better_the_limit_is_the_most_that_is_allowed(whole):
    metric = MetricResult("perplexity", 12.8, 15.0, 9120, True, 16.0, "5-gram")
    page = page_of(judged(whole, metric))
    tiles = page.texts("div", **{"class": "tile"})
    assert tiles[:2] == [
        "perplexity 12.80 passed at most 15.00",
        "ahead of baseline 20 % 5-gram 16.00",
    ]
    assert "16.00, 5-gram; the model is 20 % lower" in page.texts("dd")
    assert "at most" in page.texts("dt")
    failed = page_of(judged(whole, replace(metric, floor=12.0)))
    assert failed.texts("div", **{"class": "tile"})[0] == "perplexity 12.80 failed at most 12.00"


def test_a_baseline_that_is_better_is_marked(whole):
    metric = replace(whole.artefact.metric, baseline=0.99, baseline_name="a rule")
    tiles = page_of(judged(whole, metric)).texts("div", **{"class": "tile"})
    assert "behind baseline 0.4 % no gain a rule 0.9900" in tiles


def test_each_exhibit_is_shown_with_its_title_and_note(whole, exhibits):
    page = page_of(replace(whole, exhibits=exhibits))
    assert page.texts("h4")[-4:] == ["Hit rate", "By length", "Masks", "Samples"]
    assert {"Of all users.", "Amber.", "Greedy."} <= set(page.texts("figcaption"))
    assert page.texts("li")[-3:] == ["model", "rule", "asked for (0.8)"]
    assert page.texts("th", scope="row").count("best") == 1


def test_the_white_space_of_a_passage_is_kept(whole, exhibits):
    page = page_of(replace(whole, exhibits=exhibits))
    cells = [e for e in page.all("td") if "data-column" in e["attrs"]]
    assert [e["text"] for e in cells] == ["Once", " upon\n  a <time>"]
    assert [e["attrs"]["data-column"] for e in cells] == ["prompt", "answer"]


@pytest.mark.parametrize(
    "empty", [Bars("t", "x", ()), Lines("t", "x", "y", ()), Passages("t", ("a",), ())]
)
def test_an_exhibit_without_content_says_so(whole, empty):
    page = page_of(replace(whole, exhibits=(empty,)))
    assert "There is nothing to show." in page.texts("p")


def test_neighbours_of_a_kind_are_laid_out_together(whole, exhibits):
    lines, bars, pictures, passages = exhibits
    page = page_of(replace(whole, exhibits=(lines, bars, pictures, bars, passages, passages)))
    kinds = [e["attrs"]["class"] for e in page.all("div", **{"class": "exhibits"})]
    assert kinds == ["exhibits chart", "exhibits album", "exhibits chart", "exhibits readings"]


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
