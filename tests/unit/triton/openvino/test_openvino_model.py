"""The backend's `model.py`, with OpenVINO itself and without a server."""

import json
import sys
from typing import ClassVar

import numpy as np
import pytest

from slipway import contract
from slipway.build.openvino import capabilities
from slipway.triton.backends.openvino import shapes
from slipway.triton.backends.openvino.reasons import reason
from tests.integration.triton_models import write_onnx
from tests.triton_python import Request, Tensor

X = {"name": "x", "data_type": "TYPE_FP32", "dims": ["-1", "-1"]}
PICK = {"name": "pick", "data_type": "TYPE_INT64", "dims": ["-1", "1"]}
OUTPUTS = [
    {"name": "y", "data_type": "TYPE_FP32", "dims": ["-1", "-1"]},
    {"name": "total", "data_type": "TYPE_FP32", "dims": ["-1"]},
]


def config(inputs=(X, PICK), outputs=OUTPUTS, **parameters):
    return {
        "default_model_filename": "model.onnx",
        "max_batch_size": 0,
        "input": list(inputs),
        "output": list(outputs),
        "parameters": {
            name: {"string_value": value}
            for name, value in {"INFERENCE_NUM_THREADS": "1", **parameters}.items()
        },
    }


@pytest.fixture
def backend(load_backend):
    return load_backend("openvino")


@pytest.fixture
def load(backend, tmp_path):
    """Call it for the tiny model, loaded; keyword arguments are those of `config`."""

    def load(**changes):
        write_onnx(tmp_path / "model.onnx")
        model = backend.TritonPythonModel()
        model.initialize({"model_config": json.dumps(config(**changes))})
        return model

    return load


def request(rows, width=3, *, value=1.0, pick=1, picks=None):
    x = np.full((rows, width), value, np.float32)
    picked = np.full((picks or rows, 1), pick, np.int64)
    return Request([Tensor("pick", picked), Tensor("x", x)], wanted=("y", "total"))


def answered(response):
    assert response.error is None, response.error
    return {tensor.name(): tensor.as_numpy() for tensor in response.output_tensors}


def test_every_request_is_answered_in_order_and_by_name(load):
    responses = load().execute([request(rows, value=rows) for rows in (1, 4, 2)])
    for rows, response in zip((1, 4, 2), responses, strict=True):
        answer = answered(response)
        np.testing.assert_array_equal(answer["y"], np.full((rows, 3), 2 * rows + 10))
        np.testing.assert_array_equal(answer["total"], np.full(rows, 3 * rows))


def test_an_answer_stays_what_it_is_while_the_next_is_computed(load):
    model = load()
    first = answered(model.execute([request(2, value=1)])[0])["y"]
    model.execute([request(2, value=50)])
    assert (first == 12).all()


@pytest.mark.parametrize("first", [None, 2, 3])
def test_inputs_that_do_not_fit_each_other_are_refused_before_openvino_runs_them(load, first):
    # OpenVINO 2026.4 by itself answers them with nonsense, or ends the process.
    model = load()
    if first:
        answered(model.execute([request(first)])[0])
    failed, good = model.execute([request(2, picks=3), request(2)])
    assert "inconsistent" in failed.error
    assert "\n" not in failed.error
    assert "/src/" not in failed.error
    assert (answered(good)["y"] == 12).all()


def test_shapes_are_proved_once_each_and_forgotten_when_there_are_too_many(monkeypatch):
    class Model:
        asked: ClassVar = []

        def reshape(self, given):
            if given["x"] == [13]:
                raise RuntimeError("13")
            self.asked.append(given["x"])

    proofs = shapes.Shapes(Model())
    for rows in (1, 2, 1, 2):
        proofs.prove({"x": (rows,)})
    assert Model.asked == [[1], [2]]
    for _ in range(2):
        with pytest.raises(RuntimeError):
            proofs.prove({"x": (13,)})
    monkeypatch.setattr(shapes, "MOST", 2)
    proofs.prove({"x": (3,)})
    proofs.prove({"x": (1,)})
    assert Model.asked == [[1], [2], [3], [1]]


def test_the_file_is_the_one_named_or_the_ir_and_nothing_is_guessed(backend, tmp_path):
    tmp_path.joinpath("model.xml").touch()
    tmp_path.joinpath("net.onnx").touch()
    assert backend.model_path(str(tmp_path), {}) == str(tmp_path / "model.xml")
    named = {"default_model_filename": "net.onnx"}
    assert backend.model_path(str(tmp_path), named) == str(tmp_path / "net.onnx")
    tmp_path.joinpath("model.xml").unlink()
    with pytest.raises(RuntimeError, match=r"model\.xml is missing"):
        backend.model_path(str(tmp_path), {})


def test_a_file_that_cannot_be_read_is_one_line_of_why(backend, tmp_path):
    tmp_path.joinpath("model.onnx").write_bytes(b"garbage")
    with pytest.raises(RuntimeError, match="Unable to read the model") as caught:
        backend.TritonPythonModel().initialize({"model_config": json.dumps(config())})
    assert "\n" not in str(caught.value)


def test_a_configuration_that_does_not_fit_the_file_is_refused(load):
    with pytest.raises(ValueError, match="'x' has dims"):
        load(inputs=[{**X, "dims": ["-1"]}, PICK])


def test_dimensions_are_those_of_the_configuration_where_it_says_so(load):
    fixed = [{**X, "dims": ["-1", "3"]}, PICK]
    outputs = [{**OUTPUTS[0], "dims": ["-1", "3"]}, OUTPUTS[1]]
    model = load(inputs=fixed, outputs=outputs, RESHAPE_IO_LAYERS="YES")
    assert str(model.model.input("x").partial_shape) == "[?,3]"
    assert (answered(model.execute([request(2)])[0])["y"] == 12).all()
    with pytest.raises(ValueError, match="output 'y' has dims"):
        load(inputs=fixed, outputs=[{**OUTPUTS[0], "dims": ["-1", "4"]}], RESHAPE_IO_LAYERS="YES")


def test_bfloat16_is_refused_where_the_processor_would_only_imitate_it(load):
    if "BF16" in capabilities():
        model = load(HINT_BF16="YES")
        assert model.properties["INFERENCE_PRECISION_HINT"] == "bf16"
    else:
        with pytest.raises(ValueError, match=r"no bfloat16 of its own; it has .*FP32"):
            load(HINT_BF16="YES")


def test_what_reports_the_use_of_openvino_cannot_be_imported(backend):
    assert {name: sys.modules[name] for name in contract.TELEMETRY_PACKAGES} == dict.fromkeys(
        contract.TELEMETRY_PACKAGES
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "Exception from src/a.cpp:1:\nCheck 'x' failed at src/b.h:2:\nToo large.\n\n",
            "Too large.",
        ),
        ("Exception from src/a.cpp:1:\n", "RuntimeError"),
        ("", "RuntimeError"),
        ("plain", "plain"),
    ],
)
def test_an_error_is_told_without_the_places_in_openvinos_sources(text, said):
    assert reason(RuntimeError(text)) == said
