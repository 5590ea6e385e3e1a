from dataclasses import replace

import numpy as np
import pytest

from slipway.build.optimise.catalogue import BASE, Kind
from slipway.build.optimise.drop import Judged
from slipway.build.optimise.judgement import HEADROOM, Judgement, judgement
from slipway.errors import VariantError
from slipway.folder import open_model
from tests.unit.build.conftest import TINY

POINTS = {"point": np.random.default_rng(0).normal(size=(40, 4)).astype(np.float32)}
LOSSY = Kind("lossy", "plain")


def right(inputs):
    return {"scores": 2 * inputs["point"][:, :3]}


def off(by, when=lambda _inputs: True):
    """Scores that are off by a number, and classes that are wrong, which have no distance."""

    def form(inputs):
        scores = right(inputs)["scores"] + np.float32(by * when(inputs))
        return {"scores": scores, "class": np.zeros(len(scores), np.int64)}

    return form


def alone(inputs):
    return len(inputs["point"]) == 1


def padded(inputs):
    return inputs["point"].shape[1] > 4


def judged(form, *otherwise, kind=LOSSY, recipe=None):
    reference = right(POINTS)
    return judgement(
        kind, form, otherwise,
        held_out=POINTS, targets=reference["scores"].argmax(axis=1),
        reference={**reference, "class": np.ones(40, np.int64)},
        recipe=recipe or open_model("tiny", TINY.parent).recipe,
    )  # fmt: skip


def test_a_form_is_held_against_pytorch_and_against_itself():
    said = judged(off(0.3), off(0.28))
    assert said.judged.value == 1.0
    assert said.deviation == pytest.approx(0.3, abs=1e-6)
    assert said.spread == pytest.approx(0.02, abs=1e-6)
    gaps = np.abs(right(POINTS)["scores"] - right(POINTS)["scores"][0])
    assert said.contrast == pytest.approx(gaps.max(), abs=1e-5)
    assert said.tolerances(LOSSY, 1e-4) == (HEADROOM * said.deviation, HEADROOM * said.spread)


def test_one_that_answers_the_same_however_it_is_asked_may_not_differ_at_all():
    assert judged(off(0.3), off(0.3)).tolerances(LOSSY, 1e-4)[1] == 1e-4


def test_rows_alone_and_padded_rows_are_ways_to_ask():
    assert judged(off(0.2, when=alone)).spread == pytest.approx(0.2, abs=1e-6)
    assert judged(off(0.2, when=padded)).spread == 0  # nothing varies
    recipe = open_model("tiny", TINY.parent).recipe
    (point,) = recipe.inputs
    varying = replace(recipe, inputs=(replace(point, shape=("size",)),))
    assert judged(off(0.2, when=padded), recipe=varying).spread == pytest.approx(0.2, abs=1e-6)


def test_what_is_computed_in_16_bits_only_where_it_can_may_answer_as_pytorch():
    half = Kind("half", "plain", half=True)
    pytorch, own = judged(off(0.3), off(0.28), kind=half).tolerances(half, 1e-4)
    assert own == pytorch == pytest.approx(HEADROOM * 0.3, abs=1e-5)


def test_an_exact_kind_is_held_against_pytorch_alone():
    said = judged(right, off(0.5), kind=BASE)
    assert (said.deviation, said.spread) == (0, 0)
    assert said.tolerances(BASE, 1e-4) == (1e-4, 1e-4)
    with pytest.raises(VariantError, match=r"differ from PyTorch's by 2\.0*e-04"):
        Judgement(Judged(1.0, ()), 2e-4, 0.0, 1.0).tolerances(BASE, 1e-4)


def test_a_tolerance_in_which_one_answer_is_right_for_two_examples_is_refused():
    unsteady = Judgement(Judged(1.0, ()), 0.1, spread=0.25, contrast=1.0)
    with pytest.raises(VariantError, match="could not be told from wrong ones") as caught:
        unsteady.tolerances(LOSSY, 1e-4)
    assert "they differ by 0.25" in str(caught.value)
    assert replace(unsteady, spread=0.24).tolerances(LOSSY, 1e-4)[1] == 0.48


def test_answers_that_are_no_numbers_are_refused():
    with pytest.raises(VariantError, match="not all numbers"):
        judged(off(np.nan))


def test_what_was_judged_reads_back():
    said = Judgement(Judged(0.5, (0.4, 0.6)), 0.1, 0.2, 3.0)
    value = {"judged": {"value": 0.5, "without": [0.4, 0.6]}, "deviation": 0.1, "spread": 0.2,
             "contrast": 3.0}  # fmt: skip
    assert Judgement.from_json(value) == said
