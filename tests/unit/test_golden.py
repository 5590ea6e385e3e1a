import json

import numpy as np
import pytest
from hypothesis import given

from slipway.errors import IntegrityError
from slipway.golden import Golden, Right
from tests.unit.test_tensors import ARRAYS

X = np.float32([[1], [2]])
GOLDEN = Golden({"x": X}, {"y": X}, 0.1, engines={"int8": Right({"y": X + 5}, 1.0)})


@given(array=ARRAYS)
def test_a_golden_request_survives_json(array):
    golden = Golden({"x": array}, {"y": array}, 1e-4, True, {"fp16": Right({"y": array}, 0.5)})
    back = Golden.from_json(json.loads(json.dumps(golden.to_json())))
    for right in (back.right, back.engines["fp16"]):
        assert right.difference({"y": array}).largest == 0
    assert (back.tolerance, back.engines["fp16"].tolerance, back.stream) == (1e-4, 0.5, True)


def test_one_that_was_written_before_engines_answered_for_themselves_is_read():
    value = GOLDEN.to_json()
    del value["engines"]
    assert Golden.from_json(value).engines == {}


@pytest.mark.parametrize(
    "value",
    [
        {},
        {"request": 3},
        {"tolerance": "x", "request": {"inputs": []}},
        {**GOLDEN.to_json(), "engines": ["int8"]},
        {**GOLDEN.to_json(), "engines": {"int8": {}}},
    ],
)
def test_what_is_no_golden_request_is_refused(value):
    with pytest.raises(IntegrityError):
        Golden.from_json(value)


@pytest.mark.parametrize(
    ("off", "largest", "allowed", "within"),
    [
        (0.0, 0.0, 0.1, True),
        (0.05, 0.05, 0.1, True),
        (0.2, 0.2, 0.1, False),
        (4.5, 0.5, 1.0, True),
        (5.9, 0.9, 1.0, True),
        (6.5, 1.5, 1.0, False),
        (2.0, 3.0, 1.0, False),  # between the two, and neither
    ],
)
def test_an_answer_is_right_where_it_is_near_to_one_that_a_server_may_give(
    off, largest, allowed, within
):
    difference = GOLDEN.difference({"y": X + np.float32(off)})
    assert difference.largest == pytest.approx(largest, abs=1e-6)
    assert (difference.allowed, difference.within) == (allowed, within)


def test_whole_numbers_are_those_of_whoever_answered():
    """An engine's numbers are its own; its classes, which cannot be nearly right, are not known."""
    classes = np.int64([[0], [1]])
    golden = Golden({"x": X}, {"y": X, "class": classes}, 0.1,
                    engines={"int8": Right({"y": X + 0.5}, 1.0)})  # fmt: skip
    assert golden.difference({"y": X, "class": classes}).within
    assert not golden.difference({"y": X, "class": 1 - classes}).within
    assert not golden.difference({"y": X}).within
    assert golden.difference({"y": X + 0.5, "class": 1 - classes}).within


def test_where_nothing_may_differ_only_the_same_is_right():
    text = np.array([["rain"]], dtype=object)
    golden = Golden({"x": text}, {"y": text}, 0.0)
    assert golden.difference({"y": text}).within
    assert not golden.difference({"y": np.array([["Rain"]], dtype=object)}).within
    assert not golden.difference({}).within


def test_an_engine_has_an_answer_of_its_own_or_answers_as_its_file():
    engine = GOLDEN.of("int8")
    assert engine.right.difference({"y": X + 5}).within
    assert not engine.right.difference({"y": X}).within
    assert GOLDEN.of("fp16").right == GOLDEN.right


def test_a_row_has_its_own_part_of_every_right_answer():
    row = GOLDEN.row(1)
    assert row.inputs["x"].tolist() == row.outputs["y"].tolist() == [[2]]
    assert row.engines["int8"].outputs["y"].tolist() == [[7]]
    assert (row.tolerance, row.engines["int8"].tolerance) == (0.1, 1.0)
