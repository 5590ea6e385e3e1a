"""Several requests in one run of the model, and to each its own rows of the answer.

What decides how fast small models are served is the time spent here, so a request alone is neither
copied nor sliced, and a joined one is copied once on the way in and not at all on the way out.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Run = Callable[[Mapping[str, Array]], Sequence[Array]]
"""The model: named inputs to the outputs in declared order."""


class BadRequest(ValueError):
    """A request cannot be answered; the message is what its sender is told."""


@dataclass(frozen=True)
class Failure:
    """Why one request has no answer."""

    reason: str


Answer = Sequence[Array] | Failure


def answer_all(
    run: Run, names: Sequence[str], requests: Sequence[Sequence[Array]], *, batched: bool
) -> list[Answer]:
    """Answers in the order of the requests; each request is its arrays in the order of `names`.

    With `batched`, requests whose arrays agree in every dimension but the first share one run. One
    that fails is answered with a `Failure` and spoils none of the others: where a joined run fails,
    its requests are run again one by one.
    """
    if len(requests) == 1:  # at low load every time
        return [_answer_one(run, names, requests[0], batched=batched)]
    answers: list[Answer] = [Failure("not run")] * len(requests)
    for members in _groups(requests, batched=batched):
        group = [requests[k] for k in members]
        for k, answer in zip(members, _answer_group(run, names, group, batched), strict=True):
            answers[k] = answer
    return answers


def _groups(requests: Sequence[Sequence[Array]], *, batched: bool) -> list[list[int]]:
    if not batched:
        return [[k] for k in range(len(requests))]
    groups: dict[tuple[tuple[int, ...], ...], list[int]] = {}
    for k, arrays in enumerate(requests):
        groups.setdefault(tuple([array.shape[1:] for array in arrays]), []).append(k)
    return list(groups.values())


def _answer_group(
    run: Run, names: Sequence[str], group: Sequence[Sequence[Array]], batched: bool
) -> Sequence[Answer]:
    if len(group) > 1:
        try:
            return _answer_joined(run, names, group)
        except Exception:  # noqa: BLE001  whatever it was, one by one shows whose it is
            return [_answer_one(run, names, arrays, batched=batched) for arrays in group]
    return [_answer_one(run, names, group[0], batched=batched)]


def _answer_joined(
    run: Run, names: Sequence[str], group: Sequence[Sequence[Array]]
) -> list[Sequence[Array]]:
    columns = zip(*group, strict=True)
    feeds = {name: np.concatenate(column) for name, column in zip(names, columns, strict=True)}
    rows = [_rows(names, arrays) for arrays in group]
    outputs = _run_batch(run, feeds, sum(rows))
    answers: list[Sequence[Array]] = []
    start = 0
    for count in rows:
        # A range of rows of a contiguous array is contiguous: nothing is copied.
        answers.append([output[start : start + count] for output in outputs])
        start += count
    return answers


def _answer_one(
    run: Run, names: Sequence[str], arrays: Sequence[Array], *, batched: bool
) -> Answer:
    try:
        feeds = dict(zip(names, arrays, strict=True))
        return _run_batch(run, feeds, _rows(names, arrays)) if batched else run(feeds)
    except Exception as error:  # noqa: BLE001  it is told to the one who asked, and nobody else
        return Failure(first_line(error))


def _run_batch(run: Run, feeds: Mapping[str, Array], rows: int) -> Sequence[Array]:
    outputs = run(feeds)
    for output in outputs:
        if not output.shape or output.shape[0] != rows:
            raise BadRequest(
                f"the model answered with the shape {list(output.shape)} to {rows} rows"
            )
    return outputs


def _rows(names: Sequence[str], arrays: Sequence[Array]) -> int:
    """The batch size, on which all inputs of a request must agree."""
    rows = arrays[0].shape[0]
    for array in arrays:
        if array.shape[0] != rows:
            sizes = ", ".join(f"'{n}' {a.shape[0]}" for n, a in zip(names, arrays, strict=True))
            raise BadRequest(f"the inputs differ in batch size: {sizes}")
    return int(rows)


def first_line(error: Exception) -> str:
    """An error in one line; an engine's own may come with a stack of native frames."""
    text = str(error).strip()
    return text.splitlines()[0] if text else type(error).__name__
