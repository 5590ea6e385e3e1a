from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.build.optimise.calibration import LEAST, calibration_batches
from slipway.dataset import Data, Split
from slipway.errors import VariantError
from slipway.recipe import Metric, Optimisation, Recipe, Serving, Tokenizer, Training
from slipway.tensors import TensorSpec


def recipe(*inputs, calibration=64, most=16, **more):
    return Recipe(
        title="Small",
        inputs=inputs or (TensorSpec("x", "FP32", (2,)),),
        outputs=(TensorSpec("y", "FP32", (3,)),),
        training=Training(epochs=1, batch_size=2, learning_rate=0.1),
        metric=Metric("accuracy", floor=0.5),
        serving=Serving(max_batch_size=most, batch_buckets=tuple(sorted({1, most}))),
        optimisation=Optimisation(calibration=calibration),
        **more,
    )


def split(rows, **inputs):
    numbers = np.arange(2 * rows, dtype=np.float32).reshape(rows, 2)
    return Split(inputs or {"x": numbers}, np.zeros(rows))


def data(train, calibration=None):
    return Data(train=train, holdout=split(1), calibration=calibration)


@given(rows=st.integers(LEAST, 300), wanted=st.integers(LEAST, 200), most=st.integers(1, 40))
def test_examples_are_different_spread_over_the_split_and_fit_the_server(rows, wanted, most):
    batches = calibration_batches(data(split(rows)), dict, recipe(calibration=wanted, most=most))
    taken = np.concatenate([batch["x"][:, 0] for batch in batches]) / 2
    assert len(taken) == len(set(taken)) == min(rows, wanted)
    assert all(0 < len(batch["x"]) <= most for batch in batches)
    assert max(np.diff([-1, *taken, rows])) <= rows / len(taken) + 1


def test_the_calibration_split_comes_before_the_training_split():
    own = split(LEAST, x=np.random.default_rng(0).normal(9, 1, (LEAST, 2)).astype(np.float32))
    batches = calibration_batches(data(split(99), own), dict, recipe())
    np.testing.assert_array_equal(np.concatenate([b["x"] for b in batches]), own.inputs["x"])


def test_what_varies_is_cut_to_what_is_used():
    series = np.zeros((LEAST, 9, 1), np.float32)
    series[:, :4] = np.arange(LEAST)[:, None, None]
    batches = calibration_batches(
        data(split(LEAST, x=series)), dict, recipe(TensorSpec("x", "FP32", ("steps", 1)))
    )
    assert {batch["x"].shape[1] for batch in batches} == {4}


@pytest.mark.parametrize("rows", [0, 1, LEAST - 1])
def test_too_few_examples_are_refused_with_what_to_do(rows):
    with pytest.raises(VariantError, match=f"measured on {rows} examples") as caught:
        calibration_batches(data(split(99), split(rows)), dict, recipe())
    assert f"at least {LEAST} examples" in caught.value.mend


def test_a_recipe_that_asks_for_too_few_is_refused():
    with pytest.raises(VariantError, match=f"the recipe asks for {LEAST - 1}"):
        calibration_batches(data(split(99)), dict, recipe(calibration=LEAST - 1))


@pytest.mark.parametrize("value", [0, 3.5])
def test_examples_that_are_the_same_number_everywhere_are_refused(value):
    same = split(LEAST, x=np.full((LEAST, 2), value, np.float32))
    with pytest.raises(VariantError, match=f"'x' is {value}.* everywhere"):
        calibration_batches(data(same), dict, recipe())


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_examples_without_numbers_are_refused(value):
    broken = split(LEAST)
    broken.inputs["x"][7, 1] = value
    with pytest.raises(VariantError, match="'x' holds NaN or infinite"):
        calibration_batches(data(broken), dict, recipe())


WORDS = Tokenizer(TensorSpec("text", "BYTES", (1,)))


def tokens(count):
    ids = np.arange(LEAST * count).reshape(LEAST, count) + 1

    def prepare(inputs):
        empty = inputs["text"] == ""
        return {"input_ids": np.where(empty, 0, ids), "attention_mask": np.where(empty, 0, ids > 0)}

    return prepare


def texts(text):
    specs = (TensorSpec(name, "INT64", ("tokens",)) for name in ("input_ids", "attention_mask"))
    return (
        data(split(LEAST, text=np.full((LEAST, 1), text, object))),
        tokens(3),
        recipe(*specs, tokenizer=WORDS),
    )


def test_a_mask_may_be_the_same_everywhere():
    assert calibration_batches(*texts("some words"))


def test_empty_texts_are_refused():
    with pytest.raises(VariantError, match="'input_ids' is 0 everywhere"):
        calibration_batches(*texts(""))


def test_batches_do_not_depend_on_other_settings():
    one = calibration_batches(data(split(99)), dict, recipe())
    other = calibration_batches(data(split(99)), dict, replace(recipe(), parity=1.0))
    assert [b["x"].tolist() for b in one] == [b["x"].tolist() for b in other]
