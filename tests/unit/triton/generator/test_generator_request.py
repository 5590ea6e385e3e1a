"""What a client asks for, read from tensors and parameters."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.triton.backends.generator.request import READERS, BadRequest, Request


def tensors(**values):
    return {
        name: np.array([value if isinstance(value, bool) else value.encode()], dtype=object)
        if not isinstance(value, bool)
        else np.array([value])
        for name, value in values.items()
    }


def ask(parameters="", **values):
    return Request.of(tensors(**{"text_input": "Hello", **values}), parameters)


def test_a_text_alone_is_enough():
    assert ask() == Request(text="Hello", repeat_prompt=True)


def test_a_stream_leaves_the_prompt_out_and_a_single_answer_begins_with_it():
    assert not ask(stream=True).repeat_prompt
    assert ask().repeat_prompt
    assert not ask(exclude_input_in_output=True).repeat_prompt
    with pytest.raises(BadRequest, match="exclude_input_in_output must be true"):
        ask(stream=True, exclude_input_in_output=False)


PARAMETERS = {
    "max_tokens": 5,
    "temperature": 0.5,
    "top_k": 40,
    "top_p": 0.9,
    "seed": 7,
    "stop": ["a", "b"],
    "ignore_eos": True,
}


@pytest.mark.parametrize("where", ["tensor", "parameters"])
def test_sampling_parameters_come_in_a_tensor_or_as_parameters(where):
    text = json.dumps(PARAMETERS)
    asked = ask(sampling_parameters=text) if where == "tensor" else ask(text)
    assert {name: getattr(asked, name) for name in PARAMETERS} == {**PARAMETERS, "stop": ("a", "b")}


def test_every_parameter_was_tried():
    assert set(READERS) == set(PARAMETERS)


def test_a_parameter_given_twice_is_refused():
    with pytest.raises(BadRequest, match="'seed' is given twice"):
        ask('{"seed": 1}', sampling_parameters='{"seed": 1}')
    assert ask('{"seed": 1}', sampling_parameters='{"top_k": 2}').top_k == 2


def test_numbers_may_be_strings():
    asked = ask('{"temperature": "0.5", "max_tokens": "9", "ignore_eos": "true", "stop": "1"}')
    assert (asked.temperature, asked.max_tokens, asked.ignore_eos) == (0.5, 9, True)
    assert asked.stop == ("1",)


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ("x", ("x",)),
        (["x"], ("x",)),
        ('["x", "y"]', ("x", "y")),
        ("[1", ("[1",)),
        ([], ()),
        ("[1]", ("[1]",)),
        ("[]", ("[]",)),
    ],
)
def test_stop_strings_come_one_several_or_as_json(given, read):
    assert ask(json.dumps({"stop": given})).stop == read


def test_minus_one_leaves_all_tokens_in_as_in_vllm():
    assert ask('{"top_k": -1}').top_k == 0


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ('{"max_token": 1}', "parameter 'max_token' is not known; there are max_tokens"),
        ('{"max_tokens": 0}', "max_tokens is 0; a whole number from 1 is needed"),
        ('{"max_tokens": 1.5}', "max_tokens is 1.5"),
        ('{"max_tokens": true}', "max_tokens is True"),
        ('{"temperature": -0.1}', "temperature is -0.1; it cannot be negative"),
        ('{"temperature": "hot"}', "temperature is 'hot'; a number is needed"),
        ('{"temperature": NaN}', "temperature is nan"),
        ('{"temperature": Infinity}', "temperature is inf"),
        (f'{{"temperature": {"9" * 400}}}', "temperature is 9999"),
        (r'{"\ud800\n": 1}', r"parameter '\\ud800\\n' is not known"),
        ("[" * 100_000, "the request's parameters cannot be read as JSON"),
        ('{"top_k": -2}', "top_k is -2"),
        ('{"top_p": 0}', "top_p is 0; it is above 0"),
        ('{"top_p": 1.01}', "top_p is 1.01"),
        ('{"seed": -1}', "seed is -1; a whole number from 0 and below"),
        (f'{{"seed": {2**63}}}', "seed is 9223372036854775808"),
        ('{"stop": ""}', "stop is ''"),
        ('{"stop": [1]}', r"stop is \[1\]"),
        ('{"stop": 3}', "stop is 3"),
        (json.dumps({"stop": ["x"] * 17}), "up to 16 strings"),
        ('{"ignore_eos": 1}', "ignore_eos is 1; true or false is needed"),
        ("[1]", "the request's parameters must be a JSON object"),
        ("{", "the request's parameters cannot be read as JSON"),
    ],
)
def test_a_wrong_parameter_is_named_in_one_line(parameters, said):
    with pytest.raises(BadRequest, match=said) as caught:
        ask(parameters)
    assert "\n" not in str(caught.value)


def test_a_wrong_sampling_tensor_is_named():
    with pytest.raises(BadRequest, match="sampling_parameters cannot be read as JSON"):
        ask(sampling_parameters="temperature=1")


def test_a_text_is_needed_and_is_utf_8():
    for empty in (tensors(text_input=""), {}):
        with pytest.raises(BadRequest, match="text_input is empty"):
            Request.of(empty, "")
    with pytest.raises(BadRequest, match="text_input is not UTF-8"):
        Request.of({"text_input": np.array([b"\xff"], object)}, "")
    with pytest.raises(BadRequest, match="text_input has 2 elements"):
        Request.of({"text_input": np.array([b"a", b"b"], object)}, "")


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@given(st.dictionaries(st.sampled_from(sorted(READERS)), JSON))
def test_whatever_is_sent_is_read_or_refused(parameters):
    try:
        asked = ask(json.dumps(parameters))
    except BadRequest:
        return
    assert asked.temperature >= 0
    assert 0 < asked.top_p <= 1
    assert asked.max_tokens is None or asked.max_tokens >= 1
