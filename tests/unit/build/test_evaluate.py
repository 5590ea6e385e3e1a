from dataclasses import replace

import numpy as np
import pytest

from slipway.artefact import MetricResult
from slipway.build.evaluate import (
    evaluate,
    read_evaluation,
    write_evaluation,
)
from slipway.build.parity import Rung
from slipway.build.text import preparation
from slipway.dataset import SHIPPED, Data, Split
from slipway.errors import GateError
from slipway.exhibits import Passages
from slipway.questions import QUESTIONS_FILE, Questions
from slipway.recipe import Metric

TEXTS = np.array([["rain"], ["oven"], ["the wind"], ["a pan"]], dtype=object)
DATA = Data(train=Split({"text": TEXTS}, np.array([0, 0, 0, 1])),
            holdout=Split({"text": TEXTS}, np.array([0, 1, 0, 1])))  # fmt: skip
RIGHT = np.float32([[1, 0], [0, 1], [1, 0], [0, 1]])


def form_of(folder, scores):
    """A form that looks its answer up by the tokens of a text."""
    known = [tokens_of(row) for row in preparation(folder, SHIPPED)({"text": TEXTS})["input_ids"]]

    def answer(inputs):
        return {"scores": scores[[known.index(tokens_of(row)) for row in inputs["input_ids"]]]}

    return answer


def tokens_of(row):
    """Token ids without the padding."""
    return [*filter(None, row.tolist())]


def judged(folder, scores=RIGHT, **metric):
    wanted = replace(folder.recipe, metric=Metric("accuracy", **{"floor": 0.5, **metric}))
    form = form_of(folder, np.float32(scores))
    reference = {"scores": np.float32(scores)}
    folder = replace(folder, recipe=wanted)
    return evaluate(folder, SHIPPED, DATA, reference, [Rung("optimised", form, 1e-4, 1e-4)])


def test_the_packaged_file_is_judged_beside_its_baseline_and_shown(tiny_text):
    found = judged(tiny_text)
    assert (found.metric.value, found.metric.baseline) == (1.0, 0.5)
    assert found.metric.baseline_name == "the commoner class"
    assert found.metric.lead == 1.0
    assert found.metric.figures["macro F1"] == 1.0
    assert isinstance(found.exhibits[0], Passages)
    assert found.exhibits[0].rows[0] == ("rain", "0")


def test_a_model_that_is_hardly_better_than_its_baseline_is_refused(tiny_text):
    one_wrong = np.float32([[1, 0], [0, 1], [1, 0], [1, 0]])  # three of four, where two are free
    assert judged(tiny_text, one_wrong, lead=0.5).metric.lead == 0.5
    with pytest.raises(GateError, match=r"too near the 0\.5000 of the commoner class.*nothing was"):
        judged(tiny_text, one_wrong, lead=0.6)


def test_a_model_under_its_floor_is_refused_whatever_its_baseline(tiny_text):
    with pytest.raises(GateError, match=r"is 1\.0000: .*1\.1 at least"):
        judged(tiny_text, floor=1.1)


def test_where_lower_is_better_the_floor_is_a_ceiling_and_the_lead_turns_round():
    result = MetricResult("perplexity", 3.0, 4.0, 9, lower_is_better=True, baseline=5.0)
    assert result.reached
    assert result.lead == pytest.approx(0.4)
    assert not replace(result, value=4.5).reached
    assert replace(result, baseline=None).lead is None
    assert replace(result, baseline=0.0).lead == -np.inf


def test_text_is_written_without_pickle_and_read_back(tiny_text, tmp_path):
    evaluation = judged(tiny_text)
    write_evaluation(
        tmp_path,
        evaluation,
        Questions({"text": TEXTS}, {"scores": RIGHT}, DATA.holdout.targets, "accuracy", False),
    )
    assert read_evaluation(tmp_path) == evaluation
    back = Questions.read(tmp_path / QUESTIONS_FILE)
    assert (back.metric, back.exact) == ("accuracy", False)
    assert back.inputs["text"].dtype == object
    assert np.array_equal(back.inputs["text"], TEXTS)
    assert np.array_equal(back.reference["scores"], RIGHT)
    with np.load(tmp_path / "holdout.npz", allow_pickle=False) as plain:
        assert set(plain.files) == {
            *("input/text", "reference/scores", "targets", "metric", "exact")
        }
