"""Values of a report survive the way through a file, and nothing else passes for one."""

import json
import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.artefact import Artefact, FileEntry, MetricResult, ParityResult
from slipway.errors import IntegrityError, NotFound
from slipway.exhibits import Bars, Passages
from slipway.files import readable_json
from slipway.metrics.scores import Scores
from slipway.report.content import (
    ModelReport,
    Released,
    StepRecord,
    read_report,
    write_model_report,
)
from slipway.results import AccuracyResult, CheckResult, LoadPoint, PerfResult

numbers = st.floats(allow_nan=False, allow_infinity=False)
texts = st.text(max_size=12)
counts = st.integers(0, 10**9)
versions = st.dictionaries(texts, texts, max_size=3)
hashes = st.text("0123456789abcdef", min_size=64, max_size=64)

artefacts = st.builds(
    Artefact,
    model=texts,
    title=texts,
    files=st.tuples(
        st.builds(FileEntry, st.just("golden.json"), counts, hashes),
        st.builds(FileEntry, st.just("model/config.pbtxt"), counts, hashes),
    ),
    serving=st.dictionaries(texts, st.lists(texts, max_size=2) | counts, max_size=2),
    metric=st.builds(
        MetricResult,
        texts,
        numbers,
        numbers,
        counts,
        st.booleans(),
        st.none() | numbers,
        texts,
        st.dictionaries(texts, numbers, max_size=2),
    ),
    parity=st.lists(
        st.builds(ParityResult, texts, texts, counts, numbers, numbers), max_size=2
    ).map(tuple),
    built_with=versions,
    git_revision=texts,
)
points = st.builds(
    LoadPoint,
    *([counts] + [numbers] * 9 + [counts] * 2 + [st.booleans()]),
    st.lists(numbers, max_size=4).map(tuple),
)
reports = st.builds(
    ModelReport,
    artefact=artefacts,
    scores=st.none()
    | st.builds(
        Scores, numbers, counts, st.lists(st.tuples(counts, counts), max_size=2).map(tuple)
    ),
    exhibits=st.lists(
        st.builds(Bars, texts, texts, st.lists(st.tuples(texts, numbers), max_size=2).map(tuple))
        | st.builds(
            Passages, texts, st.just(("a",)), st.lists(st.tuples(texts), max_size=2).map(tuple)
        ),
        max_size=2,
    ).map(tuple),
    labels=st.lists(texts, max_size=3).map(tuple),
    accuracy=st.none()
    | st.builds(AccuracyResult, texts, numbers, counts, numbers | st.just(math.inf), numbers),
    smoke=st.lists(
        st.builds(CheckResult, texts, texts, st.booleans(), texts, numbers), max_size=2
    ).map(tuple),
    perf=st.none()
    | st.builds(
        PerfResult, texts, texts, texts, counts, texts, st.lists(points, max_size=2).map(tuple)
    ),
    steps=st.lists(st.builds(StepRecord, texts, st.booleans(), numbers, texts), max_size=2).map(
        tuple
    ),
    release=st.none() | st.builds(Released, texts, counts),
    server=versions,
    recorded=texts,
)


@given(reports)
def test_a_report_is_the_same_after_a_file(report):
    assert ModelReport.from_json(json.loads(readable_json(report.to_json()))) == report


def test_reports_of_a_folder_come_in_alphabetical_order(whole, tmp_path):
    other = replace(whole, artefact=replace(whole.artefact, model="embedder"))
    assert write_model_report(tmp_path, whole).name == "image_classifier.json"
    write_model_report(tmp_path, other)
    assert read_report(tmp_path).models == (other, whole)


@pytest.mark.parametrize("content", [b"", b"{", b"null", b"[]", b'{"schema": 1}'])
def test_a_file_that_is_no_report_is_named(content, tmp_path):
    (tmp_path / "broken.json").write_bytes(content)
    with pytest.raises(IntegrityError, match=r"broken\.json"):
        read_report(tmp_path)


def test_a_schema_of_the_future_is_refused(whole):
    with pytest.raises(IntegrityError, match="schema 2 is not known"):
        ModelReport.from_json({**whole.to_json(), "schema": 2})


def test_exhibits_of_every_kind_survive_a_file(whole, exhibits, tmp_path):
    shown = replace(whole, exhibits=exhibits)
    write_model_report(tmp_path, shown)
    assert read_report(tmp_path).models == (shown,)


def test_a_file_from_before_there_were_exhibits_can_be_read(whole):
    value = whole.to_json()
    del value["exhibits"]
    assert ModelReport.from_json(value) == whole


@pytest.mark.parametrize(
    "exhibit",
    [
        {"kind": "sculpture", "title": "t"},
        {"kind": "bars", "title": "t"},
        {"kind": "passages", "title": "t", "columns": ["a", "b"], "rows": [["one"]], "note": ""},
    ],
)
def test_an_exhibit_that_cannot_be_shown_is_refused(whole, exhibit):
    with pytest.raises(IntegrityError, match="not a model's report"):
        ModelReport.from_json({**whole.to_json(), "exhibits": [exhibit]})


def test_a_folder_without_reports_says_how_to_get_one(tmp_path):
    with pytest.raises(NotFound, match="make demo"):
        read_report(tmp_path)
