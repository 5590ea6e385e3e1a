"""How connections to load balancers, and from them to servers, are encrypted."""

import re
from collections.abc import Iterator

from slipway.stack.exposure.balancers import LISTENER
from slipway.stack.exposure.finding import Exposed, Kind, Severity, found
from slipway.stack.exposure.view import View, items, name_of, shared
from slipway.stack.graph import Resource

_ENCRYPTED = {"HTTPS", "TLS"}
_DEFAULT_POLICY = "ELBSecurityPolicy-2016-08"
"""What the API gives a listener that names none."""
_NAMED = re.compile(r"ELBSecurityPolicy-(?:TLS13|TLS|FS)-1-([0-3])\b-?(.*)")
_OLD = {"ELBSecurityPolicy-2016-08", "ELBSecurityPolicy-2015-05", "ELBSecurityPolicy-FS-2018-06"}
"""Policies whose names do not say that they accept TLS 1.0."""


def tls(base: View, head: View) -> Iterator[Exposed]:
    """Listeners and target groups that are less, or more, encrypted than before."""
    for identity, old, new in shared(base, head, LISTENER):
        yield from _protocol(identity, "the listener", _encrypted(old), _encrypted(new))
        yield from _versions(identity, old, new)
    for identity, new in head.of(LISTENER).items():
        if identity not in base.resources and not _encrypted(new):
            said = f"the new listener {name_of(identity)} takes requests that are not encrypted"
            yield found(Kind.ENCRYPTION, identity, said, Severity.HIGH)
    for identity, old, new in shared(base, head, "aws:lb/targetGroup:TargetGroup"):
        yield from _protocol(
            identity, "what goes to the target group", _encrypted(old), _encrypted(new)
        )


def _encrypted(resource: Resource) -> bool:
    """A listener that only sends clients to HTTPS counts as encrypted."""
    of = resource.properties
    if str(of.get("protocol", "")).upper() in _ENCRYPTED:
        return True
    actions = items(of.get("defaultActions"))
    return bool(actions) and all(
        (action.get("redirect") or {}).get("protocol") == "HTTPS" for action in actions
    )


def _protocol(identity: str, what: str, old: bool, new: bool) -> Iterator[Exposed]:
    if old != new:
        said = f"{what} {name_of(identity)} is {'no longer' if old else 'now'} encrypted in transit"
        yield found(Kind.ENCRYPTION, identity, said, Severity.HIGH, wider=old)


def _versions(identity: str, old: Resource, new: Resource) -> Iterator[Exposed]:
    before, after = _policy(old), _policy(new)
    if not (before and after) or before == after:
        return
    name = name_of(identity)
    one, other = strength(before), strength(after)
    if one is None or other is None:
        said = f"the listener {name} has the TLS policy {after} instead of {before}: not compared"
        yield found(Kind.ENCRYPTION, identity, said, Severity.MEDIUM, certain=False)
    elif one != other:
        wider = other < one
        said = f"the listener {name} accepts {'weaker' if wider else 'only stronger'} TLS: {after}"
        grave = Severity.MEDIUM if other[0] < one[0] else Severity.LOW
        yield found(Kind.ENCRYPTION, identity, f"{said} instead of {before}", grave, wider=wider)


def _policy(listener: Resource) -> str:
    """Its security policy; empty where it does not end TLS."""
    of = listener.properties
    ends = str(of.get("protocol", "")).upper() in _ENCRYPTED
    return str(of.get("sslPolicy") or _DEFAULT_POLICY) if ends else ""


def strength(policy: str) -> tuple[int, int] | None:
    """Of a security policy of Elastic Load Balancing: the oldest version of TLS that it accepts
    (its minor number), and how few ciphers. None for a name that does not say.

    Source: Security policies for your Application Load Balancer (AWS).
    """
    if policy in _OLD:
        return (0, 1)
    match = _NAMED.fullmatch(policy)
    if match is None:
        return None
    ciphers = next(
        (
            rank
            for mark, rank in (("Res", 3), ("Ext2", 0), ("Ext1", 1), ("Ext", 1))
            if mark in match[2]
        ),
        2,
    )
    return (int(match[1]), ciphers)
