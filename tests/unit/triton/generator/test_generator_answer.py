"""The responses of a request."""

import pytest

from slipway.triton.backends.generator.answer import Answer
from slipway.triton.backends.generator.request import Request
from slipway.triton.backends.generator.text import Writer


def decode(tokens):
    return bytes(tokens).decode(errors="replace")


def responses(request, text, ended="length", stop=()):
    """All responses for a text of one token a byte, as plain values."""
    answer = Answer(request, 3, Writer(decode, list(b"?"), stop))
    sent = []
    for k, token in enumerate(text):
        response = answer.take(token, ended if k == len(text) - 1 else None)
        if response is not None:
            sent.append({name: array.tolist()[0] for name, array in response.items()})
        if answer.finished:
            break
    return sent


ALL = {"with_finish_reason": True, "with_input_tokens": True, "with_output_tokens": True}


def test_a_stream_has_a_response_for_each_token():
    sent = responses(Request("?", stream=True), b"abc")
    assert sent == [{"text_output": b"a"}, {"text_output": b"b"}, {"text_output": b"c"}]


def test_each_response_counts_its_own_tokens_and_the_last_says_why():
    sent = responses(Request("?", stream=True, **ALL), b"ab")
    assert [each["finish_reason"] for each in sent] == [b"None", b"length"]
    assert [each["num_output_tokens"] for each in sent] == [1, 1]
    assert [each["num_input_tokens"] for each in sent] == [3, 3]


def test_otherwise_there_is_one_response():
    (sent,) = responses(Request("?", **ALL), b"abc")
    assert sent == {
        "text_output": b"abc",
        "finish_reason": b"length",
        "num_input_tokens": 3,
        "num_output_tokens": 3,
    }


def test_it_begins_with_the_prompt_where_that_is_asked_for():
    (sent,) = responses(Request("Why? ", repeat_prompt=True), b"So.")
    assert sent["text_output"] == b"Why? So."


@pytest.mark.parametrize("stream", [True, False])
def test_an_end_token_is_counted_and_not_shown(stream):
    sent = responses(Request("?", stream=stream, **ALL), b"ab!", ended="stop")
    assert b"".join(each["text_output"] for each in sent) == b"ab"
    assert sum(each["num_output_tokens"] for each in sent) == 3
    assert sent[-1]["finish_reason"] == b"stop"


@pytest.mark.parametrize("stream", [True, False])
def test_a_stop_string_ends_the_answer_before_its_limit(stream):
    sent = responses(Request("?", stream=stream, **ALL), b"ab##cd", stop=["##"])
    assert b"".join(each["text_output"] for each in sent) == b"ab"
    assert sum(each["num_output_tokens"] for each in sent) == 4
    assert sent[-1]["finish_reason"] == b"stop"


def test_what_was_held_back_is_shown_with_the_last_token():
    sent = responses(Request("?", stream=True), "é".encode()[:1] + b"#", stop=["##"])
    assert b"".join(each["text_output"] for each in sent) == "\ufffd#".encode()


def test_a_stop_string_completed_by_the_last_token_is_the_reason():
    (sent,) = responses(Request("?", **ALL), b"ab#", stop=["#"])
    assert (sent["text_output"], sent["finish_reason"]) == (b"ab", b"stop")
