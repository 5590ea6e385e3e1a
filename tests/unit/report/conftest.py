"""One model as it looks when everything was done and nothing is wrong."""

from dataclasses import replace

import pytest

from slipway.artefact import Artefact, FileEntry, MetricResult, ParityResult
from slipway.exhibits import Bars, Lines, Passages, Picture, Pictures, Series
from slipway.metrics.scores import Scores
from slipway.report.content import ModelReport, Released, StepRecord
from slipway.results import (
    AccuracyResult,
    CheckResult,
    LoadPoint,
    PerfResult,
    StreamPoint,
    StreamResult,
)


def load_point(concurrency, throughput, p99):
    return LoadPoint(
        concurrency=concurrency,
        throughput=throughput,
        p50_ms=p99 / 2,
        p90_ms=p99 * 0.75,
        p99_ms=p99,
        mean_ms=p99 * 0.6,
        queue_ms=p99 * 0.3,
        compute_ms=p99 * 0.2,
        transport_ms=p99 * 0.1,
        batch=concurrency * 0.6,
        requests=4321,
        errors=0,
        stable=True,
        windows=(throughput, throughput, throughput),
    )


@pytest.fixture
def exhibits():
    """One of each kind."""
    picture = Picture(((0, 255), (9, 8)), ((True, False), (False, False)))
    model, rule = Series("model", (1.0, 2.0), (0.5, 1.0)), Series("rule", (1.0, 2.0), (0.0, 0.2))
    return (
        Lines("Hit rate", "k", "hit rate", (model, rule), (("asked for", 0.8),), (("at", 1.5),)),
        Bars("By length", "hit rate", (("short", 0.25), ("long", 0.75)), "Of all users."),
        Pictures("Masks", ("scan", "truth"), ((picture, picture),), "Amber.", names=("best",)),
        Passages("Samples", ("prompt", "answer"), (("Once", " upon\n  a <time>"),), "Greedy."),
    )


@pytest.fixture
def whole():
    artefact = Artefact(
        model="image_classifier",
        title="Handwritten digits",
        files=(
            FileEntry("golden.json", 41_822, "1a" * 32),
            FileEntry("model/1/model.onnx", 44_702_120, "2b" * 32),
            FileEntry("model/config.pbtxt", 1_804, "3c" * 32),
        ),
        serving={"name": "image_classifier", "max_batch_size": 16},
        metric=MetricResult("accuracy", 0.9861, 0.97, 360),
        parity=(
            ParityResult("PyTorch", "ONNX", 1, 1.9e-6, 1e-4),
            ParityResult("ONNX", "optimised", 7, 3.4e-6, 1e-4),
        ),
        built_with={"torch": "2.13.0", "onnx": "1.23.2"},
        git_revision="0123456789abcdef0123456789abcdef01234567",
    )
    return ModelReport(
        artefact=artefact,
        scores=Scores(0.9861, 360, ((178, 2), (3, 177))),
        labels=("zero", "one"),
        accuracy=AccuracyResult("accuracy", 0.9861, 360, 4.7e-6, 1e-4),
        smoke=(
            CheckResult("golden request", "grpc", True, "differs by 3e-6", 2.5),
            CheckResult("wrong shape", "http", True, "refused: 400", 1.25),
        ),
        perf=PerfResult(
            model="image_classifier",
            endpoint="127.0.0.1:8001",
            protocol="grpc",
            request_batch=1,
            machine="2 cores of a test",
            # In disorder on purpose: the page sorts.
            points=(load_point(16, 1210.4, 19.3), load_point(1, 402.2, 3.3)),
        ),
        steps=(
            StepRecord("train", True, 0.06, "30 epochs"),
            StepRecord("export", False, 11.2, "opset 20"),
        ),
        release=Released("local", 3),
        server={"Triton": "2.51.0"},
        recorded="2026-11-23T20:14:03Z",
    )


def stream_point(concurrency, tokens_per_s, *, stable=True, errors=0):
    return StreamPoint(
        concurrency=concurrency,
        tokens_per_s=tokens_per_s,
        ttft_p50_ms=2.25 * concurrency,
        ttft_p99_ms=4.5 * concurrency,
        itl_p50_ms=0.5,
        itl_p99_ms=1.5,
        streams=40,
        tokens=1920,
        errors=errors,
        stable=stable,
        windows=(tokens_per_s,) * 3,
    )


@pytest.fixture
def generator(whole):
    """A model that writes texts: its speed is that of streams, its answers are the same or not."""
    streams = StreamResult(
        model="image_classifier",
        endpoint="127.0.0.1:8001",
        protocol="grpc",
        machine="2 cores of a test",
        points=(stream_point(8, 2033.4), stream_point(1, 1484.2)),
    )
    same = AccuracyResult("same_text", 1.0, 16, 0.0, 0.0)
    return replace(whole, perf=None, streams=streams, accuracy=same)
