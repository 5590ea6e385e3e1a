import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from slipway.errors import RecipeError
from slipway.tensors import (
    NUMPY_OF,
    TensorSpec,
    datatype_of,
    farthest,
    from_bytes,
    from_json,
    max_difference,
    to_bytes,
    to_json,
)

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)


def elements(name):
    if name == "BYTES":
        return TEXT
    return {"allow_nan": False, "allow_infinity": False} if name[:2] == "FP" else None


ARRAYS = st.sampled_from(sorted(NUMPY_OF)).flatmap(
    lambda name: hnp.arrays(
        NUMPY_OF[name],
        hnp.array_shapes(max_dims=3, max_side=4),
        elements=elements(name),
        fill=st.nothing(),
    )
)


@given(array=ARRAYS)
def test_a_tensor_survives_json_exactly(array):
    back = from_json(json.loads(json.dumps(to_json("x", array))))
    assert back.dtype == array.dtype
    assert np.array_equal(back, array)


@given(array=ARRAYS)
def test_a_tensor_survives_the_wire_exactly(array):
    back = from_bytes(to_bytes(array), datatype_of(array), array.shape)
    assert back.dtype == array.dtype
    assert np.array_equal(back, array)


def test_text_differs_as_a_whole():
    want = {"y": np.array([["rain"]], dtype=object)}
    assert max_difference(want, {"y": np.array([["rain"]], dtype=object)}) == 0
    assert max_difference(want, {"y": np.array([["Rain"]], dtype=object)}) == float("inf")


def test_the_difference_is_the_largest_and_infinite_where_it_cannot_be_taken():
    want = {"y": np.float32([[1, 2], [3, 4]])}
    assert max_difference(want, {"y": np.float32([[1, 2], [3, 4.5]])}) == 0.5
    for wrong in ({}, {"y": np.float32([[1, 2]])}, {"y": np.float32([[1, 2], [3, np.nan]])}):
        assert max_difference(want, wrong) == float("inf")
    assert max_difference({"y": np.zeros((0, 2))}, {"y": np.zeros((0, 2))}) == 0


def test_the_farthest_row_is_the_one_that_differs_most_from_the_first():
    answers = {"y": np.float32([[0, 0], [1, 0], [0, -3], [2, 2]]), "class": np.arange(4) % 2}
    assert farthest(answers) == 2
    assert farthest({"y": np.zeros((3, 2))}) == 0


@given(
    declared=st.lists(st.one_of(st.just("n"), st.integers(1, 3)), max_size=3).map(tuple),
    got=st.lists(st.integers(1, 3), max_size=4),
)
def test_a_declaration_accepts_what_matches_dimension_by_dimension(declared, got):
    matches = len(got) == len(declared) + 1 and all(
        want in ("n", size) for want, size in zip(declared, got[1:], strict=False)
    )
    assert TensorSpec("x", "FP32", declared).accepts(got) == matches


def test_a_type_that_triton_has_not_is_refused():
    with pytest.raises(RecipeError, match="complex64"):
        datatype_of(np.zeros(1, np.complex64))
