import json

import pytest

from slipway.check import streams
from slipway.check.endpoint import Endpoint
from slipway.check.stream_load import StreamWindow
from slipway.check.streams import measure
from slipway.errors import CheckError
from slipway.golden import Golden
from slipway.results import StreamPoint, StreamResult
from tests.streaming import grpc_server, text

GOLDEN = Golden({"text_input": text("Once")}, {"text_output": text("upon a time")}, 0.0, True)
MS = 1_000_000


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(streams, "WARMUP_S", 0.1)


def point_of(address, golden=GOLDEN, concurrency=2):
    result = measure(
        Endpoint(address), "gen", [golden], [concurrency], window=0.3, within=1.0, most=3
    )
    assert (result.model, result.endpoint, result.protocol) == ("gen", address, "grpc")
    return result.points[0]


def test_every_response_is_a_token_and_the_first_is_told_apart(quick):
    with grpc_server("upon", " a", " time") as (address, script):
        point = point_of(address)
    assert (point.errors, point.error, point.stable) == (0, "", True)
    assert point.streams > 0
    assert abs(point.tokens - 3 * point.streams) <= 3 * point.concurrency
    assert point.tokens_per_s > 0
    assert 0 < point.itl_p50_ms <= point.itl_p99_ms
    assert 0 < point.ttft_p50_ms <= point.ttft_p99_ms
    assert all(asked["stream"] == b"\x01" for asked in script.asked)


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        (("upon", " a", " tide"), "another text"),
        (("upon", RuntimeError("the queue is full")), "the queue is full"),
        ((), "without an answer"),
    ],
)
def test_errors_and_wrong_texts_are_counted(quick, parts, said):
    with grpc_server(*parts) as (address, _):
        point = point_of(address)
    assert point.errors > 0
    assert said in point.error


def test_figures_are_of_the_last_windows_and_errors_of_all():
    def window(tokens, gap, errors=0):
        return StreamWindow(
            seconds=1.0,
            errors=errors,
            error="bad" * errors,
            first_ns=[9 * MS],
            between_ns=[gap * MS] * (tokens - 1),
            streams=1,
        )

    point = streams._point(4, [window(50, 7, 1), window(100, 2), window(102, 3)], 2, 0.05)
    assert point == StreamPoint(
        concurrency=4,
        tokens_per_s=101.0,
        ttft_p50_ms=9.0,
        ttft_p99_ms=9.0,
        itl_p50_ms=3.0,
        itl_p99_ms=3.0,
        streams=2,
        tokens=202,
        errors=1,
        stable=True,
        windows=(50.0, 100.0, 102.0),
        error="bad",
    )
    unsettled = streams._point(4, [window(50, 7), window(100, 2)], 2, 0.05)
    assert not unsettled.stable


def test_a_result_survives_json_and_passes_only_when_stable_and_without_errors():
    point = StreamPoint(1, 100.0, 1.0, 2.0, 3.0, 4.0, 5, 60, 0, True, (99.0, 101.0))
    result = StreamResult("gen", "h:1", "grpc", "1 x CPU", (point,))
    assert StreamResult.from_json(json.loads(json.dumps(result.to_json()))) == result
    assert result.passed
    for wrong in ({"errors": 1}, {"stable": False}):
        changed = StreamPoint(**{**point.__dict__, **wrong})
        assert not StreamResult("gen", "h:1", "grpc", "", (point, changed)).passed


@pytest.mark.parametrize(
    "wrong",
    [
        {"requests": []},
        {"concurrencies": []},
        {"concurrencies": [0]},
        {"window": 0.0},
        {"agree": 1},
        {"agree": 5, "most": 4},
    ],
)
def test_a_measurement_that_cannot_be_is_refused_before_anything_is_sent(wrong):
    settings = {"requests": [GOLDEN], "concurrencies": [1], **wrong}
    with pytest.raises(CheckError) as refused:
        measure(Endpoint(), "gen", **settings)
    assert "No server answers" not in str(refused.value)


def test_a_server_or_a_model_that_is_not_there_is_an_error_and_no_result():
    with pytest.raises(CheckError, match="No server answers at"):
        measure(Endpoint("127.0.0.1:1"), "gen", [GOLDEN], [1])
    with grpc_server() as (address, _), pytest.raises(CheckError, match=r"scripts/smoke\.py"):
        measure(Endpoint(address), "nobody", [GOLDEN], [1])
