"""Both protocols' encodings, parsed back."""

import json

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from tritonclient.grpc import service_pb2 as messages

from slipway.check import grpc_client, http_client
from slipway.check.client import Request
from slipway.tensors import NUMPY_OF, from_json, to_bytes


def elements(name):
    if name == "BYTES":
        return st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
    return {"allow_nan": False, "allow_infinity": False} if name.startswith("FP") else None


tensors = st.dictionaries(
    st.text("abcdef_", min_size=1, max_size=6),
    st.sampled_from(sorted(NUMPY_OF)).flatmap(
        lambda name: arrays.arrays(
            NUMPY_OF[name],
            arrays.array_shapes(min_dims=1, max_dims=4, max_side=3),
            elements=elements(name),
            fill=st.nothing(),
        )
    ),
    min_size=1,
    max_size=3,
)


@given(tensors)
def test_grpc_carries_names_types_shapes_and_bytes(inputs):
    encoded = grpc_client.encode(Request.of("m", "3", inputs))
    message = messages.ModelInferRequest.FromString(encoded)
    assert (message.model_name, message.model_version) == ("m", "3")
    for tensor, data in zip(message.inputs, message.raw_input_contents, strict=True):
        array = inputs[tensor.name]
        assert NUMPY_OF[tensor.datatype] == array.dtype
        assert tuple(tensor.shape) == array.shape
        assert data == to_bytes(array)


@given(tensors)
def test_a_grpc_response_is_read_back(outputs):
    message = messages.ModelInferResponse()
    for tensor in Request.of("m", "", outputs).tensors:
        message.outputs.add(name=tensor.name, datatype=tensor.datatype, shape=tensor.shape)
        message.raw_output_contents.append(tensor.data)
    answer = grpc_client.decode(message.SerializeToString())
    assert answer.keys() == outputs.keys()
    assert all(np.array_equal(answer[name], outputs[name]) for name in outputs)


def test_an_output_of_an_unknown_type_is_left_out():
    message = messages.ModelInferResponse()
    message.outputs.add(name="half", datatype="BF16", shape=[1])
    message.raw_output_contents.append(b"\x01\x00")
    assert grpc_client.decode(message.SerializeToString()) == {}


@given(tensors)
def test_http_carries_the_same_numbers_as_json(inputs):
    body, headers = http_client.encode(Request.of("m", "", inputs))
    assert not headers
    for tensor in json.loads(body)["inputs"]:
        assert np.array_equal(from_json(tensor), inputs[tensor["name"]])


@given(tensors)
def test_http_carries_bytes_after_the_json_and_says_where_they_begin(inputs):
    right = Request.of("m", "", inputs)
    body, headers = http_client.encode(Request(right.model, "", right.tensors, binary=True))
    length = int(headers[http_client.JSON_LENGTH])
    rest = body[length:]
    for tensor in json.loads(body[:length])["inputs"]:
        size = tensor["parameters"]["binary_data_size"]
        assert rest[:size] == to_bytes(inputs[tensor["name"]])
        rest = rest[size:]
    assert rest == b""
