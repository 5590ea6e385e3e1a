"""What a report says of variants: the table, the picture, and the same in the terminal."""

import io
from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest
from rich.console import Console

from benchmarks.variants_parts.markdown import document
from scripts.build_parts.comparison import show
from slipway.artefact import Artefact, FileEntry
from slipway.report.comparison import comparison, latencies
from slipway.report.content import Report
from slipway.report.page import render
from slipway.variants import Failed, Interval, Measured, Rival, Study, Timing, Untried, Verdict
from tests.engines import spec


def timings(speed):
    return tuple(Timing(batch, (0.01 / speed,) * 9, (0.01,) * 9) for batch in (1, 4, 16))


def measured(name, speed, drop=0.0):
    of_drop = Interval(drop - 0.002, drop, drop + 0.004)
    return Measured(
        name, ("trained", f"made as {name}"), 2_000_000, 0.95 - drop, of_drop, timings(speed)
    )


@pytest.fixture
def study():
    return Study(
        hardware="2 x Some Processor (avx2)",
        objective="latency",
        metric="hit_rate",
        lower_is_better=False,
        baseline=measured("onnx", 1.0),
        rivals=(
            Rival("PyTorch eager FP32", timings(0.5)),
            Rival("PyTorch compiled FP32", (), "PyTorch compiled FP32 cannot be had: no compiler"),
        ),
        outcomes=(
            measured("int8_dynamic", 3.0, 0.004),
            measured("fp16", 0.25),
            Failed("graph", "nothing | fused"),
            Untried("prune+fp16", "the time was spent"),
        ),
        verdicts=(
            Verdict("int8_dynamic", kept=True, reason="3.00x (3.00-3.00) at batch 1"),
            Verdict("fp16", kept=False, reason="slower at batch 1: 0.25x (0.25-0.25)"),
            Verdict("graph", kept=False, reason="nothing | fused"),
            Verdict("prune+fp16", kept=False, reason="the time was spent"),
        ),
        chosen="int8_dynamic",
    )


def test_every_system_has_its_line_and_every_measured_one_a_dot(study):
    shown = comparison(study, name="m")
    assert [(line.name, line.state, line.number) for line in shown.lines] == [
        ("PyTorch eager FP32", "rival", None),
        ("PyTorch compiled FP32", "rival", None),
        ("onnx", "baseline", 1),
        ("int8_dynamic", "chosen", 2),
        ("fp16", "dropped", 3),
        ("graph", "dropped", None),
        ("prune+fp16", "dropped", None),
    ]
    picture = ET.fromstring(str(shown.picture))
    assert "3 variants" in picture.get("aria-label")
    texts = [each.text for each in picture.iter() if each.tag.endswith("text")]
    assert {"1", "2", "3", "ms at batch 1", "hit rate"} <= set(texts)


def test_a_dot_lies_where_its_gain_puts_it_also_when_it_was_timed_at_a_slow_hour(study):
    slow = tuple(Timing(batch, (0.02,) * 9, (0.04,) * 9) for batch in (1, 4, 16))
    late = replace(measured("distil", 2.0), timings=slow)
    hours = replace(study, outcomes=(*study.outcomes[:2], late))
    assert latencies(hours) == pytest.approx([10.0, 10.0 / 3, 40.0, 5.0])


def test_the_page_shows_the_comparison_where_there_is_one(study, whole):
    with_study = replace(whole, artefact=replace(whole.artefact, study=study))
    page = render(Report((with_study,)))
    assert "Which variant is served" in page
    assert "0.4 points<br>" in page
    assert ">0.2 to 0.8<" in page
    assert "slower at batch 1: 0.25x" in page
    assert "2 x Some Processor (avx2)" in page
    assert "Which variant is served" not in render(Report((whole,)))


def test_the_page_shows_which_engines_are_offered(study, whole):
    def page(*engines):
        source = FileEntry("typed/fp16.onnx", 3, "4d" * 32)
        artefact = replace(whole.artefact, files=(*whole.artefact.files, source), study=study,
                           engines=engines)  # fmt: skip
        return render(Report((replace(whole, artefact=artefact),)))

    offering = page(spec())
    assert "TensorRT engines offered to servers with a GPU" in offering
    row = next(line for line in offering.splitlines() if '<th scope="row">fp16</th>' in line)
    assert row.count("typed/fp16.onnx") == 1
    assert '<td class="num">2</td>' in row
    assert "None was built here." in offering
    assert "No TensorRT engine is offered" in page()


def test_a_manifest_carries_the_comparison_and_old_ones_are_still_read(study, whole):
    artefact = replace(whole.artefact, study=study)
    assert Artefact.from_json(artefact.to_json()) == artefact
    old = whole.artefact.to_json()
    del old["study"]
    assert Artefact.from_json(old).study is None


def test_the_terminal_says_the_same_in_lines_that_are_not_folded(study):
    said = io.StringIO()
    show(study, Console(file=said, width=128))
    lines = said.getvalue().splitlines()
    row = next(line for line in lines if line.startswith("int8_dynamic"))
    assert row.split() == [
        *("int8_dynamic", "2.0", "MB", "0.9460", "0.4", "points"),
        *("3.00x", "(3.00-3.00)") * 3,
        "chosen",
    ]
    assert "  dropped  fp16: slower at batch 1: 0.25x (0.25-0.25)" in lines
    assert "  missing  PyTorch compiled FP32 cannot be had: no compiler" in lines


def test_the_document_compares_the_choice_with_eager_and_with_the_best_of_pytorch(study):
    text = document({"some_model": study})
    row = next(line for line in text.splitlines() if line.startswith("| some_model"))
    assert row.endswith("| 6.0 / 6.0 / 6.0 | 6.0 / 6.0 / 6.0 | 3.0 / 3.0 / 3.0 |")
    assert r"dropped: nothing \| fused" in text
    table = [line for line in text.partition("## some_model")[2].splitlines() if line[:1] == "|"]
    unescaped = [line.replace(r"\|", "").count("|") for line in table]
    assert len(set(unescaped)) == 1
