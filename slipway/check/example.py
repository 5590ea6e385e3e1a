"""The call that a client of the model's field would make: the one its folder shows."""

import time
from collections.abc import Iterator

from slipway.check.endpoint import Endpoint
from slipway.folder import ModelFolder
from slipway.results import CheckResult

NAME = "as a client of its field calls it"


def example(folder: ModelFolder, endpoint: Endpoint) -> CheckResult:
    """Run `client.py` of a folder on its own example, as a result like any other check's."""
    client = folder.module("client")
    started = time.perf_counter()
    try:
        answer = client.ask(endpoint.grpc, client.EXAMPLE, model=folder.name)
        if isinstance(answer, Iterator):  # pieces of a text, as they come
            answer = "".join(answer)
        wrong = client.check(answer)
        detail = wrong or str(answer)
    except Exception as error:  # noqa: BLE001 - the code is the folder's: what it raises is a result
        wrong = detail = f"{type(error).__name__}: {error}"
    milliseconds = (time.perf_counter() - started) * 1e3
    return CheckResult(NAME, "grpc", not wrong, " ".join(detail.split())[:200], milliseconds)
