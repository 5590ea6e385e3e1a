"""What the page of results says of targets, for models that reach them and that do not."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.variants_parts.targets import targets
from slipway.build.optimise.rivals import EAGER
from slipway.variants import Interval, Measured, Rival, Study, Timing, Verdict

ROOT = Path(__file__).parents[3]
SAME = Interval(0.0, 0.0, 0.0)
BATCHES = (1, 4, 16)


def timings(*speedups):
    """Beside a baseline of 8 ms."""
    pairs = zip(BATCHES, speedups, strict=True)
    return tuple(Timing(batch, (0.008 / factor,) * 6, (0.008,) * 6) for batch, factor in pairs)


@pytest.fixture
def compared():
    def of(*, chosen, eager, compiled, student, keeps=0.9, hardware="1 x P (amx_int8)"):
        return Study(
            hardware=hardware,
            objective="latency",
            metric="accuracy",
            lower_is_better=False,
            baseline=Measured("onnx", ("trained",), 100, 1.0, SAME, timings(1, 1, 1)),
            rivals=(Rival(EAGER, timings(*eager)), Rival("compiled", timings(*compiled))),
            outcomes=(
                Measured("int8", ("trained",), 50, 1.0, SAME, timings(*chosen)),
                Measured("distil", ("distilled",), 50, keeps, SAME, timings(*student)),
            ),
            verdicts=(
                Verdict("int8", kept=True, reason="fast"),
                Verdict("distil", kept=True, reason="fast"),
            ),
            chosen="int8",
        )

    return of


def cells(studies, name):
    row = next(line for line in targets(studies) if line.startswith(f"| {name} |"))
    return [cell.strip() for cell in row.strip("|").split("|")]


def test_a_model_that_reaches_all_of_its_targets_misses_nothing(compared):
    study = compared(
        chosen=(4, 4, 4), eager=(1, 0.8, 1), compiled=(2, 1, 3), student=(2, 2, 2), keeps=0.98
    )
    assert cells({"text_classifier": study}, "text_classifier") == [
        *("text_classifier", "yes", "4.0 / 5.0 / 4.0", "2.0 / 4.0 / 1.3"),
        *("2.0 / 2.0 / 2.0", "98.0 %", "nothing"),
    ]


def test_each_target_that_is_missed_is_named_with_its_batch_sizes(compared):
    study = compared(
        chosen=(4, 3, 2), eager=(1, 1, 1), compiled=(1, 1, 3), student=(2, 1.5, 1), hardware="P"
    )
    said = cells({"recommender": study}, "recommender")
    assert said[1] == "no"
    assert said[-1] == (
        "4 times eager FP32 at batch 4, 16; 1.3 times the best of PyTorch at batch 16; "
        "a student twice as fast at batch 4, 16; 97 % of the metric: 90.0 %"
    )


def test_the_same_speeds_may_be_enough_for_another_model(compared):
    study = compared(
        chosen=(3, 3, 3), eager=(1, 1, 1), compiled=(2, 2, 2), student=(2, 2, 2), keeps=1.0
    )
    assert cells({"image_segmenter": study}, "image_segmenter")[-1] == "nothing"
    assert "4 times" in cells({"recommender": study}, "recommender")[-1]


def test_the_page_is_written_again_from_what_was_kept(compared, tmp_path):
    study = compared(chosen=(4, 4, 4), eager=(1, 1, 1), compiled=(2, 2, 2), student=(2, 2, 2))
    kept = tmp_path / "kept.json"
    kept.write_text(json.dumps({"recommender": {"study": study.to_json()}}))
    page = tmp_path / "page.md"
    command = ["benchmarks/variants.py", "--no-measure", "--output", kept, "--table", page]
    subprocess.run([sys.executable, *command], cwd=ROOT, check=True)
    assert "## recommender" in page.read_text()
