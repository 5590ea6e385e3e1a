from dataclasses import replace

from slipway.report.content import ModelReport, Report
from slipway.report.page import render
from slipway.report.verdict import judge
from tests.unit.report.conftest import stream_point


def with_points(model, *points):
    return replace(model, streams=replace(model.streams, points=points))


def test_streams_survive_json(generator):
    assert ModelReport.from_json(generator.to_json()) == generator


def test_a_report_written_before_there_were_streams_is_still_read(whole):
    written = whole.to_json()
    del written["streams"]
    assert ModelReport.from_json(written) == whole


def test_a_generator_lacks_nothing_and_its_texts_are_not_held_against_the_floor(generator):
    assert judge(generator).mark == "passed"
    otherwise = replace(generator.accuracy, value=0.9, difference=float("inf"))
    assert judge(replace(generator, accuracy=otherwise)).failed == (
        "the served answers differ by \N{INFINITY}",
    )


def test_errors_and_unrest_of_streams_count_as_those_of_requests(generator):
    failed = judge(with_points(generator, stream_point(8, 2000.0, errors=2))).failed
    assert failed == ("2\N{NO-BREAK SPACE}requests failed under load",)
    doubtful = judge(with_points(generator, stream_point(4, 900.0, stable=False))).doubtful
    assert doubtful == ("throughput unstable at concurrency 4",)


def test_the_page_tells_tokens_and_what_a_reader_waits_for(generator):
    page = render(Report((generator,)))
    assert "tokens/s" in page
    assert page.index("1,484") < page.index(">2,033<")  # the fewest streams first
    for said in ("first token, p50", "next token, p99", "same text", "all streams together"):
        assert said in page
    assert "The speed was not measured yet" not in page


def test_beside_other_models_its_figures_say_what_they_are(generator, whole):
    other = replace(whole, artefact=replace(whole.artefact, model="another"))
    page = render(Report((other, generator)))
    assert 'class="soft">tokens</span>' in page
    assert 'class="soft">first</span>' in page
