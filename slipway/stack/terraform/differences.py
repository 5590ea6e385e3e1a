"""What differs between two versions of a resource, path by path."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final


class _Later:
    def __repr__(self) -> str:
        return "known after the update"


LATER: Final = _Later()
"""The value is known once AWS has done it."""


class _Hidden:
    def __repr__(self) -> str:
        return "[secret]"


HIDDEN: Final = _Hidden()
"""The value is a secret."""


@dataclass(frozen=True)
class Difference:
    """`path` is Terraform's: `versioning_configuration.0.status`."""

    path: str
    before: Any
    after: Any


_Steps = tuple[str | int, ...]
_Found = tuple[_Steps, Any, Any]


def differences(change: Mapping[str, Any]) -> Iterator[Difference]:
    """Of one resource change of a plan. Empty and absent are the same."""
    secret = (change["before_sensitive"], change["after_sensitive"])
    for steps, before, after in _walk(
        change["before"], change["after"], change["after_unknown"], ()
    ):
        path = ".".join(map(str, steps))
        if any(_marked(tree, steps) for tree in secret):
            yield Difference(path, HIDDEN, HIDDEN)
        else:
            yield Difference(path, before, after)


def _walk(before: Any, after: Any, unknown: Any, steps: _Steps) -> Iterator[_Found]:
    if unknown is True:
        yield steps, before, LATER
    elif _objects(before, after):
        old, new = before or {}, after or {}
        later = unknown if isinstance(unknown, Mapping) else {}
        for key in sorted({*old, *new, *later}):
            yield from _walk(old.get(key), new.get(key), later.get(key), (*steps, key))
    elif _alike(before, after):
        yield from _items(before, after, unknown, steps)
    elif _any(unknown):
        yield steps, before, LATER
    elif before != after and (before or after):
        yield steps, before, after


def _items(before: list[Any], after: list[Any], unknown: Any, steps: _Steps) -> Iterator[_Found]:
    """Two lists of as many objects: those that have no equal in the other list, one by one. (A set
    has no order, and a plan writes it as a list.)
    """
    later = unknown if isinstance(unknown, list) else []

    def settled(number: int) -> bool:
        return not (number < len(later) and _any(later[number]))

    left = list(range(len(before)))
    changed = []
    for number, new in enumerate(after):
        equal = next((n for n in left if before[n] == new), None) if settled(number) else None
        if equal is None:
            changed.append(number)
        else:
            left.remove(equal)
    if not changed:
        if before != after:
            yield steps, before, after
        return
    for old, number in zip(left, changed, strict=True):
        item = later[number] if number < len(later) else None
        yield from _walk(before[old], after[number], item, (*steps, number))


def _objects(before: Any, after: Any) -> bool:
    """Two objects, or one and nothing."""
    there = [value for value in (before, after) if value is not None]
    return bool(there) and all(isinstance(value, Mapping) for value in there)


def _alike(before: Any, after: Any) -> bool:
    """Two lists of as many objects: they are compared one by one."""
    if not (isinstance(before, list) and isinstance(after, list) and len(before) == len(after)):
        return False
    return any(isinstance(item, Mapping) for item in (*before, *after))


def _any(unknown: Any) -> bool:
    if isinstance(unknown, Mapping):
        return any(_any(inner) for inner in unknown.values())
    if isinstance(unknown, Sequence) and not isinstance(unknown, str):
        return any(_any(inner) for inner in unknown)
    return unknown is True


def _marked(tree: Any, steps: _Steps) -> bool:
    """Whether there is a mark above, at or below. Of a list all items count: in a set, an item has
    one number before and another after.
    """
    if tree is True or not steps:
        return _any(tree)
    first, *rest = steps
    if isinstance(first, int):
        items = tree.values() if isinstance(tree, Mapping) else tree
        below = list(items) if isinstance(tree, Mapping | list) else []
    else:
        below = [tree[first]] if isinstance(tree, Mapping) and first in tree else []
    return any(_marked(inner, tuple(rest)) for inner in below)
