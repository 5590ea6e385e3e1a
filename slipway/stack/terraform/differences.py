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


def differences(change: Mapping[str, Any]) -> Iterator[Difference]:
    """Of one resource change of a plan. Empty and absent are the same."""
    for found in _walk(change["before"], change["after"], change["after_unknown"], ""):
        hidden = _marked(change["before_sensitive"], found.path) or _marked(
            change["after_sensitive"], found.path
        )
        yield Difference(found.path, HIDDEN, HIDDEN) if hidden else found


def _walk(before: Any, after: Any, unknown: Any, path: str) -> Iterator[Difference]:
    if unknown is True:
        yield Difference(path, before, LATER)
    elif isinstance(after, Mapping) or isinstance(before, Mapping):
        old, new = before or {}, after or {}
        later = unknown if isinstance(unknown, Mapping) else {}
        for key in sorted({*old, *new, *later}):
            where = f"{path}.{key}" if path else str(key)
            yield from _walk(old.get(key), new.get(key), later.get(key), where)
    elif _alike(before, after):
        later_items = unknown if isinstance(unknown, list) else []
        for number, (old, new) in enumerate(zip(before, after, strict=True)):
            item = later_items[number] if number < len(later_items) else None
            yield from _walk(old, new, item, f"{path}.{number}")
    elif _any(unknown):
        yield Difference(path, before, LATER)
    elif before != after and (before or after):
        yield Difference(path, before, after)


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


def _marked(tree: Any, path: str) -> bool:
    for step in path.split("."):
        if tree is True:
            return True
        if isinstance(tree, Mapping):
            tree = tree.get(step, tree.get(int(step)) if step.isdigit() else None)
        elif isinstance(tree, list):
            tree = tree[int(step)] if step.isdigit() and int(step) < len(tree) else None
        else:
            return False
    return tree is True or (isinstance(tree, Mapping | list) and _any(_trues(tree)))


def _trues(tree: Any) -> Any:
    return list(tree.values()) if isinstance(tree, Mapping) else tree
