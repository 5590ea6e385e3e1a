"""One check: a question, whether its answer was right, and how long it took."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from slipway.check.client import Client, Refused
from slipway.results import CheckResult


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


def _said_yes(reply: bool | Refused) -> Verdict:
    if isinstance(reply, Refused):
        return Verdict(False, str(reply))
    return Verdict(reply, "yes" if reply else "no")
