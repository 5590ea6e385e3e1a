"""docs/clients.md: what it shows is Python and JSON, and names what the recipes have."""

import ast
import json
import re
from pathlib import Path

import pytest

from slipway.build.triton_config import generator_config
from slipway.folder import model_names, open_model
from tests.running import ROOT

PAGE = (ROOT / "docs/clients.md").read_text()
REPOSITORY = ROOT / "model_repo"
GENERATOR = "text_generator"
PARAMETERS = {"max_tokens", "temperature", "top_k", "top_p", "seed", "stop", "ignore_eos"}


def blocks(kind):
    return re.findall(rf"```{kind}\n(.*?)```", PAGE, flags=re.DOTALL)


def tensors(model):
    """The inputs and the outputs that a client sees, by their names; of a generator no shapes."""
    recipe = open_model(model, REPOSITORY).recipe
    if recipe.generation is not None:
        config = generator_config(model, recipe.generation)
        return dict.fromkeys(t.name for t in config.input), {t.name for t in config.output}
    inputs = {spec.name: spec for spec in recipe.served_inputs}
    return inputs, {spec.name for spec in recipe.outputs}


def calls(tree, name):
    """The literal arguments of each call of a function or method of that name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and name in (
            getattr(node.func, "attr", ""), getattr(node.func, "id", "")
        ):  # fmt: skip
            yield [a.value for a in node.args if isinstance(a, ast.Constant)]


def model_of(tree):
    return next(
        (args[0] for how in ("infer", "async_stream_infer") for args in calls(tree, how)), None
    )


SNIPPETS = [ast.parse(code) for code in blocks("python")]
CALLS = [tree for tree in SNIPPETS if model_of(tree)]
REQUESTS = [
    (model, how, json.loads(body))
    for code in blocks("sh")
    for model, how, body in re.findall(
        r"/v2/models/(\w+)/(\w+) -d '(.*?)'(?:\n|$)", code, flags=re.DOTALL
    )
]


def test_every_model_is_called_in_python_and_with_curl():
    every = set(model_names(REPOSITORY))
    assert {model_of(tree) for tree in CALLS} == every
    assert set(re.findall(r"/v2/models/(\w+)", "".join(blocks("sh")))) == every
    assert set(re.findall(r"^## .*`(\w+)`$", PAGE, flags=re.MULTILINE)) == every


@pytest.mark.parametrize("tree", CALLS, ids=model_of)
def test_python_names_the_tensors_that_the_recipe_has(tree):
    inputs, outputs = tensors(model_of(tree))
    sent = [args for how in ("InferInput", "tensor") for args in calls(tree, how)]
    named = {args[0] for args in sent if args}
    assert named <= set(inputs)
    assert named == set(inputs) or model_of(tree) == GENERATOR
    read = [args[0] for how in ("as_numpy", "InferRequestedOutput") for args in calls(tree, how)]
    assert read
    assert set(read) <= outputs
    for name, datatype, *_ in (args for args in sent if len(args) > 1):
        assert inputs[name] is None or inputs[name].datatype == datatype


@pytest.mark.parametrize(
    ("model", "body"), [(model, body) for model, how, body in REQUESTS if how == "infer"]
)
def test_json_sends_what_the_recipe_takes(model, body):
    inputs, outputs = tensors(model)
    assert {tensor["name"] for tensor in body["inputs"]} == set(inputs)
    for tensor in body["inputs"]:
        spec = inputs[tensor["name"]]
        assert tensor["datatype"] == spec.datatype
        assert spec.accepts(tensor["shape"])
        elements = 1
        for size in tensor["shape"]:
            elements *= size
        assert len(tensor["data"]) == elements
    assert {tensor["name"] for tensor in body["outputs"]} <= outputs


@pytest.mark.parametrize("body", [body for _, how, body in REQUESTS if how != "infer"])
def test_json_of_the_generator_has_its_inputs_and_parameters(body):
    inputs, _ = tensors(GENERATOR)
    assert body.keys() - {"parameters"} <= inputs.keys()
    assert body.get("parameters", {}).keys() <= PARAMETERS


def test_the_parameters_that_are_explained_are_those_that_are_read():
    explained = set(
        re.findall(r"`(\w+)`", "".join(re.findall(r"^\| (`.*?) \|", PAGE, re.MULTILINE)))
    )
    reader = ROOT / "slipway/triton/backends/generator/request.py"
    (table,) = re.findall(r"READERS[^{]*\{(.*?)\n\}", reader.read_text(), flags=re.DOTALL)
    assert explained == PARAMETERS == set(re.findall(r'"(\w+)":', table))


def test_answers_are_shown_whole():
    for answer in blocks("json"):
        json.loads(answer)
    for event in blocks("text"):
        for line in event.splitlines():
            if line.startswith("data: "):
                json.loads(line.removeprefix("data: "))
    assert not re.search(r"^@", PAGE, flags=re.MULTILINE)


def test_files_that_are_named_exist():
    for path in re.findall(r"`?((?:model_repo|scripts)/[\w/]+\.py)", PAGE):
        assert Path(ROOT / path).is_file()
