"""Pulumi's resource names: how they are made, and which ones a resource had before.

An alias says what a resource was called, of which type and below which parent; what it leaves out
is as it is now. Children follow: where a parent was renamed, its child `<parent>-subnet` was called
`<former parent>-subnet`. So does the engine resolve them.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

_STACK = "pulumi:pulumi:Stack"


@dataclass(frozen=True)
class Alias:
    """What was different before; an empty field is as it is now. `urn` says it all by itself."""

    urn: str = ""
    name: str = ""
    type: str = ""
    parent: str = ""
    stack: str = ""
    project: str = ""
    no_parent: bool = False


def urn(stack: str, project: str, type_: str, name: str, parent: str = "") -> str:
    """`urn:pulumi:<stack>::<project>::<types of the parents>$<type>::<name>`."""
    if parent:
        above = parent.split("::")[2]
        if not above.endswith(_STACK):
            type_ = f"{above}${type_}"
    return f"urn:pulumi:{stack}::{project}::{type_}::{name}"


def name_of(resource_urn: str) -> str:
    return resource_urn.rpartition("::")[2]


def former(
    current: str, type_: str, parent: str, parent_aliases: Iterable[str], aliases: Iterable[Alias]
) -> tuple[str, ...]:
    """Every other URN that the engine would take for this resource, nearest first."""
    found = dict.fromkeys(_former(current, type_, parent, parent_aliases, tuple(aliases)))
    found.pop(current, None)
    return tuple(found)


def _former(
    current: str,
    type_: str,
    parent: str,
    parent_aliases: Iterable[str],
    aliases: tuple[Alias, ...],
) -> Iterator[str]:
    head, project, _, name = current.split("::")
    stack = head.rpartition(":")[2]
    for alias in aliases:
        if alias.urn:
            yield alias.urn
    named = [Alias(), *(alias for alias in aliases if not alias.urn)]
    for above in (parent, *parent_aliases):
        for alias in named:
            yield urn(
                alias.stack or stack,
                alias.project or project,
                alias.type or type_,
                alias.name or _following(name, parent, above),
                "" if alias.no_parent else alias.parent or above,
            )


def _following(name: str, parent: str, former_parent: str) -> str:
    """The name that a child had below its parent's former name."""
    now = name_of(parent)
    if former_parent != parent and name.startswith(now):
        return name_of(former_parent) + name.removeprefix(now)
    return name
