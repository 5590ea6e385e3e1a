from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from slipway.build.padding import extend, trim
from slipway.folder import open_model
from slipway.tensors import TensorSpec
from tests.unit.build.conftest import TINY

SPECS = (
    TensorSpec("ids", "INT64", ("items", "tokens"), fill=0),
    TensorSpec("weights", "FP32", ("items", 2), fill=-1.0),
)
RECIPE = replace(
    open_model("tiny", TINY.parent).recipe,
    inputs=SPECS,
    outputs=(TensorSpec("scores", "FP32", (3,)),),
)


@st.composite
def batches(draw):
    """Arrays whose largest row uses `items` x `tokens` of them."""
    rows, items, tokens = draw(st.integers(1, 3)), draw(st.integers(1, 4)), draw(st.integers(1, 5))
    ids = np.zeros((rows, items, tokens), np.int64)
    ids[:, 0, 0] = 1
    ids[0, items - 1, tokens - 1] = 7
    weights = np.full((rows, items, 2), -1.0, np.float32)
    weights[:, 0] = 0.5
    return {"ids": ids, "weights": weights}


@given(batch=batches(), by=st.integers(0, 5))
def test_what_was_padded_is_trimmed_back(batch, by):
    padded = extend(batch, SPECS, by)
    assert padded["ids"].shape[1:] == tuple(size + by for size in batch["ids"].shape[1:])
    assert padded["weights"].shape[1:] == (batch["weights"].shape[1] + by, 2)
    trimmed = trim(padded, RECIPE)
    assert all(np.array_equal(trimmed[name], batch[name]) for name in batch)
    assert all(array.flags.c_contiguous for array in trimmed.values())


def test_a_dimension_stays_as_long_as_any_input_uses_it():
    ids = np.zeros((1, 3, 2), np.int64)
    weights = np.full((1, 3, 2), -1.0, np.float32)
    weights[0, 2] = 0.0
    trimmed = trim({"ids": ids, "weights": weights}, RECIPE)
    assert trimmed["ids"].shape == (1, 3, 1)
    assert trimmed["weights"].shape == (1, 3, 2)


def test_all_padding_leaves_one_entry():
    empty = extend({"ids": np.zeros((2, 1, 1), np.int64),
                    "weights": np.full((2, 1, 2), -1.0, np.float32)}, SPECS, 4)  # fmt: skip
    assert trim(empty, RECIPE)["ids"].shape == (2, 1, 1)


def test_a_dimension_that_outputs_have_too_is_left_as_it_is():
    per_token = replace(RECIPE, outputs=(TensorSpec("scores", "FP32", ("tokens", 3)),))
    ids = np.zeros((1, 4, 6), np.int64)
    weights = np.full((1, 4, 2), -1.0, np.float32)
    assert trim({"ids": ids, "weights": weights}, per_token)["ids"].shape == (1, 1, 6)
