"""Which requests a listener sends on to servers, and what it asks of clients first."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from slipway.stack.exposure.balancers import LISTENER
from slipway.stack.exposure.finding import Exposed, Kind, Severity, found, listing
from slipway.stack.exposure.statements import matches
from slipway.stack.exposure.view import View, items, name_of
from slipway.stack.graph import Resource

_GUARDS = {
    "authenticate-cognito": "Cognito",
    "authenticate-oidc": "OpenID Connect",
    "jwt-validation": "JWT",
}
_SENDS = "forward"
_REFUSES = "fixed-response"
_RULES = ("aws:lb/listenerRule:ListenerRule", "aws:alb/listenerRule:ListenerRule")


@dataclass(frozen=True)
class Route:
    """Requests that a rule sends on, or answers itself. `guards` are what a client must show;
    `last`: it is what a listener does where no rule matches; `others` are conditions that are
    neither on the path nor on the method, as text.
    """

    listener: str
    path: str
    method: str
    sends: bool
    last: bool = False
    guards: frozenset[str] = frozenset()
    others: frozenset[str] = frozenset()

    def spans(self, other: "Route") -> bool:
        """Whether every request of `other` is one of this, whatever either asks for."""
        return (
            self.listener == other.listener
            and matches(self.path, other.path)
            and matches(self.method, other.method)
            and self.others <= other.others
        )

    def covers(self, other: "Route") -> bool:
        """Whether every request that `other` sends on, this sends on: it asks for no more."""
        return self.spans(other) and self.guards <= other.guards


def requests(base: View, head: View) -> Iterator[Exposed]:
    """Paths that servers now get, authentication that is gone, and answers that are."""
    before, after = _routes(base), _routes(head)
    kept = base.of(LISTENER).keys() & head.of(LISTENER).keys()
    for wider, old, new in ((True, before, after), (False, after, before)):
        yield from _sent(kept, old, new, wider=wider)
        yield from _answered(kept, old, new, wider=wider)
        yield from _certificates(*((base, head) if wider else (head, base)), kept=kept, wider=wider)
    yield from _tokens(base, head)


def _routes(view: View) -> list[Route]:
    found_: list[Route] = []
    for identity, listener in view.of(LISTENER).items():
        found_ += _read(view, identity, listener.properties.get("defaultActions"), None)
    for type_ in _RULES:
        for owner, rule in view.owned(type_, "listenerArn", LISTENER):
            found_ += _read(
                view,
                owner,
                rule.properties.get("actions"),
                items(rule.properties.get("conditions")),
            )
    return found_


def _read(
    view: View, listener: str, actions: Any, conditions: Iterable[Mapping[str, Any]] | None
) -> Iterator[Route]:
    kinds = {action.get("type") for action in items(actions)}
    if not kinds & {_SENDS, _REFUSES}:
        return
    paths, methods, others = ["*"], ["*"], set()
    for condition in conditions or ():
        for key, value in condition.items():
            if key == "pathPattern":
                paths = items(value["values"])
            elif key == "httpRequestMethod":
                methods = items(value["values"])
            else:
                others.add(view.plain(json.dumps({key: value}, sort_keys=True)))
    guards = frozenset(_GUARDS[kind] for kind in kinds if kind in _GUARDS)
    for path in paths:
        for method in methods:
            yield Route(
                listener=listener,
                path=path,
                method=method,
                sends=_SENDS in kinds,
                last=conditions is None,
                guards=guards,
                others=frozenset(others),
            )


def _sent(
    kept: Iterable[str], old: list[Route], new: list[Route], *, wider: bool
) -> Iterator[Exposed]:
    before = [route for route in old if route.sends]
    gained: dict[tuple[str, frozenset[str], frozenset[str]], list[str]] = {}
    for route in new:
        if not route.sends or route.listener not in kept:
            continue
        if any(earlier.covers(route) for earlier in before):
            continue
        spanned = [earlier.guards for earlier in before if earlier.spans(route)]
        lost = frozenset().union(*spanned) - route.guards if spanned else frozenset()
        gained.setdefault((route.listener, route.guards, lost), []).append(_request(route))
    for (listener, guards, lost), requests_ in gained.items():
        name, which = name_of(listener), listing(sorted(set(requests_)), most=4)
        if lost:
            no = "no longer asks" if wider else "now asks"
            said = (
                f"the listener {name} {no} for {listing(sorted(lost))} before it sends on {which}"
            )
            yield found(Kind.PUBLIC, listener, said, Severity.HIGH, wider=wider)
        else:
            sends = "now sends on" if wider else "no longer sends on"
            asked = f"asking for {listing(sorted(guards))}" if guards else "asking for nothing"
            said = f"the listener {name} {sends} {which}, {asked}"
            grave = Severity.LOW if guards else Severity.MEDIUM
            yield found(Kind.PUBLIC, listener, said, grave, wider=wider)


def _answered(
    kept: Iterable[str], old: list[Route], new: list[Route], *, wider: bool
) -> Iterator[Exposed]:
    """Requests that were refused. What a listener does last stands in for no rule: others are
    before it.
    """
    refused = [route for route in new if not route.sends]
    gone: dict[str, list[str]] = {}
    for route in old:
        if route.sends or route.listener not in kept:
            continue
        if not any(later.covers(route) and later.last <= route.last for later in refused):
            gone.setdefault(route.listener, []).append(_request(route))
    for listener, requests_ in gone.items():
        no = "no longer refuses" if wider else "now refuses"
        which = listing(sorted(set(requests_)), most=4)
        said = f"the listener {name_of(listener)} {no} {which}"
        yield found(Kind.PUBLIC, listener, said, Severity.MEDIUM, wider=wider)


def _request(route: Route) -> str:
    where = "every path" if route.path == "*" else route.path
    return where if route.method == "*" else f"{route.method} {where}"


def _certificates(old: View, new: View, *, kept: Iterable[str], wider: bool) -> Iterator[Exposed]:
    """Listeners that no longer verify clients' certificates."""
    for listener in sorted(kept):
        before, after = (_verifies(view.resources[listener]) for view in (old, new))
        if before and not after:
            no = "no longer verifies" if wider else "now verifies"
            said = f"the listener {name_of(listener)} {no} the certificates of clients"
            yield found(Kind.PUBLIC, listener, said, Severity.HIGH, wider=wider)


def _verifies(listener: Resource) -> bool:
    mutual = listener.properties.get("mutualAuthentication") or {}
    return bool(mutual.get("mode") == "verify")


def _tokens(base: View, head: View) -> Iterator[Exposed]:
    """Another issuer or other claims: neither is wider than the other, for all that is known."""
    before, after = _issuers(base), _issuers(head)
    for listener in sorted(before.keys() & after.keys()):
        if before[listener] != after[listener]:
            said = (
                f"the listener {name_of(listener)} checks tokens in another way than before: "
                "not compared"
            )
            yield found(Kind.PUBLIC, listener, said, Severity.MEDIUM, certain=False)


def _issuers(view: View) -> dict[str, frozenset[str]]:
    """By listener: how it checks tokens or signs clients in, and whose certificates it trusts."""
    found_: dict[str, set[str]] = {}
    own = [(identity, of) for identity, of in view.of(LISTENER).items()]
    rules = [pair for type_ in _RULES for pair in view.owned(type_, "listenerArn", LISTENER)]
    for owner, resource in [*own, *rules]:
        of = resource.properties
        for action in [*items(of.get("actions")), *items(of.get("defaultActions"))]:
            if action.get("type") in _GUARDS:
                ways = {key: v for key, v in action.items() if key != "order"}
                text = view.plain(json.dumps(ways, sort_keys=True))
                found_.setdefault(owner, set()).add(text)
    for owner, listener in own:
        store = (listener.properties.get("mutualAuthentication") or {}).get("trustStoreArn")
        if store and _verifies(listener):
            found_.setdefault(owner, set()).add(view.plain(str(store)))
    return {owner: frozenset(ways) for owner, ways in found_.items()}
