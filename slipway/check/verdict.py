"""One check: a question, whether its answer was right, and how long it took."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from slipway.check.client import Client, Declared, Metadata, Refused
from slipway.golden import Golden
from slipway.results import CheckResult
from slipway.tensors import Array


@dataclass(frozen=True)
class Verdict:
    """Whether a check passed, and what was seen."""

    passed: bool
    detail: str


def timed(client: Client, name: str, check: Callable[[], Verdict]) -> CheckResult:
    started = time.perf_counter()
    verdict = check()
    milliseconds = (time.perf_counter() - started) * 1e3
    return CheckResult(name, client.protocol, verdict.passed, verdict.detail, milliseconds)


def presence(client: Client, model: str, version: str) -> Iterator[CheckResult]:
    """The server is there, and then the model: where the last one failed, nothing else can pass."""
    yield timed(client, "server is live", lambda: _said_yes(client.live()))
    yield timed(client, "server is ready", lambda: _said_yes(client.ready()))
    yield timed(client, "model is ready", lambda: _said_yes(client.model_ready(model, version)))


def fits(metadata: Metadata | Refused, golden: Golden) -> Verdict:
    """Whether the server declares the tensors of the golden request.

    A generator may have more: inputs and outputs that need not be used.
    """
    if isinstance(metadata, Refused):
        return Verdict(False, str(metadata))
    exact = not golden.stream
    faults = [
        *_misfits("input", metadata.inputs, golden.inputs, exact=exact),
        *_misfits("output", metadata.outputs, golden.outputs, exact=exact),
    ]
    said = ", ".join(str(t) for t in (*metadata.inputs, *metadata.outputs))
    return Verdict(not faults, "; ".join(faults) or said)


def _misfits(
    kind: str, declared: Sequence[Declared], arrays: Mapping[str, Array], *, exact: bool
) -> Iterator[str]:
    by_name = {tensor.name: tensor for tensor in declared}
    for name in sorted(set(arrays) - set(by_name)):
        yield f"{kind} '{name}' is missing"
    for name in sorted(set(by_name) - set(arrays)):
        if exact:
            yield f"{kind} '{name}' is not expected"
    for name in sorted(set(by_name) & set(arrays)):
        if not by_name[name].admits(arrays[name]):
            yield f"{kind} {by_name[name]} does not take {list(arrays[name].shape)}"


def _said_yes(reply: bool | Refused) -> Verdict:
    if isinstance(reply, Refused):
        return Verdict(False, str(reply))
    return Verdict(reply, "yes" if reply else "no")
