"""Is a model served, does it answer rightly, and does the server survive wrong requests?"""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial

from slipway.check.client import Answer, Client, Refused, Request, StreamClient
from slipway.check.endpoint import Endpoint, unreachable
from slipway.check.generation import GeneratorChecks
from slipway.check.grpc_client import GrpcClient
from slipway.check.http_client import HttpClient
from slipway.check.refusals import Wrong, is_proper, wrong_requests
from slipway.check.verdict import Verdict, fits, presence, timed
from slipway.golden import Difference, Golden
from slipway.results import CheckResult

UNKNOWN = 0
"""Of the largest batch: then none above it is sent."""


def smoke(
    endpoint: Endpoint, model: str, golden: Golden, version: str = ""
) -> Iterator[CheckResult]:
    """Ask everything over HTTP, then over gRPC; each answer is yielded when it is there.

    An empty `version` checks the one the server's version policy chooses. Raises `CheckError`
    where no server answers at all; whatever a server answers is a result.
    """
    with ExitStack() as stack:
        clients: list[tuple[str, StreamClient]] = [
            (endpoint.http, stack.enter_context(HttpClient(endpoint.http))),
            (endpoint.grpc, stack.enter_context(GrpcClient(endpoint.grpc))),
        ]
        for address, client in clients:
            live = client.live()
            if isinstance(live, Refused) and live.code in ("", "UNAVAILABLE"):
                raise unreachable(address, live.message)
        for _, client in clients:
            if golden.stream:
                yield from GeneratorChecks(client, model, version, golden).checks()
            else:
                yield from Conversation(client, model, version, golden).checks()


@dataclass(frozen=True)
class Conversation:
    """The checks of one model over one protocol."""

    client: Client
    model: str
    version: str
    golden: Golden

    def checks(self) -> Iterator[CheckResult]:
        """In order; ends early where the model is not there, since nothing else can pass then."""
        for there in presence(self.client, self.model, self.version):
            yield there
        if not there.passed:
            return
        metadata = self.client.metadata(self.model, self.version)
        yield timed(
            self.client, "metadata fits the golden request", lambda: fits(metadata, self.golden)
        )
        yield timed(self.client, "golden request", self._golden)
        yield timed(self.client, "golden rows one by one", self._one_by_one)
        maximum = self.client.maximum_batch(self.model, self.version)
        yield timed(
            self.client, "configuration is given, or closed", lambda: _batch_is_known(maximum)
        )
        if isinstance(maximum, Refused) and maximum.restricted:
            maximum = UNKNOWN
        if isinstance(metadata, Refused) or isinstance(maximum, Refused):
            return
        if {t.name for t in metadata.inputs} != set(self.golden.inputs):
            return
        for wrong in wrong_requests(
            self.model, self.version, self.golden.inputs, metadata, maximum
        ):
            yield timed(self.client, f"refused: {wrong.name}", partial(self._refused, wrong))

    def _infer(self, inputs: Answer) -> Answer | Refused:
        return self.client.infer(Request.of(self.model, self.version, inputs))

    def _golden(self) -> Verdict:
        answer = self._infer(self.golden.inputs)
        if isinstance(answer, Refused):
            return Verdict(False, str(answer))
        return _near(self.golden.difference(answer))

    def _one_by_one(self) -> Verdict:
        """The rows of a batch must not know of each other."""
        rows = len(next(iter(self.golden.inputs.values())))
        differences: list[Difference] = []
        for row, single in enumerate(map(self.golden.row, range(rows))):
            answer = self._infer(single.inputs)
            if isinstance(answer, Refused):
                return Verdict(False, f"row {row}: {answer}")
            differences.append(single.difference(answer))
        return _near(max(differences, key=lambda difference: difference.share))

    def _refused(self, wrong: Wrong) -> Verdict:
        """The proper code, and the right answer to the golden request afterwards."""
        send = self.client.infer_cut_off if wrong.cut_off else self.client.infer
        reply = send(wrong.request)
        if not isinstance(reply, Refused):
            return Verdict(False, "it was answered")
        if not is_proper(self.client, wrong, reply.code):
            proper = " or ".join(wrong.codes[self.client.protocol])
            return Verdict(False, f"{reply}, where {proper} is proper")
        after = self._golden()
        if not after.passed:
            return Verdict(False, f"afterwards the golden request failed: {after.detail}")
        return Verdict(True, str(reply))


def _batch_is_known(maximum: int | Refused) -> Verdict:
    if isinstance(maximum, Refused):
        closed = "the server keeps it for its node, so no batch above the maximum is sent"
        return Verdict(maximum.restricted, closed if maximum.restricted else str(maximum))
    return Verdict(True, f"batches up to {maximum}")


def _near(difference: Difference) -> Verdict:
    said = f"largest difference {difference.largest:.2g}, allowed {difference.allowed:.2g}"
    return Verdict(difference.within, said)
