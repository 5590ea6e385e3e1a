"""The checks against a real Triton: what is right passes, and each kind of wrong is noticed."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from slipway.check.accuracy import accuracy
from slipway.check.endpoint import Endpoint
from slipway.check.perf import measure, one_by_one
from slipway.check.smoke import smoke
from slipway.errors import CheckError, RecipeError
from slipway.golden import Golden
from slipway.questions import Questions
from slipway.triton.server import EmbeddedServer, Ports, ServerOptions
from tests.integration.triton_models import add_model

ROOT = Path(__file__).parents[2]
MODEL = "tiny"
X = np.arange(12, dtype=np.float32).reshape(4, 3)
PICK = np.array([[0], [1], [2], [3]], np.int64)
Y = (2 * X + 10 * PICK).astype(np.float32)
GOLDEN = Golden({"x": X, "pick": PICK}, {"y": Y, "total": X.sum(axis=1, keepdims=True)}, 1e-5)
ALTERED = replace(GOLDEN, outputs={**GOLDEN.outputs, "y": GOLDEN.outputs["y"] + 1})


@pytest.fixture(scope="module")
def endpoint(server_environment, tmp_path_factory):
    """A server with the tiny model, which doubles `x` and adds ten times `pick`."""
    folder = tmp_path_factory.mktemp("check")
    add_model(folder / "repository", MODEL)
    ports = Ports.free()
    load = (f"--load-model={MODEL}",)
    options = ServerOptions(folder / "repository", folder / "triton.log", ports, extra=load)
    with EmbeddedServer(options, server_environment):
        yield Endpoint(f"127.0.0.1:{ports.grpc}", f"http://127.0.0.1:{ports.http}")


def run(script, *arguments):
    command = [sys.executable, f"scripts/{script}.py", *map(str, arguments)]
    return subprocess.run(
        command, check=False, cwd=ROOT, capture_output=True, text=True, timeout=120
    )


def test_a_model_that_is_served_rightly_passes_over_both_protocols(endpoint):
    results = list(smoke(endpoint, MODEL, GOLDEN))
    assert [r for r in results if not r.passed] == []
    for protocol in ("http", "grpc"):
        names = [r.name for r in results if r.protocol == protocol]
        assert sum(name.startswith("refused") for name in names) == 11


def test_a_wrong_answer_fails_over_both_protocols(endpoint):
    failed = {(r.protocol, r.name) for r in smoke(endpoint, MODEL, ALTERED) if not r.passed}
    assert {("http", "golden request"), ("grpc", "golden request")} <= failed


def test_other_tensors_than_the_golden_request_s_are_noticed(endpoint):
    other = replace(GOLDEN, outputs={"scores": GOLDEN.outputs["y"]})
    failed = [r for r in smoke(endpoint, MODEL, other) if not r.passed]
    assert "output 'scores' is missing" in failed[0].detail


def test_a_model_that_is_not_served_fails_without_being_asked_more(endpoint):
    results = list(smoke(endpoint, "nobody", GOLDEN))
    assert {r.name for r in results if not r.passed} == {"model is ready"}


def test_accuracy_is_that_of_the_answers_clients_get(endpoint):
    x = np.random.default_rng(0).normal(size=(50, 3)).astype(np.float32)
    inputs = {"x": x, "pick": np.zeros((50, 1), np.int64)}
    targets = x.argmax(axis=1)
    targets[:10] = (targets[:10] + 1) % 3
    holdout = Questions(inputs, {"y": 2 * x}, targets, "accuracy")
    result = accuracy(endpoint, MODEL, holdout, tolerance=1e-5, batch=8)
    assert result.value == pytest.approx(0.8)
    assert (result.examples, result.passed) == (50, True)
    other = replace(holdout, reference={"y": 2 * x + 0.5})
    off = accuracy(endpoint, MODEL, other, tolerance=1e-5, batch=8)
    assert off.difference == pytest.approx(0.5, abs=1e-5)
    assert not off.passed


def test_examples_that_are_refused_end_the_accuracy_check(endpoint):
    incomplete = {"x": np.zeros((9, 3), np.float32)}
    holdout = Questions(incomplete, {"y": np.zeros((9, 3))}, np.zeros(9), "accuracy")
    with pytest.raises(CheckError, match="INVALID_ARGUMENT"):
        accuracy(endpoint, MODEL, holdout, tolerance=1.0, batch=8)
    whole = {**incomplete, "pick": np.zeros((9, 1), np.int64)}
    odd = replace(holdout, inputs=whole, metric="beauty")
    with pytest.raises(RecipeError, match="no metric"):
        accuracy(endpoint, MODEL, odd, tolerance=1.0, batch=8)


def test_a_measurement_has_the_client_s_and_the_server_s_figures(endpoint):
    result = measure(endpoint, MODEL, one_by_one(GOLDEN), [1, 4], window=0.2, within=1.0, most=3)
    for point in result.points:
        assert (point.stable, point.errors, len(point.windows)) == (True, 0, 3)
        assert point.requests > 0
        assert 0 < point.p50_ms <= point.p90_ms <= point.p99_ms
        assert point.compute_ms > 0
        assert 1 <= point.batch <= point.concurrency
    assert result.passed


def test_windows_that_never_agree_are_called_unstable(endpoint):
    result = measure(endpoint, MODEL, one_by_one(GOLDEN), [2], window=0.1, within=0.0, most=4)
    assert len(result.points[0].windows) == 4
    assert not result.points[0].stable
    assert not result.passed


def test_wrong_answers_under_load_are_counted(endpoint):
    result = measure(endpoint, MODEL, one_by_one(ALTERED), [2], window=0.2, within=1.0, most=3)
    assert result.points[0].errors > 0
    assert "wrong answer" in result.points[0].error
    assert not result.passed


def test_a_model_without_statistics_cannot_be_measured(endpoint):
    with pytest.raises(CheckError, match=r"scripts/smoke\.py"):
        measure(endpoint, "nobody", one_by_one(GOLDEN), [1])


def test_the_scripts_say_it_in_exit_codes_and_json(endpoint, tmp_path):
    golden, altered, out = (tmp_path / name for name in ("golden", "altered", "out"))
    golden.write_text(json.dumps(GOLDEN.to_json()))
    altered.write_text(json.dumps(ALTERED.to_json()))
    at = ("--grpc", endpoint.grpc, "--http", endpoint.http)

    fine = run("smoke", MODEL, *at, "--golden", golden, "--json", "--output", out)
    assert fine.returncode == 0, fine.stderr
    assert json.loads(fine.stdout) == json.loads(out.read_text())
    assert json.loads(fine.stdout)["passed"] is True
    wrong = run("smoke", MODEL, *at, "--golden", altered)
    assert wrong.returncode == 1
    assert "FAILED" in wrong.stdout

    short = ("--concurrency", 1, "--window", 0.1, "--windows", 3)
    fast = run("perf", MODEL, *at, "--golden", golden, *short, "--within", 1, "--json")
    assert fast.returncode == 0, fast.stderr
    assert json.loads(fast.stdout)["points"][0]["concurrency"] == 1
    unstable = run("perf", MODEL, *at, "--golden", golden, *short, "--within", 0)
    assert unstable.returncode == 1
    assert "unstable at concurrency 1" in unstable.stderr


RECIPE = """
from slipway.recipe import Metric, Recipe, Training
from slipway.tensors import TensorSpec

RECIPE = Recipe(
    title="Doubles numbers",
    inputs=(TensorSpec("x", "FP32", (3,)), TensorSpec("pick", "INT64", (1,))),
    outputs=(TensorSpec("y", "FP32", (3,)),),
    training=Training(epochs=1, batch_size=2, learning_rate=0.1),
    metric=Metric("accuracy", floor=0.5),
)
"""
CLIENT = """
EXAMPLE = 2


def ask(address, example, model):
    return f"{model} at {address} doubles {example} to {2 * example}"


def check(answer):
    return "" if answer.endswith(" 4") else "two and two are not four"
"""


def test_the_client_of_the_model_s_folder_is_asked_too(endpoint, tmp_path):
    golden, folder = tmp_path / "golden", tmp_path / "models" / MODEL
    golden.write_text(json.dumps(GOLDEN.to_json()))
    folder.mkdir(parents=True)
    (folder / "recipe.py").write_text(RECIPE)
    (folder / "client.py").write_text(CLIENT)
    at = ("--grpc", endpoint.grpc, "--http", endpoint.http, "--golden", golden)
    fine = run("smoke", MODEL, *at, "--models", folder.parent, "--json")
    assert fine.returncode == 0, fine.stderr
    assert f"{MODEL} at {endpoint.grpc}" in json.loads(fine.stdout)["checks"][-1]["detail"]
    (folder / "client.py").write_text(CLIENT.replace("2 * example", "5"))
    assert run("smoke", MODEL, *at, "--models", folder.parent).returncode == 1


@pytest.mark.parametrize("script", ["smoke", "perf"])
def test_without_a_server_the_scripts_say_what_to_do(script, tmp_path):
    golden = tmp_path / "golden"
    golden.write_text(json.dumps(GOLDEN.to_json()))
    at = ("--grpc", "127.0.0.1:9", "--http", "http://127.0.0.1:9")
    said = run(script, MODEL, *at, "--golden", golden)
    assert said.returncode == 2
    assert said.stderr.count("\n") == 1
    assert "scripts/serve.py" in said.stderr


@pytest.mark.parametrize("script", ["smoke", "perf"])
def test_help_teaches_with_an_example(script):
    said = run(script, "--help")
    assert said.returncode == 0, said.stderr
    assert f"Example: python scripts/{script}.py image_classifier" in said.stdout
