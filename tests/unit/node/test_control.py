"""The node's questions to a decoupled model, and what it makes of the answers."""

import numpy as np
import pytest

from slipway.errors import NodeError
from slipway.golden import Golden
from slipway.node import control
from slipway.node.control import GrpcControl, Overloaded
from slipway.node.probe import Answered, Busy, Unwell, probe
from tests.streaming import SILENCE, grpc_server, text

GOLDEN = Golden({"text_input": text("Once")}, {"text_output": text("upon a time")}, 0.0, True)


@pytest.fixture
def probed(monkeypatch):
    """Call it with a server's script for the verdict, twice: a stream leaves nothing behind."""
    monkeypatch.setattr(control, "STREAM_TIMEOUT", 0.5)

    def verdict(*parts):
        with grpc_server(*parts) as (address, _):
            node = GrpcControl(address)
            first, second = (probe(node, "gen", 1, GOLDEN) for _ in range(2))
            node.close()
        assert type(first) is type(second)
        return second

    return verdict


@pytest.mark.parametrize("parts", [("upon a time",), ("upon", "", " a time")])
def test_a_generator_that_writes_the_golden_text_is_well(probed, parts):
    verdict = probed(*parts)
    assert isinstance(verdict, Answered)
    assert verdict.difference == 0


def test_a_generator_that_writes_another_text_is_unwell(probed):
    assert isinstance(probed("upon", " a tide"), Unwell)


def test_a_generator_that_fails_is_unwell_and_its_reason_is_told(probed):
    verdict = probed("upon", RuntimeError("Stub process is not healthy"))
    assert isinstance(verdict, Unwell)
    assert "Stub process is not healthy" in verdict.reason


@pytest.mark.parametrize(
    "said",
    [
        "the queue is full: 72 requests are under way",
        "no row came free within 30 seconds",
    ],
)
def test_a_generator_without_room_is_busy(probed, said):
    assert isinstance(probed(RuntimeError(said)), Busy)


def test_a_generator_that_says_nothing_is_unwell(probed):
    verdict = probed("upon", SILENCE)
    assert isinstance(verdict, Unwell)
    assert "nothing came for 0.5 seconds" in verdict.reason


def test_a_server_that_is_gone_is_told_as_that():
    node = GrpcControl("127.0.0.1:1")
    with pytest.raises(NodeError, match=r"[Cc]onnect"):
        node.infer("gen", None, GOLDEN.inputs, stream=True)
    node.close()


def test_the_texts_of_a_stream_are_put_together():
    with grpc_server("up", "on") as (address, _):
        node = GrpcControl(address)
        answer = node.infer("gen", None, GOLDEN.inputs, stream=True)
        node.close()
    assert np.array_equal(answer["text_output"], text("upon"))


def test_overload_is_an_error_of_its_own():
    with grpc_server(RuntimeError("the queue is full")) as (address, _):
        node = GrpcControl(address)
        with pytest.raises(Overloaded, match="the queue is full"):
            node.infer("gen", None, GOLDEN.inputs, stream=True)
        node.close()
