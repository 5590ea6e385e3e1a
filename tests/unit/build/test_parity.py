from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.build.parity import Rung, batch_sizes, compare
from slipway.errors import ParityError
from slipway.folder import open_model
from slipway.recipe import Serving

MODELS = Path(__file__).parents[2] / "data" / "model_repo"

POINTS = {"point": np.arange(20, dtype=np.float32).reshape(5, 4)}


def right(inputs):
    return {"scores": inputs["point"][:, :3] * 2}


def test_every_size_is_compared_with_pytorch_and_the_largest_row_by_row(tiny):
    ladder = [Rung("onnx", right, 1e-5, 1e-5)]
    results = list(compare(POINTS, right(POINTS), ladder, tiny.recipe))
    assert [r.batch for r in results if r.reference == "PyTorch"] == list(batch_sizes(tiny.recipe))
    assert [r.batch for r in results if r.reference != "PyTorch"] == [8]
    assert all(r.difference == 0 for r in results)


def off_at_seven(inputs):
    return {"scores": right(inputs)["scores"] + (len(inputs["point"]) == 7) * 1e-3}


def mixes_rows(inputs):
    answer = right(inputs)["scores"]
    return {"scores": answer + 1e-3 * (len(answer) == 1)}


def not_a_number(inputs):
    return {"scores": right(inputs)["scores"] * np.nan}


def one_row_short(inputs):
    return {"scores": right(inputs)["scores"][:1]}


@pytest.mark.parametrize("form", [off_at_seven, mixes_rows, not_a_number, one_row_short])
def test_a_form_that_differs_at_any_size_is_refused(tiny, form):
    with pytest.raises(ParityError, match="differs from"):
        list(compare(POINTS, right(POINTS), [Rung("onnx", form, 1e-5, 1e-5)], tiny.recipe))


def rounded(inputs):
    """Scores that are nearly right, and classes of which one is another."""
    scores = right(inputs)["scores"] + np.float32(0.01)
    return {"scores": scores, "class": np.zeros(len(scores), np.int64)}


def test_of_a_form_that_is_not_exact_the_distance_of_numbers_counts_within_its_own_tolerance(tiny):
    reference = {**right(POINTS), "class": np.arange(5)}
    lossy = Rung("int8", rounded, 0.02, 0.003, exact=False)
    results = list(compare(POINTS, reference, [lossy], tiny.recipe))
    assert {r.tolerance for r in results if r.reference == "PyTorch"} == {0.02}
    assert {r.tolerance for r in results if r.reference != "PyTorch"} == {0.003}
    assert max(result.difference for result in results) == pytest.approx(0.01, rel=1e-3)
    for wrong in (replace(lossy, tolerance=0.005), replace(lossy, exact=True)):
        with pytest.raises(ParityError, match="int8 model differs"):
            list(compare(POINTS, reference, [wrong], tiny.recipe))


@given(most=st.integers(1, 64))
def test_sizes_hold_one_and_the_most_and_stay_within(most):
    serving = Serving(max_batch_size=most, batch_buckets=tuple(sorted({1, most})))
    sizes = batch_sizes(replace(open_model("tiny", MODELS).recipe, serving=serving))
    assert sizes[0] == 1
    assert sizes[-1] == most
    assert most < 5 or set(sizes) - {1, most}
