"""Who may do what: statements that one graph has and the other does not cover."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from slipway.stack.exposure.finding import Exposed, Kind, Severity, found, listing
from slipway.stack.exposure.holders import EVERYTHING, Face, Holder, Policies, policies
from slipway.stack.exposure.statements import ANYBODY, Document, Grant
from slipway.stack.exposure.view import View, name_of, say

_LEAD_TO_OTHERS = (
    "iam:Add",
    "iam:Attach",
    "iam:Create",
    "iam:Pass",
    "iam:Put",
    "iam:Set",
    "iam:Update",
    "kms:PutKeyPolicy",
    "lambda:AddPermission",
    "s3:PutBucketPolicy",
    "sts:AssumeRole",
)
"""Actions by which an identity can give itself more than it has."""
_LIMITS = (Face.ENDPOINT, Face.BOUNDARY)
"""Policies that permit nothing by themselves: they narrow what others permit."""
_ALL_POWERFUL = ("AdministratorAccess", "PowerUserAccess", "IAMFullAccess")


@dataclass(frozen=True)
class _Side:
    view: View
    policies: Policies

    def document(self, holder: Holder) -> Document:
        return self.policies.documents.get(holder, Document())

    def attached(self, holder: Holder) -> frozenset[str]:
        return self.policies.attached.get(holder, frozenset())

    def has(self, holder: Holder) -> bool:
        """Whether the resource is there; what is outside the graph is taken to be."""
        return holder.identity in self.view.resources or not holder.identity.startswith("urn:")


@dataclass(frozen=True)
class _Change:
    """Of one holder; `before` and `after` are swapped where what is lost is looked for."""

    holder: Holder
    before: _Side
    after: _Side
    wider: bool

    @property
    def urn(self) -> str:
        if self.holder.identity.startswith("urn:"):
            return self.holder.identity
        return self.after.policies.carriers.get(
            self.holder, self.before.policies.carriers.get(self.holder, "")
        )

    def found(self, said: str, severity: Severity, grant: Grant | None = None) -> Exposed:
        public = grant is not None and _open(grant, self.holder.face)
        kind = Kind.PUBLIC if public else Kind.IDENTITY
        return found(kind, self.urn, said, severity, wider=self.wider)


def permissions(base: View, head: View) -> Iterator[Exposed]:
    """What policies permit in one graph and not in the other."""
    before, after = _Side(base, policies(base)), _Side(head, policies(head))
    for holder in sorted(_holders(before) | _holders(after)):
        yield from _incomparable(holder, before, after)
        for change in (
            _Change(holder, before, after, wider=True),
            _Change(holder, after, before, wider=False),
        ):
            yield from _allowed(change)
            yield from _undenied(change)
            yield from _attached(change)


def _holders(side: _Side) -> set[Holder]:
    return side.policies.documents.keys() | side.policies.attached.keys()


def _allowed(change: _Change) -> Iterator[Exposed]:
    if change.holder.face in _LIMITS and not _both(change):
        yield from _unlimited(change)
        return
    before = change.before.document(change.holder).allows()
    gained = [
        grant
        for grant in change.after.document(change.holder).allows()
        if not any(old.covers(grant) for old in before)
    ]
    for group in _together(gained):
        first = group[0]
        spanned = any(old.spans(first) for old in before)
        said = _said(change, group)
        if spanned:
            side = "earlier" if change.wider else "later"
            earlier = {_conditions(old) for old in before if old.spans(first)}
            said += f"; {side} only {listing(sorted(earlier))}"
        yield change.found(said, _severity(first, change.holder.face, spanned), first)


def _undenied(change: _Change) -> Iterator[Exposed]:
    """Denials that are gone, of what is there before and after."""
    if not (change.before.has(change.holder) and change.after.has(change.holder)):
        return
    kept = change.after.document(change.holder).denies()
    gone = [
        grant
        for grant in change.before.document(change.holder).denies()
        if not any(new.covers(grant) for new in kept)
    ]
    for group in _together(gone):
        yield change.found(_said(change, group), Severity.MEDIUM)


def _both(change: _Change) -> bool:
    """Whether a limit is there before and after, so that what it permits can be compared."""
    return all(change.holder in _holders(side) for side in (change.before, change.after))


def _unlimited(change: _Change) -> Iterator[Exposed]:
    """A limit is gone: a boundary of what stays, or an endpoint that has a policy."""
    old = change.before.document(change.holder)
    if change.holder not in _holders(change.before) or old == EVERYTHING:
        return
    name = name_of(change.holder.identity)
    if change.holder.face is Face.ENDPOINT:
        goes = "gone" if change.wider else "new"
        said = f"the endpoint {name} is {goes}, and with it the limits of its policy"
        yield change.found(said, Severity.MEDIUM)
    elif change.before.has(change.holder) and change.after.has(change.holder):
        no = "no longer" if change.wider else "now"
        said = f"{_whose(change.holder)} is {no} held within a permissions boundary"
        yield change.found(said, Severity.HIGH)


def _attached(change: _Change) -> Iterator[Exposed]:
    if change.holder.face in _LIMITS:
        return
    gained = change.after.attached(change.holder) - change.before.attached(change.holder)
    for arn in sorted(gained):
        verb = "gains" if change.wider else "loses"
        said = (
            f"{_whose(change.holder)} {verb} the managed policy {say(arn)}, whose statements are "
            "not in the graph"
        )
        severity = Severity.HIGH if "FullAccess" in arn else Severity.MEDIUM
        if any(arn.endswith(f"/{each}") for each in _ALL_POWERFUL):
            severity = Severity.CRITICAL
        yield change.found(said, severity)


def _incomparable(holder: Holder, before: _Side, after: _Side) -> Iterator[Exposed]:
    old, new = before.document(holder).opaque, after.document(holder).opaque
    change = _Change(holder, before, after, wider=True)
    if holder.face is Face.BOUNDARY:
        old, new = old | before.attached(holder), new | after.attached(holder)
        if not (old and new):
            return
    for text in sorted(old ^ new):
        does = "gains" if text in new else "loses"
        said = (
            f"a policy of {name_of(holder.identity)} ({holder.face}) {does} a statement that "
            f"cannot be compared: {_short(text)}"
        )
        yield found(Kind.IDENTITY, change.urn, said, Severity.MEDIUM, certain=False)


def _short(text: str) -> str:
    try:
        keys = [key for key in json.loads(text) if key.startswith("Not")]
    except ValueError:
        return say(text)[:80]
    return f"it says {listing(keys)}" if keys else say(text)[:80]


def _together(grants: Iterable[Grant]) -> list[list[Grant]]:
    """Atoms that one sentence can say: all actions on all resources, for the same principal."""
    by_action: dict[tuple[str, str, frozenset[object], str], set[Grant]] = {}
    for grant in grants:
        key = (grant.effect, grant.principal, frozenset(grant.conditions), grant.action)
        by_action.setdefault(key, set()).add(grant)
    found_: dict[tuple[object, ...], list[Grant]] = {}
    for (effect, principal, conditions, _), atoms in by_action.items():
        resources = frozenset(atom.resource for atom in atoms)
        found_.setdefault((effect, principal, conditions, resources), []).extend(atoms)
    return [sorted(atoms, key=lambda g: (g.action, g.resource)) for atoms in found_.values()]


def _said(change: _Change, grants: list[Grant]) -> str:
    first = grants[0]
    name = name_of(change.holder.identity)
    actions = listing(sorted({grant.action for grant in grants}))
    on = listing(sorted({say(grant.resource) for grant in grants}), most=4)
    who = _principal(first.principal)
    when = f" where {_conditions(first)}" if first.conditions else ""
    deny = first.effect == "Deny"
    no = change.wider == deny
    may = _when("is denied" if deny else "is allowed", no)
    match change.holder.face:
        case Face.TRUST:
            how = "" if actions == "sts:AssumeRole" else f" ({actions})"
            said = f"{who} {may} to assume the role {name}{how}"
        case Face.ENDPOINT:
            verb = "blocks" if deny else "lets through"
            never = "no longer" if no else "now"
            said = f"the endpoint {name} {never} {verb} {actions} on {on} by {who}"
        case Face.OWN:
            said = f"{who} {may} {actions} on {on}, by the policy of {name}"
        case Face.BOUNDARY:
            said = (
                f"the permissions boundary of {name} {_when('lets', no)} through {actions} on {on}"
            )
        case Face.MAY:
            verb = may if deny else ("gains" if change.wider else "loses")
            said = f"{_whose(change.holder)} {verb} {actions} on {on}"
    return said + when


def _when(verb: str, no: bool) -> str:
    """`may now`, `is no longer denied`."""
    first, _, rest = verb.partition(" ")
    return f"{first} {'no longer' if no else 'now'} {rest}".rstrip()


def _whose(holder: Holder) -> str:
    """`the role servers`; what is outside the graph by its name alone."""
    if not holder.identity.startswith("urn:"):
        return name_of(holder.identity)
    kind = holder.identity.split("::")[2].rpartition(":")[2].lower()
    return f"the {kind} {name_of(holder.identity)}"


def _principal(principal: str) -> str:
    if principal == ANYBODY:
        return "anybody"
    kind, _, name = principal.partition(":")
    return say(name) if kind in {"AWS", "Service", "Federated", "CanonicalUser"} else say(principal)


def _conditions(grant: Grant) -> str:
    return say(" and ".join(map(str, sorted(grant.conditions)))) or "without a condition"


def _open(grant: Grant, face: Face) -> bool:
    """Whether a grant lets in anybody. An endpoint's policy grants nothing: it narrows."""
    return grant.principal == ANYBODY and not grant.conditions and face in {Face.OWN, Face.TRUST}


def _severity(grant: Grant, face: Face, spanned: bool) -> Severity:
    if face in {Face.ENDPOINT, Face.BOUNDARY}:
        return Severity.MEDIUM if "*" in (grant.action, grant.resource) else Severity.LOW
    if _open(grant, face) or grant.action == "*":
        return Severity.CRITICAL
    outsider = face is Face.TRUST and not grant.principal.startswith("Service:")
    leads = face is Face.MAY and any(
        grant.action.lower().startswith(action.lower()) for action in _LEAD_TO_OTHERS
    )
    if "*" in grant.action or outsider or leads:
        return Severity.HIGH
    wide = grant.resource == "*" and face is Face.MAY
    return Severity.MEDIUM if wide or spanned or grant.principal == ANYBODY else Severity.LOW
