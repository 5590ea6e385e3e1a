"""Web application firewalls: what they are before, and what they block."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from slipway.stack.exposure.finding import Exposed, Kind, Severity, found
from slipway.stack.exposure.view import View, items, name_of, shared

_ACL = "aws:wafv2/webAcl:WebAcl"


def firewall(base: View, head: View) -> Iterator[Exposed]:
    """Load balancers that have a firewall no longer, and rules that block no longer."""
    before, after = _guarded(base), _guarded(head)
    for identity in sorted(before ^ after):
        if identity in base.resources and identity in head.resources:
            wider = identity in before
            never = "no longer" if wider else "now"
            said = f"{name_of(identity)} is {never} behind a web application firewall"
            yield found(Kind.PUBLIC, identity, said, Severity.HIGH, wider=wider)
    for identity, old, new in shared(base, head, _ACL):
        was, is_ = _rules(base, old.properties), _rules(head, new.properties)
        yield from _changed(identity, was, is_)


def _guarded(view: View) -> set[str]:
    return {
        identity
        for link in view.graph.of("aws:wafv2/webAclAssociation:WebAclAssociation")
        for identity in view.referred(link.properties.get("resourceArn"))
    }


@dataclass(frozen=True)
class _Rule:
    """`lets`: it lets requests through, past the rules after it. `text` is all that it says."""

    lets: bool
    text: str


def _rules(view: View, of: Mapping[str, Any]) -> dict[str, _Rule]:
    """The rules that decide, by name; those that only count are none."""
    rules = {
        str(rule["name"]): _Rule(
            lets="allow" in _does(rule), text=view.plain(json.dumps(rule, sort_keys=True))
        )
        for rule in items(of.get("rules"))
        if "count" not in _does(rule)
    }
    if "block" in (of.get("defaultAction") or {}):
        rules["a block of all that no rule lets through"] = _Rule(lets=False, text="")
    return rules


def _does(rule: Mapping[str, Any]) -> set[str]:
    return {*(rule.get("action") or {}), *(rule.get("overrideAction") or {})}


def _changed(identity: str, old: dict[str, _Rule], new: dict[str, _Rule]) -> Iterator[Exposed]:
    name = name_of(identity)
    for rule in sorted(old.keys() ^ new.keys()):
        lets = old.get(rule, new.get(rule, _Rule(lets=False, text=""))).lets
        wider = (rule in old) != lets
        never = "no longer" if rule in old else "now"
        what = f"{'lets through by' if lets else 'applies'} {rule}"
        said = f"the firewall {name} {never} {what}"
        yield found(Kind.PUBLIC, identity, said, Severity.MEDIUM, wider=wider)
    for rule in sorted(old.keys() & new.keys()):
        if old[rule] != new[rule]:
            said = f"the rule {rule} of the firewall {name} differs: not compared"
            yield found(Kind.PUBLIC, identity, said, Severity.MEDIUM, certain=False)
