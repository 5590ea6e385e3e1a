"""Which of Triton's requests the application load balancer lets through.

Inference, health and descriptions of models; of gRPC the methods that do the same. What no route
names is answered with 404, so an API that a later Triton adds stays closed. The server refuses the
management APIs as well (`slipway.contract.MANAGEMENT_APIS`): this is the outer of two walls.

Both sides read a path as it was sent: Triton (2.51, tried) resolves neither `..` nor `//`, decodes
no `%2F`, and does not end a path at `#` or `;`.
"""

import re
from dataclasses import dataclass

from slipway import contract

GRPC_SERVICE = "inference.GRPCInferenceService"

# Quotas of AWS that cannot be raised.
_MOST_VALUES, _MOST_TOGETHER = 3, 5
"""Of paths and of methods each, and of both."""
_MOST_WILDCARDS = 5
_PATH = re.compile(r"/[A-Za-z0-9_\-.$/~\"'@:+*?]{,127}")

_METADATA = f"/v2/models/*/versions/{contract.PACKAGED_VERSION}"


@dataclass(frozen=True)
class Route:
    """A listener rule: requests of these methods to one of these paths go `to` the target group of
    that label, or nowhere if it is empty.

    In `paths`, `*` stands for any characters, slashes too, and `?` for exactly one; a pattern is
    compared with the whole path, as it was sent. The lowest `priority` that fits decides. A
    priority never changes, or an update would give two rules the same one for a moment.
    """

    priority: int
    label: str
    to: str
    methods: tuple[str, ...]
    paths: tuple[str, ...]

    def __post_init__(self) -> None:
        """Raises `ValueError` for what AWS would refuse in the middle of an update."""
        wildcards = [sign for path in self.paths for sign in path if sign in "*?"]
        if not all(1 <= len(each) <= _MOST_VALUES for each in (self.methods, self.paths)):
            raise ValueError(f"{self.label}: 1 to {_MOST_VALUES} methods and paths each")
        if len(self.methods) + len(self.paths) > _MOST_TOGETHER:
            raise ValueError(f"{self.label}: more than {_MOST_TOGETHER} methods and paths")
        if len(wildcards) > _MOST_WILDCARDS:
            raise ValueError(f"{self.label}: more than {_MOST_WILDCARDS} wildcards")
        for path in self.paths:
            if not _PATH.fullmatch(path):
                raise ValueError(f"{self.label}: {path} is no path that AWS takes")


def _grpc(priority: int, label: str, *methods: str, service: str = GRPC_SERVICE) -> Route:
    return Route(priority, label, "grpc", ("POST",), tuple(f"/{service}/{m}" for m in methods))


ROUTES = (
    # Statistics of all models, where otherwise the name of one is.
    Route(30, "no-stats", "", ("GET",), ("/v2/models/stats",)),
    Route(
        100,
        "infer",
        "http",
        ("POST",),
        ("/v2/models/*/infer", "/v2/models/*/generate", "/v2/models/*/generate_stream"),
    ),
    Route(110, "health", "http", ("GET",), ("/v2", contract.HEALTH_LIVE, contract.HEALTH_READY)),
    Route(120, "ready", "http", ("GET",), ("/v2/models/*/ready", _METADATA)),
    # What is left below a model is nothing that is known here; what is left beside it, a model.
    Route(130, "no-more", "", ("GET",), ("/v2/models/*/*",)),
    Route(140, "model", "http", ("GET",), ("/v2/models/?*",)),
    _grpc(200, "grpc-infer", "ModelInfer", "ModelStreamInfer"),
    _grpc(210, "grpc-server", "ServerLive", "ServerReady", "ServerMetadata"),
    _grpc(220, "grpc-model", "ModelReady", "ModelMetadata"),
    _grpc(230, "grpc-health", "Check", "Watch", service="grpc.health.v1.Health"),
)
