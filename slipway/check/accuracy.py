"""The metric and the difference to PyTorch, of the answers that clients really get."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from slipway.check.client import Answer, Refused, Request, joined
from slipway.check.endpoint import Endpoint, unreachable
from slipway.check.grpc_client import GrpcClient
from slipway.errors import CheckError
from slipway.metrics.named import metric_named
from slipway.progress import Progress, silent
from slipway.results import AccuracyResult
from slipway.tensors import Array, max_difference

IN_FLIGHT = 4
"""Requests under way at once, so that the server joins them into batches and parts them again."""
PATIENCE_S = 60.0
"""Seconds for an answer; of a stream, for its next response."""


@dataclass(frozen=True)
class Holdout:
    """What is asked of the served model (batch first), the targets, and PyTorch's own answers.

    `metric` names what is computed from answers and targets.
    """

    inputs: Mapping[str, Array]
    targets: Array
    reference: Mapping[str, Array]
    metric: str

    def rows(self, part: slice) -> dict[str, Array]:
        return {name: array[part] for name, array in self.inputs.items()}


def load_holdout(path: Path) -> Holdout:
    """Read what a build leaves: `input/<name>`, `reference/<name>`, `targets` and `metric`."""
    try:
        with np.load(path) as file:
            arrays = {key: _as_sent(file[key]) for key in file.files}
        return Holdout(
            _below("input/", arrays),
            arrays["targets"],
            _below("reference/", arrays),
            str(arrays["metric"]),
        )
    except (OSError, ValueError, KeyError) as error:
        raise CheckError(
            f"The held-out examples in {path} cannot be read",
            why=f"{type(error).__name__}: {error}",
            mend="Build the model again with scripts/build.py.",
        ) from error


def _as_sent(array: Array) -> Array:
    """Text lies in the file as numpy's own strings and is sent as objects."""
    return array.astype(object) if array.dtype.kind == "U" else array


def _below(prefix: str, arrays: Mapping[str, Array]) -> dict[str, Array]:
    found = {k.removeprefix(prefix): a for k, a in arrays.items() if k.startswith(prefix)}
    if not found:
        raise KeyError(f"{prefix}...")
    return found


def accuracy(
    endpoint: Endpoint,
    model: str,
    holdout: Holdout,
    *,
    tolerance: float,
    batch: int,
    progress: Progress = silent,
) -> AccuracyResult:
    """Send every example over gRPC in requests of 1 to `batch` rows, several at once.

    Raises `CheckError` where the server refuses one of them.
    """
    parts = list(mixed_slices(len(holdout.targets), batch))

    def ask(client: GrpcClient, part: slice) -> Answer | Refused:
        return client.infer(Request.of(model, "", holdout.rows(part)))

    answers = _ask_all(endpoint, model, parts, ask, progress)
    return _judged(model, holdout, answers, tolerance)


def accuracy_of_streams(
    endpoint: Endpoint, model: str, holdout: Holdout, *, progress: Progress = silent
) -> AccuracyResult:
    """Send every question to a decoupled model over gRPC, several at once, each as a stream.

    The difference is 0 where all texts are PyTorch's, else infinite. Raises `CheckError` where the
    server refuses a question.
    """
    stream = {"stream": np.ones(1, dtype=bool)}

    def ask(client: GrpcClient, part: slice) -> Answer | Refused:
        # A decoupled model takes no batches: a row is a request.
        question = {name: array[0] for name, array in holdout.rows(part).items()}
        pieces = client.stream(Request.of(model, "", {**question, **stream}))
        if isinstance(pieces, Refused):
            return pieces
        return {name: array[None] for name, array in joined(pieces).items()}

    parts = [slice(row, row + 1) for row in range(len(holdout.targets))]
    answers = _ask_all(endpoint, model, parts, ask, progress)
    return _judged(model, holdout, answers, tolerance=0.0)


def _ask_all(
    endpoint: Endpoint,
    model: str,
    parts: Sequence[slice],
    ask: Callable[[GrpcClient, slice], Answer | Refused],
    progress: Progress,
) -> list[Answer]:
    answers: list[Answer] = []
    with GrpcClient(endpoint.grpc, PATIENCE_S) as client, ThreadPoolExecutor(IN_FLIGHT) as pool:
        asked = pool.map(lambda part: ask(client, part), parts)
        for part, answer in zip(parts, asked, strict=True):
            if isinstance(answer, Refused):
                pool.shutdown(cancel_futures=True)
                raise _refused(endpoint, model, answer)
            answers.append(answer)
            progress(part.stop, parts[-1].stop, f"{part.stop} examples")
    return answers


def _judged(
    model: str, holdout: Holdout, answers: Sequence[Answer], tolerance: float
) -> AccuracyResult:
    reference = holdout.reference
    missing = {name for name in reference for answer in answers if name not in answer}
    if missing:
        raise CheckError(f"'{model}' does not answer with {', '.join(sorted(missing))}")
    outputs = {name: np.concatenate([answer[name] for answer in answers]) for name in reference}
    return AccuracyResult(
        metric=holdout.metric,
        value=metric_named(holdout.metric)(outputs, holdout.targets).value,
        examples=len(holdout.targets),
        difference=max_difference(reference, outputs),
        tolerance=tolerance,
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


def _refused(endpoint: Endpoint, model: str, refused: Refused) -> CheckError:
    if refused.code == "UNAVAILABLE":
        return unreachable(endpoint.grpc, refused.message)
    return CheckError(
        f"'{model}' did not answer held-out examples",
        why=str(refused),
        mend="Run scripts/smoke.py to see what is wrong.",
    )
