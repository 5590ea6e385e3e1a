"""The metric and the difference to PyTorch, of the answers that clients really get."""

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from slipway.check.client import Answer, Refused, Request
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


@dataclass(frozen=True)
class Holdout:
    """Held-out examples (batch first), their targets, and PyTorch's answers to them."""

    inputs: Mapping[str, Array]
    targets: Array
    reference: Mapping[str, Array]


def load_holdout(path: Path) -> Holdout:
    """Read the .npz file a build leaves: `input/<name>`, `reference/<name>` and `targets`."""
    try:
        with np.load(path) as file:
            arrays = {key: _as_sent(file[key]) for key in file.files}
        return Holdout(_below("input/", arrays), arrays["targets"], _below("reference/", arrays))
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
    *,
    inputs: Mapping[str, Array],
    targets: Array,
    reference: Mapping[str, Array],
    metric: str,
    tolerance: float,
    batch: int,
    progress: Progress = silent,
) -> AccuracyResult:
    """Send every example over gRPC in requests of 1 to `batch` rows, several at once.

    Raises `CheckError` where the server refuses one of them.
    """
    parts = list(mixed_slices(len(targets), batch))
    answers: list[Answer] = []
    with GrpcClient(endpoint.grpc, PATIENCE_S) as client, ThreadPoolExecutor(IN_FLIGHT) as pool:

        def ask(part: slice) -> Answer | Refused:
            rows = {name: array[part] for name, array in inputs.items()}
            return client.infer(Request.of(model, "", rows))

        for part, answer in zip(parts, pool.map(ask, parts), strict=True):
            if isinstance(answer, Refused):
                pool.shutdown(cancel_futures=True)
                raise _refused(endpoint, model, answer)
            answers.append(answer)
            progress(part.stop, len(targets), f"{part.stop} examples")
    missing = {name for name in reference for answer in answers if name not in answer}
    if missing:
        raise CheckError(f"'{model}' does not answer with {', '.join(sorted(missing))}")
    outputs = {name: np.concatenate([answer[name] for answer in answers]) for name in reference}
    return AccuracyResult(
        metric=metric,
        value=metric_named(metric)(outputs, targets).value,
        examples=len(targets),
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
