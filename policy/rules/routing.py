"""Clients reach what serves, and nothing that manages: judged as the load balancer does it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from .encryption import LOAD_BALANCER
from .model import Checked, Level, Stack, StackRule
from .values import items, known, look, number, prop

_LISTENER = "aws:lb/listener:Listener"
_LISTENER_RULE = "aws:lb/listenerRule:ListenerRule"
_GRPC = "/inference.GRPCInferenceService"

MANAGEMENT = (
    ("GET", "/v2/models/stats"),
    ("GET", "/v2/models/m/config"),
    ("GET", "/v2/models/m/stats"),
    ("GET", "/v2/models/m/versions/1/config"),
    ("GET", "/v2/models/m/versions/1/stats"),
    ("GET", "/v2/models/m/trace/setting"),
    ("POST", "/v2/models/m/trace/setting"),
    ("POST", "/v2/repository/index"),
    ("POST", "/v2/repository/models/m/load"),
    ("POST", "/v2/repository/models/m/unload"),
    ("GET", "/v2/logging"),
    ("POST", "/v2/logging"),
    ("GET", "/v2/trace/setting"),
    ("POST", "/v2/trace/setting"),
    ("GET", "/v2/systemsharedmemory/status"),
    ("POST", "/v2/systemsharedmemory/region/r/register"),
    ("POST", "/v2/cudasharedmemory/region/r/register"),
    ("GET", "/metrics"),
    ("POST", f"{_GRPC}/RepositoryIndex"),
    ("POST", f"{_GRPC}/RepositoryModelLoad"),
    ("POST", f"{_GRPC}/RepositoryModelUnload"),
    ("POST", f"{_GRPC}/ModelConfig"),
    ("POST", f"{_GRPC}/ModelStatistics"),
    ("POST", f"{_GRPC}/LogSettings"),
    ("POST", f"{_GRPC}/TraceSetting"),
    ("POST", f"{_GRPC}/SystemSharedMemoryRegister"),
    ("POST", f"{_GRPC}/CudaSharedMemoryRegister"),
)
"""Requests of each management API of Triton, over HTTP and over gRPC."""


@dataclass(frozen=True)
class _Route:
    """A listener rule. `narrowed` says that it also looks at something that is not judged here."""

    rule: Checked
    priority: float
    forwards: bool
    methods: tuple[str, ...]
    paths: tuple[str, ...]
    narrowed: bool

    def fits(self, method: str, path: str) -> bool:
        """Whether a request may fit; a refusal that is narrowed may as well not."""
        if self.narrowed and not self.forwards:
            return False
        right_method = not self.methods or method in self.methods
        return right_method and (not self.paths or any(_like(p, path) for p in self.paths))


def _like(pattern: str, path: str) -> bool:
    """Whether a path is of a pattern, in which `*` is any text and `?` one character."""
    wild = {"*": ".*", "?": "."}
    return bool(re.fullmatch("".join(wild.get(c, re.escape(c)) for c in pattern), path, re.DOTALL))


def _routes(stack: Stack, listener: Checked) -> list[_Route]:
    """A listener's rules in the order in which they are tried; empty where one is not known."""
    rules = stack.referring(listener, _LISTENER_RULE, "listenerArn", "arn")
    routes = []
    for rule in rules:
        conditions, actions = prop(rule, "conditions"), prop(rule, "actions")
        priority = number(prop(rule, "priority"))
        kinds = [look(action, "type") for action in items(actions)]
        if priority is None or not known((conditions, actions, kinds)):
            return []
        methods = _values(conditions, "httpRequestMethod")
        paths = _values(conditions, "pathPattern")
        judged = {"httpRequestMethod", "pathPattern"}
        narrowed = any(
            not isinstance(condition, dict) or not judged.issuperset(condition)
            for condition in items(conditions)
        )
        routes.append(_Route(rule, priority, "forward" in kinds, methods, paths, narrowed))
    return sorted(routes, key=lambda route: route.priority)


def _values(conditions: Any, kind: str) -> tuple[str, ...]:
    lists = [items(look(condition, kind, "values")) for condition in items(conditions)]
    return tuple(str(value) for values in lists for value in values)


def _management(stack: Stack) -> Iterator[tuple[Checked, str]]:
    for listener in stack.of(_LISTENER):
        routes = _routes(stack, listener)
        faulty: dict[str, tuple[Checked, str]] = {}
        for method, path in MANAGEMENT:
            first = next((route for route in routes if route.fits(method, path)), None)
            if first and first.forwards:
                message = f"lets clients {method} {path}, which manages the server: name paths"
                faulty.setdefault(first.rule.urn, (first.rule, message))
        yield from faulty.values()


def _defaults(stack: Stack) -> Iterator[tuple[Checked, str]]:
    application = {
        balancer.urn
        for balancer in stack.of(LOAD_BALANCER)
        if prop(balancer, "loadBalancerType") in (None, "application")
    }
    for listener in stack.of(_LISTENER):
        kinds = [look(action, "type") for action in items(prop(listener, "defaultActions"))]
        if "forward" in kinds and application & stack.origins(listener, "loadBalancerArn"):
            yield listener, "forwards whatever no rule names: answer that with a fixed 404"


RULES = (
    StackRule(
        "management-not-routed",
        Level.MANDATORY,
        "Clients do not reach what manages a server.",
        _management,
    ),
    StackRule(
        "nothing-routed-by-default",
        Level.MANDATORY,
        "An application load balancer forwards only what a rule names.",
        _defaults,
    ),
)
