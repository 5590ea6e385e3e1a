"""The provider's verdict on every resource: what an update would do to it, and why."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from slipway.stack.graph import texts
from slipway.stack.terraform.base import State
from slipway.stack.terraform.differences import LATER, Difference, differences
from slipway.stack.terraform.literals import references

_ACTIONS = {
    ("no-op",): "same",
    ("create",): "create",
    ("update",): "update",
    ("delete",): "delete",
    ("delete", "create"): "replace",
    ("create", "delete"): "replace",
}


@dataclass(frozen=True)
class Verdict:
    """`action` is create, update, replace, delete or same. `replaced_by` are the paths that cannot
    be changed in place. `made_up` are the paths in which a value is compared that was made up;
    `because` says, for what is only known later, the addresses that it hangs on.

    `uncertain` says why the verdict may be another against the real stack; empty where it is not.
    """

    address: str
    action: str
    replaced_by: tuple[str, ...] = ()
    differences: tuple[Difference, ...] = ()
    later: frozenset[str] = frozenset()
    made_up: frozenset[str] = frozenset()
    because: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    uncertain: str = ""


def verdicts(
    planned: Mapping[str, Any], document: Mapping[str, Any], state: State
) -> dict[str, Verdict]:
    """By address; unchanged resources are left out. `document` is what was planned."""
    found = {
        change["address"]: _verdict(change, state)
        for change in planned["resource_changes"]
        if change["mode"] == "managed" and _action(change) != "same"
    }
    found = {
        address: replace(verdict, because=_because(verdict, document, found))
        for address, verdict in found.items()
    }
    doubted = _Doubt(found)
    return {
        address: replace(verdict, uncertain=doubted.why(address))
        for address, verdict in found.items()
    }


def _action(change: Mapping[str, Any]) -> str:
    return _ACTIONS.get(tuple(change["change"]["actions"]), "same")


def _verdict(resource: Mapping[str, Any], state: State) -> Verdict:
    change, address, action = resource["change"], resource["address"], _action(resource)
    replaced_by = tuple(".".join(map(str, path)) for path in change.get("replace_paths", ()))
    later = frozenset(
        key for key, unknown in (change["after_unknown"] or {}).items() if unknown is True
    )
    found = tuple(differences(change)) if action in {"update", "replace"} else ()
    if action == "replace":  # what only follows from the replacement says nothing
        found = tuple(d for d in found if d.after is not LATER or d.path in replaced_by)
    return Verdict(
        address=address,
        action=action,
        replaced_by=replaced_by,
        differences=found,
        later=later,
        made_up=frozenset(_made_up(address, replaced_by, found, state)),
    )


def _made_up(
    address: str, replaced_by: tuple[str, ...], found: tuple[Difference, ...], state: State
) -> Iterator[str]:
    made = state.made.get(address, ())

    def under(path: str) -> bool:
        return any(path == m or path.startswith(f"{m}.") or m.startswith(f"{path}.") for m in made)

    def contains(value: Any) -> bool:
        return any(text in inner for inner in texts(value) for text in state.values)

    yield from filter(under, replaced_by)
    for difference in found:
        if difference.after is LATER:
            continue
        literal = contains(difference.before) and not contains(difference.after)
        if under(difference.path) or literal:
            yield difference.path


def _because(
    verdict: Verdict, document: Mapping[str, Any], all_: Mapping[str, Verdict]
) -> dict[str, tuple[str, ...]]:
    """For every path that is known later: the changed resources whose outputs it reads."""
    type_, label = verdict.address.split(".", 1)
    body = document["resource"].get(type_, {}).get(label, {})
    found = {}
    for difference in verdict.differences:
        if difference.after is not LATER:
            continue
        read = {
            f"{of}.{name}"
            for text in texts(body.get(re.split(r"\.", difference.path)[0]))
            for of, name, _ in references(document, text)
        }
        if changed := sorted((read & all_.keys()) - {verdict.address}):
            found[difference.path] = tuple(changed)
    return found


class _Doubt:
    """A verdict is uncertain where all that speaks for it is a made-up value, or hangs on a verdict
    that is.
    """

    def __init__(self, all_: Mapping[str, Verdict]) -> None:
        self._all = all_

    def why(self, address: str) -> str:
        verdict = self._all[address]
        if not self._doubtful(address, ()):
            return ""
        own = sorted(verdict.made_up)
        if own:
            return f"what AWS chose for {', '.join(own)} is not known here"
        causes = sorted({cause for causes in verdict.because.values() for cause in causes})
        return f"it hangs on {', '.join(causes)}, which is uncertain"

    def _doubtful(self, address: str, seen: tuple[str, ...]) -> bool:
        verdict = self._all[address]
        if verdict.action not in {"update", "replace"} or address in seen:
            return False
        telling = verdict.replaced_by or tuple(
            d.path for d in verdict.differences if d.after is not LATER or d.path in verdict.because
        )
        return bool(telling) and all(
            self._rests(verdict, path, (*seen, address)) for path in telling
        )

    def _rests(self, verdict: Verdict, path: str, seen: tuple[str, ...]) -> bool:
        if path in verdict.made_up:
            return True
        causes = verdict.because.get(path, ())
        return bool(causes) and all(self._doubtful(cause, seen) for cause in causes)
