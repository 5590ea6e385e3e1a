from dataclasses import replace
from pathlib import Path

import pytest

from slipway.errors import RecipeError, UnknownModel
from slipway.folder import model_names, open_model
from slipway.recipe import (
    Generation,
    Metric,
    Optimisation,
    Recipe,
    Serving,
    Sizes,
    Tokenizer,
    Training,
)
from slipway.tensors import TensorSpec

MODELS = Path(__file__).parents[1] / "data" / "model_repo"
SHIPPED = Path(__file__).parents[2] / "model_repo"

TEXT = TensorSpec("text", "BYTES", (1,))
RECIPE = Recipe(
    title="any",
    inputs=(TensorSpec("x", "FP32", (4,)),),
    outputs=(TensorSpec("y", "FP32", (2,)),),
    training=Training(epochs=1, batch_size=2, learning_rate=0.1),
    metric=Metric("accuracy", 0.5),
)


def test_every_shipped_folder_has_a_recipe_that_can_be_read():
    assert model_names(SHIPPED)
    assert all(open_model(name, SHIPPED).recipe.metric.floor > 0 for name in model_names(SHIPPED))


def test_an_unknown_model_is_answered_with_the_nearest_names():
    with pytest.raises(UnknownModel, match="nearest names are: image_classifier"):
        open_model("image_clasifier", SHIPPED)
    with pytest.raises(UnknownModel, match="it holds tiny"):
        open_model("zzz", MODELS)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("RECIPE = 3", "does not define RECIPE"),
        ("import nothing_of_that_name", "ModuleNotFoundError"),
        ("RECIPE = (", "SyntaxError"),
        ("from slipway.recipe import Metric\nMetric()", "TypeError"),
    ],
)
def test_a_recipe_that_is_none_is_refused_in_one_line(tmp_path, text, said):
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "recipe.py").write_text(text)
    with pytest.raises(RecipeError, match=said) as caught:
        open_model("broken", tmp_path)
    assert "\n" not in str(caught.value)


def test_two_underscores_are_kept_for_the_names_of_steps(tmp_path):
    (tmp_path / "a__b").mkdir()
    (tmp_path / "a__b" / "recipe.py").touch()
    with pytest.raises(RecipeError, match="cannot be named 'a__b'"):
        open_model("a__b", tmp_path)


def test_a_name_that_triton_or_a_key_could_not_carry_is_refused(tmp_path):
    (tmp_path / "Bad-Name").mkdir()
    (tmp_path / "Bad-Name" / "recipe.py").touch()
    with pytest.raises(RecipeError, match="cannot be named 'Bad-Name'"):
        open_model("Bad-Name", tmp_path)


def test_two_folders_of_one_name_do_not_share_their_modules(tmp_path):
    for parent, floor in (("a", 0.25), ("b", 0.75)):
        folder = tmp_path / parent / "tiny"
        folder.mkdir(parents=True)
        text = (MODELS / "tiny" / "recipe.py").read_text()
        (folder / "recipe.py").write_text(text.replace("floor=0.9", f"floor={floor}"))
    floors = [open_model("tiny", tmp_path / p).recipe.metric.floor for p in ("a", "b")]
    assert floors == [0.25, 0.75]


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: Training(epochs=-1, batch_size=2, learning_rate=0.1),
        lambda: Training(epochs=1, batch_size=1, learning_rate=0.1),
        lambda: Training(epochs=1, batch_size=2, learning_rate=0.0),
        lambda: Serving(max_batch_size=0, batch_buckets=(1,)),
        lambda: Serving(max_batch_size=8, batch_buckets=(1, 4)),
        lambda: Serving(max_batch_size=8, batch_buckets=(4, 1, 8)),
        lambda: Serving(max_batch_size=8, batch_buckets=()),
        lambda: Serving(preferred_batch_sizes=(3,)),
        lambda: Serving(preferred_batch_sizes=(8, 4)),
        lambda: Serving(instances=0),
        lambda: Serving(threads=-1),
        lambda: Serving(queue_size=-1),
        lambda: Serving(ranges=(Sizes("steps", 1, 2, 3), Sizes("steps", 1, 2, 4))),
        lambda: replace(RECIPE, serving=Serving(ranges=(Sizes("steps", 1, 2, 3),))),
        lambda: Sizes("steps", 0, 2, 3),
        lambda: Sizes("steps", 3, 2, 3),
        lambda: Sizes("steps", 1, 4, 3),
        lambda: Sizes("", 1, 2, 3),
        lambda: Optimisation(engines=("fp64",)),
        lambda: Optimisation(engines=("bf16",)),
        lambda: Optimisation(engines=("int8", "int8")),
        lambda: replace(RECIPE, inputs=()),
        lambda: replace(RECIPE, outputs=RECIPE.inputs),
        lambda: replace(RECIPE, parity=0.0),
        lambda: TensorSpec("x", "FLOAT", (4,)),
        lambda: TensorSpec("x", "FP32", (0,)),
        lambda: TensorSpec("x", "FP32", ("",)),
        lambda: replace(RECIPE.training, clip_norm=-1.0),
        lambda: Tokenizer(TensorSpec("text", "FP32", (1,))),
        lambda: Tokenizer(TEXT, lengths=(8, 8)),
        lambda: Tokenizer(TEXT, lengths=()),
        lambda: replace(RECIPE, tokenizer=Tokenizer(TEXT)),
        lambda: Generation(rows=0),
        lambda: TensorSpec("x", "FP32", (3,), labels=("a", "b")),
    ],
)
def test_values_that_cannot_be_meant_are_refused_when_built(wrong):
    with pytest.raises(RecipeError):
        wrong()


def test_ranges_are_of_what_clients_send():
    tokens = (TensorSpec("ids", "INT64", ("items", "tokens")),
              TensorSpec("mask", "INT64", ("items", "tokens")))  # fmt: skip
    text = Tokenizer(TensorSpec("text", "BYTES", ("items",)), ids="ids", mask="mask")
    history = Serving(ranges=(Sizes("items", 1, 8, 40),))
    assert replace(RECIPE, inputs=tokens, tokenizer=text, serving=history).serving == history
    with pytest.raises(RecipeError, match=r"ranges for \['tokens'\]: of what clients send"):
        replace(RECIPE, inputs=tokens, tokenizer=text,
                serving=Serving(ranges=(Sizes("tokens", 1, 8, 40),)))  # fmt: skip
