"""The metric and the difference from what is right, of the answers that clients really get."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial

import numpy as np

from slipway.check.client import Answer, Refused, Request, StreamClient, joined
from slipway.check.endpoint import Endpoint, unreachable
from slipway.check.grpc_client import GrpcClient
from slipway.check.http_client import HttpClient
from slipway.errors import CheckError
from slipway.metrics.named import metric_named
from slipway.progress import Progress, silent
from slipway.questions import Questions
from slipway.results import AccuracyResult
from slipway.tensors import max_difference

IN_FLIGHT = 4
"""Requests under way at once, so that the server joins them into batches and parts them again."""
PATIENCE_S = 60.0
"""Seconds for an answer; of a stream, for its next response."""


def accuracy(
    endpoint: Endpoint,
    model: str,
    questions: Questions,
    *,
    tolerance: float,
    batch: int,
    progress: Progress = silent,
) -> AccuracyResult:
    """Send every example over gRPC and over HTTP, in requests of 1 to `batch` rows.

    The protocol whose answers are further from the right ones counts. Raises `CheckError` where the
    server refuses a request.
    """

    def ask(client: StreamClient, part: slice) -> Answer | Refused:
        return client.infer(Request.of(model, "", questions.rows(part)))

    parts = list(mixed_slices(len(questions.targets), batch))
    return max(
        (
            _judged(model, questions, answers, tolerance)
            for answers in _over_both(endpoint, model, parts, ask, progress)
        ),
        key=lambda result: result.difference,
    )


def accuracy_of_streams(
    endpoint: Endpoint, model: str, questions: Questions, *, progress: Progress = silent
) -> AccuracyResult:
    """As `accuracy`, of a decoupled model: every question is a stream.

    The difference is 0 where all texts are right, else infinite.
    """
    stream = {"stream": np.ones(1, dtype=bool)}

    def ask(client: StreamClient, part: slice) -> Answer | Refused:
        # A decoupled model takes no batches: a row is a request.
        question = {name: array[0] for name, array in questions.rows(part).items()}
        pieces = client.stream(Request.of(model, "", {**question, **stream}))
        if isinstance(pieces, Refused):
            return pieces
        return {name: array[None] for name, array in joined(pieces).items()}

    parts = [slice(row, row + 1) for row in range(len(questions.targets))]
    return max(
        (
            _judged(model, questions, answers, tolerance=0.0)
            for answers in _over_both(endpoint, model, parts, ask, progress)
        ),
        key=lambda result: result.difference,
    )


def _over_both(
    endpoint: Endpoint,
    model: str,
    parts: Sequence[slice],
    ask: Callable[[StreamClient, slice], Answer | Refused],
    progress: Progress,
) -> Iterator[list[Answer]]:
    """The answers to all parts, over gRPC and then over HTTP."""
    total = parts[-1].stop
    with ExitStack() as stack:
        pool = stack.enter_context(ThreadPoolExecutor(IN_FLIGHT))
        clients: list[tuple[str, StreamClient]] = [
            (endpoint.grpc, stack.enter_context(GrpcClient(endpoint.grpc, PATIENCE_S))),
            (endpoint.http, stack.enter_context(HttpClient(endpoint.http, PATIENCE_S))),
        ]
        for number, (address, client) in enumerate(clients):
            answers: list[Answer] = []
            asked = pool.map(partial(ask, client), parts)
            for part, answer in zip(parts, asked, strict=True):
                if isinstance(answer, Refused):
                    pool.shutdown(cancel_futures=True)
                    raise _refused(address, model, answer, alive=client.live() is True)
                answers.append(answer)
                done = number * total + part.stop
                progress(done, len(clients) * total, f"{part.stop} examples, {client.protocol}")
            yield answers


def _judged(
    model: str, questions: Questions, answers: Sequence[Answer], tolerance: float
) -> AccuracyResult:
    reference = questions.reference
    missing = {name for name in reference for answer in answers if name not in answer}
    if missing:
        raise CheckError(f"'{model}' does not answer with {', '.join(sorted(missing))}")
    outputs = {name: np.concatenate([answer[name] for answer in answers]) for name in reference}
    return AccuracyResult(
        metric=questions.metric,
        value=metric_named(questions.metric)(outputs, questions.targets).value,
        examples=len(questions.targets),
        difference=max_difference(reference, outputs),
        tolerance=tolerance,
        reference="PyTorch" if questions.exact else "build",
    )


def mixed_slices(total: int, largest: int) -> Iterator[slice]:
    """Cut `total` rows into parts of every size up to `largest`: 1, largest, 2, largest - 1, ..."""
    sizes = [s for low in range(1, largest // 2 + 1) for s in (low, largest + 1 - low)]
    sizes += [largest // 2 + 1] if largest % 2 else []
    start = 0
    while start < total:
        size = min(sizes[0], total - start)
        yield slice(start, start + size)
        start += size
        sizes.append(sizes.pop(0))


def _refused(address: str, model: str, refused: Refused, *, alive: bool) -> CheckError:
    if not alive:
        return unreachable(address, refused.message)
    return CheckError(
        f"'{model}' did not answer held-out examples",
        why=str(refused),
        mend="Run scripts/smoke.py to see what is wrong.",
    )
