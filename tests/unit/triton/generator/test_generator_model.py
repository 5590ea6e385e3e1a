"""`model.py` against the few calls of Triton's Python interface that it makes."""

import importlib.util
import json
import sys
import types
from dataclasses import dataclass, field

import numpy as np
import pytest

from slipway.triton.server import BACKENDS
from tests.decoders import exported
from tests.waiting import wait_until

FOLDER = BACKENDS / "generator"
SIBLINGS = [path.stem for path in FOLDER.glob("*.py") if path.stem not in {"__init__", "model"}]
FINAL = 1


class Error:
    UNAVAILABLE, INTERNAL, INVALID_ARG, CANCELLED = "unavailable", "internal", "invalid", "gone"

    def __init__(self, message, code):
        self.message, self.code = message, code


@dataclass
class Tensor:
    called: str
    array: np.ndarray

    def name(self):
        return self.called

    def as_numpy(self):
        return self.array


@dataclass
class Response:
    output_tensors: list = field(default_factory=list)
    error: object = None


@dataclass
class Sender:
    sent: list = field(default_factory=list)

    def send(self, response, flags):
        self.sent.append((response, flags))

    def is_cancelled(self):
        return False

    @property
    def ended(self):
        return bool(self.sent) and self.sent[-1][1] == FINAL


@dataclass
class Request:
    tensors: list
    given: str = "{}"
    sender: Sender = field(default_factory=Sender)

    def inputs(self):
        return self.tensors

    def parameters(self):
        return self.given

    def get_response_sender(self):
        return self.sender


class Metric:
    def __init__(self):
        self.value = 0

    def increment(self, by):
        self.value += by

    def set(self, to):
        self.value = to


class Family:
    COUNTER, GAUGE = "counter", "gauge"
    made: dict = {}  # noqa: RUF012  what a test looks into

    def __init__(self, name, description, kind):
        self.name = name

    def Metric(self, labels):  # noqa: N802  Triton's name
        return self.made.setdefault(self.name, Metric())


@pytest.fixture
def utils(monkeypatch):
    made = types.ModuleType("triton_python_backend_utils")
    made.Tensor, made.InferenceResponse, made.TritonError = Tensor, Response, Error
    made.TritonModelException, made.MetricFamily = RuntimeError, Family
    made.TRITONSERVER_RESPONSE_COMPLETE_FINAL = FINAL
    made.Logger = types.SimpleNamespace(log_error=lambda message: None)
    made.get_model_dir = lambda: str(exported("builder")[2])
    monkeypatch.setitem(sys.modules, made.__name__, made)
    monkeypatch.syspath_prepend(FOLDER)
    monkeypatch.setattr(np, "__version__", "1.26.4")
    monkeypatch.setattr(Family, "made", {})
    yield made
    for sibling in SIBLINGS:
        sys.modules.pop(sibling, None)


def load():
    spec = importlib.util.spec_from_file_location("backend_under_test", FOLDER / "model.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def config(**changes):
    value = {
        "max_batch_size": 0,
        "model_transaction_policy": {"decoupled": True},
        "input": [{"name": "text_input", "data_type": "TYPE_STRING"}],
        "output": [{"name": "text_output", "data_type": "TYPE_STRING"}],
    }
    return {**value, **changes}


def arguments(**changes):
    return {
        "model_config": json.dumps(config(**changes)),
        "model_name": "text",
        "model_version": "1",
    }


@pytest.fixture
def instance(utils):
    made = load().TritonPythonModel()
    made.initialize(arguments())
    yield made
    made.finalize()


def request(text="A village", **parameters):
    return Request(
        [Tensor("text_input", np.array([text.encode()], object))], json.dumps(parameters)
    )


def answered(instance, *requests):
    instance.execute(list(requests))
    assert wait_until(lambda: all(each.sender.ended for each in requests))
    return [each.sender.sent for each in requests]


def test_numpy_2_is_refused_before_anything_is_served(utils, monkeypatch):
    monkeypatch.setattr(np, "__version__", "2.1.0")
    with pytest.raises(RuntimeError, match=r"numpy 2\.1\.0"):
        load()


def test_a_text_is_answered_from_another_thread_with_one_response(instance):
    ((response, _),) = answered(instance, request(max_tokens=5, temperature=0))[0]
    (tensor,) = response.output_tensors
    assert tensor.name() == "text_output"
    assert tensor.as_numpy()[0].startswith(b"A village")


def test_a_bad_request_fails_alone(instance):
    bad, long, good = request(top_p=3), request("a" * 3000), request(max_tokens=1)
    sent = answered(instance, bad, long, good)
    errors = [parts[-1][0].error for parts in sent]
    assert [getattr(each, "code", None) for each in errors] == ["invalid", "invalid", None]
    assert "top_p is 3" in errors[0].message
    assert "from 1 to 2047 leave room" in errors[1].message


def test_a_full_queue_is_unavailable(instance):
    jobs = [request(max_tokens=500, ignore_eos=True) for _ in range(100)]
    instance.execute(jobs)
    refused = [each for each in jobs if each.sender.ended and each.sender.sent[-1][0].error]
    assert refused
    assert {each.sender.sent[-1][0].error.code for each in refused} == {"unavailable"}
    instance.finalize()
    assert all(each.sender.ended for each in jobs)


def test_what_was_made_is_counted(instance):
    answered(instance, request(max_tokens=5, ignore_eos=True))
    assert wait_until(lambda: Family.made["generator_tokens_total"].value == 5)
    assert wait_until(lambda: Family.made["generator_rows_in_use"].value == 0)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"max_batch_size": 8}, "max_batch_size must be 0"),
        ({"model_transaction_policy": {}}, "must be decoupled"),
        ({"input": []}, "'text_input' is missing"),
        ({"input": [{"name": "text", "data_type": "TYPE_STRING"}]}, "input 'text' of TYPE_STRING"),
        ({"output": [{"name": "text_output", "data_type": "TYPE_BOOL"}]}, "output 'text_output'"),
        ({"parameters": {"rows": {"string_value": "no"}}}, "parameter rows is 'no'"),
        ({"parameters": {"context": {"string_value": "4096"}}}, "the decoder takes 2048"),
    ],
)
def test_a_wrong_configuration_is_refused_in_one_line(utils, change, said):
    with pytest.raises(RuntimeError, match=said) as caught:
        load().TritonPythonModel().initialize(arguments(**change))
    assert "\n" not in str(caught.value)


def test_a_folder_without_a_decoder_is_refused(utils, tmp_path):
    utils.get_model_dir = lambda: str(tmp_path)
    with pytest.raises(RuntimeError, match=r"decoder\.json"):
        load().TritonPythonModel().initialize(arguments())
