from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.check.accuracy import accuracy_of_streams, mixed_slices
from slipway.check.endpoint import Endpoint
from slipway.errors import CheckError
from slipway.questions import Questions
from tests.streaming import grpc_server, http_server


@given(st.integers(0, 500), st.integers(1, 40))
def test_every_row_is_sent_once_and_in_order(total, largest):
    rows = np.arange(total)
    parts = [rows[part] for part in mixed_slices(total, largest)]
    assert np.array_equal(np.concatenate([rows[:0], *parts]), rows)
    assert all(1 <= len(part) <= largest for part in parts)


@given(st.integers(1, 24))
def test_with_enough_rows_every_size_occurs(largest):
    enough = largest * (largest + 1) // 2
    sizes = [part.stop - part.start for part in mixed_slices(enough, largest)]
    assert sorted(sizes) == list(range(1, largest + 1))


SAID = ("On", "ce ", "upon")
QUESTIONS = Questions(
    inputs={"text_input": np.array([[f"Place {n}"] for n in range(9)], dtype=object)},
    targets=np.full((9, 1), "Once upon", dtype=object),
    reference={"text_output": np.full((9, 1), "Once upon", dtype=object)},
    metric="same_text",
)


def test_of_streams_every_text_is_compared():
    with grpc_server(*SAID) as (address, script), http_server(*SAID) as (url, over_http):
        endpoint = Endpoint(address, url)
        result = accuracy_of_streams(endpoint, "gen", QUESTIONS)
        other = replace(
            QUESTIONS,
            reference={"text_output": np.array([["Once upon"]] * 8 + [["Once"]], dtype=object)},
        )
        off = accuracy_of_streams(endpoint, "gen", other)
    assert (result.metric, result.value, result.examples) == ("same_text", 1.0, 9)
    assert (result.difference, result.passed) == (0.0, True)
    assert (off.difference, off.passed) == (np.inf, False)
    sent = [asked["text_input"].decode(errors="replace")[4:] for asked in script.asked]
    assert sorted(sent[:9]) == [f"Place {n}" for n in range(9)]
    assert all(asked["stream"] == b"\x01" for asked in script.asked)
    asked_over_http = sorted(asked["text_input"] for asked in over_http.asked[:9])
    assert asked_over_http == [f"Place {n}" for n in range(9)]


@pytest.mark.parametrize("wrong", ["grpc", "http"])
def test_a_protocol_that_answers_otherwise_is_noticed(wrong):
    over_grpc, over_http = (("Once", " a") if wrong == each else SAID for each in ("grpc", "http"))
    with grpc_server(*over_grpc) as (address, _), http_server(*over_http) as (url, _):
        result = accuracy_of_streams(Endpoint(address, url), "gen", QUESTIONS)
    assert (result.value, result.passed) == (0.0, False)


def test_a_question_that_is_refused_ends_the_comparison():
    with (
        grpc_server("On", RuntimeError("the queue is full")) as (address, _),
        pytest.raises(CheckError, match="the queue is full"),
    ):
        accuracy_of_streams(Endpoint(address), "gen", QUESTIONS)
    with pytest.raises(CheckError, match="No server answers at"):
        accuracy_of_streams(Endpoint("127.0.0.1:1"), "gen", QUESTIONS)
