from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.build.parity import batch_sizes, compare
from slipway.errors import ParityError
from slipway.folder import open_model
from slipway.recipe import Serving

MODELS = Path(__file__).parents[2] / "data" / "model_repo"

POINTS = {"point": np.arange(20, dtype=np.float32).reshape(5, 4)}


def right(inputs):
    return {"scores": inputs["point"][:, :3] * 2}


def test_every_size_is_compared_with_pytorch_and_the_largest_row_by_row(tiny):
    results = list(compare(POINTS, right(POINTS), {"onnx": right}, tiny.recipe))
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
        list(compare(POINTS, right(POINTS), {"onnx": form}, tiny.recipe))


@given(most=st.integers(1, 64))
def test_sizes_hold_one_and_the_most_and_stay_within(most):
    serving = Serving(max_batch_size=most, batch_buckets=tuple(sorted({1, most})))
    sizes = batch_sizes(replace(open_model("tiny", MODELS).recipe, serving=serving))
    assert sizes[0] == 1
    assert sizes[-1] == most
    assert most < 5 or set(sizes) - {1, most}
