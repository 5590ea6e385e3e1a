from dataclasses import dataclass

import pytest

from slipway.tensors import NUMPY_OF
from slipway.triton.backends.onnxruntime.datatypes import TRITON_OF
from slipway.triton.backends.openvino import datatypes as of_openvino
from slipway.triton.backends.shared.agreement import Disagreement, Signature, agree


@dataclass(frozen=True)
class Tensor:
    name: str
    shape: tuple
    type: str = "tensor(float)"


X = Tensor("x", ("batch", 3))
Y = Tensor("y", (None, "n"))


def config(inputs=None, outputs=None, batch=8, **more):
    return {
        "max_batch_size": batch,
        "input": [{"name": "x", "data_type": "TYPE_FP32", "dims": ["3"]}]
        if inputs is None
        else inputs,
        "output": [{"name": "y", "data_type": "TYPE_FP32", "dims": ["-1"]}]
        if outputs is None
        else outputs,
        **more,
    }


def tensor(name="x", data_type="TYPE_FP32", dims=(3,), **more):
    return {"name": name, "data_type": data_type, "dims": list(dims), **more}


def test_a_configuration_that_fits_gives_the_tensors_in_declared_order():
    declared = config(inputs=[tensor("b", dims=[1]), tensor()])
    signature = agree(declared, [X, Tensor("b", ("batch", 1))], [Y], TRITON_OF)
    assert signature == Signature(("b", "x"), ("y",), batched=True)


def test_without_a_batch_every_dimension_is_declared():
    declared = config(inputs=[tensor(dims=[2, 3])], outputs=[tensor("y", dims=[-1, 5])], batch=0)
    assert agree(declared, [Tensor("x", (2, 3))], [Y], TRITON_OF).batched is False


def test_outputs_nobody_wants_may_be_left_out():
    assert agree(config(), [X], [Y, Tensor("unused", (1,))], TRITON_OF).outputs == ("y",)


def test_a_reshaped_input_is_compared_in_its_new_shape():
    declared = config(inputs=[tensor(dims=[1], reshape={"shape": ["3"]})])
    assert agree(declared, [X], [Y], TRITON_OF)


@pytest.mark.parametrize(
    ("declared", "real", "message"),
    [
        ([tensor("z")], [X], "input 'z' is not in the model, which has 'x'"),
        ([tensor(data_type="TYPE_INT64")], [X], "TYPE_INT64 in the configuration and TYPE_FP32"),
        ([tensor(dims=[4])], [X], r"dims \[4\] in the configuration and \[-1, 3\] in the model"),
        ([tensor(dims=[-1])], [X], r"dims \[-1\] in the configuration"),
        ([tensor(dims=[3, 1])], [X], "the batch dimension included"),
        ([tensor()], [Tensor("x", (1, 3))], "whose first dimension does not vary"),
        ([tensor()], [Tensor("x", ())], "needs a batch dimension"),
        ([tensor()], [X, Tensor("mask", ("b",))], "lacks the model's input 'mask'"),
        ([], [X], "declares no input"),
        ([tensor()], [Tensor("x", ("b", 3), "tensor(string)")], "tensor\\(string\\)"),
        ([tensor(optional=True)], [X], "does not support optional inputs"),
        ([tensor(allow_ragged_batch=True)], [X], "does not support allow_ragged_batch"),
    ],
)
def test_inputs_that_do_not_fit_are_refused_with_the_difference(declared, real, message):
    with pytest.raises(Disagreement, match=message):
        agree(config(inputs=declared), real, [Y], TRITON_OF)


@pytest.mark.parametrize(
    ("declared", "message"),
    [
        ([tensor("z")], "output 'z' is not in the model, which has 'y'"),
        ([tensor("y", "TYPE_FP16")], "TYPE_FP16 in the configuration and TYPE_FP32 in the model"),
        ([tensor("y", dims=[1, 2])], "output 'y' has dims"),
        ([], "declares no output"),
    ],
)
def test_outputs_that_do_not_fit_are_refused_with_the_difference(declared, message):
    with pytest.raises(Disagreement, match=message):
        agree(config(outputs=declared), [X], [Y], TRITON_OF)


@pytest.mark.parametrize(
    "more",
    [
        {"sequence_batching": {"direct": {}}},
        {"batch_input": [{"kind": "BATCH_ELEMENT_COUNT"}]},
        {"model_transaction_policy": {"decoupled": True}},
    ],
)
def test_what_only_the_native_backend_can_do_is_refused(more):
    with pytest.raises(Disagreement, match="does not support"):
        agree(config(**more), [X], [Y], TRITON_OF)


def test_every_data_type_slipway_knows_is_served():
    numbers = set(NUMPY_OF) - {"BYTES"}  # text never reaches an ONNX file here
    assert {f"TYPE_{name}" for name in numbers} <= set(TRITON_OF.values())


def test_openvino_serves_what_its_official_backend_does_and_no_double_precision():
    assert set(TRITON_OF.values()) - set(of_openvino.TRITON_OF.values()) == {"TYPE_FP64"}
    assert set(of_openvino.TRITON_OF.values()) <= set(TRITON_OF.values())
