"""Reads the stack's configuration, once; nothing else does.

`Pulumi.yaml` declares every setting with its default, and the Pulumi CLI fills defaults in. So a
setting that is missing here is missing there.
"""

import dataclasses
import difflib
import json
import re
import typing
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

import pulumi
from pulumi.runtime import config as pulumi_config

from infra.errors import ELSEWHERE, Problem, SettingError, camel, setting
from infra.instances import InstanceType, catalogue
from infra.names import PROJECT
from infra.settings import Settings

Group = TypeVar("Group")

_ARM = re.compile(r"[a-z]+\d+g[a-z]*\.")
"""AWS writes the processor's maker after the generation; `g` is its own, Graviton."""


def read_settings() -> Settings:
    """The environment that this stack is. Raises `SettingError`, which names all that is wrong."""
    region = pulumi.Config("aws").get("region") or ""
    values: dict[str, Any] = {"environment": pulumi.get_stack(), "region": region}
    problems = list(_unknown())
    if not region:
        mend = "Run: pulumi config set aws:region eu-central-1"
        problems.append(Problem(setting("region"), region, "it has to be set", mend))
    for name, kind in typing.get_type_hints(Settings).items():
        if name in values:
            continue
        try:
            values[name] = _group(kind) if _is_group(kind) else _read(name, kind)
        except SettingError as wrong:
            problems.extend(wrong.problems)
    if problems:
        raise SettingError(problems)
    return Settings(**values)


def fields() -> Mapping[str, Any]:
    """Every field of the settings that is read from `slipway:`, and its type."""
    found: dict[str, Any] = {}
    for name, kind in typing.get_type_hints(Settings).items():
        found |= typing.get_type_hints(kind) if _is_group(kind) else {name: kind}
    return {name: kind for name, kind in found.items() if name not in ELSEWHERE}


def _is_group(kind: Any) -> bool:
    return dataclasses.is_dataclass(kind)


def _group(kind: Callable[..., Group]) -> Group:
    values: dict[str, Any] = {}
    problems: list[Problem] = []
    for name, type_ in typing.get_type_hints(kind).items():
        try:
            values[name] = _read(name, type_)
        except SettingError as wrong:
            problems.extend(wrong.problems)
    if problems:
        raise SettingError(problems)
    return kind(**values)


def _read(name: str, kind: Any) -> Any:
    key = setting(name)
    namespace, _, rest = key.partition(":")
    text = pulumi.Config(namespace).get(rest)
    if text is None:
        text = _OPTIONAL.get(key)
    if text is None:
        why = "Pulumi.yaml declares no default of it"
        raise SettingError([Problem(key, "missing", why, "Add it to config: in Pulumi.yaml")])
    try:
        return _READERS[kind](text)
    except _Unreadable as wrong:
        raise SettingError([Problem(key, text, wrong.why, wrong.mend)]) from None


_OPTIONAL = {"aws:profile": "", "aws:allowedAccountIds": "[]"}
"""Of the provider: Pulumi.yaml does not have them."""


class _Unreadable(Exception):
    """A text that is no value of its type."""

    def __init__(self, why: str, mend: str) -> None:
        super().__init__(why)
        self.why = why
        self.mend = mend


def _boolean(text: str) -> bool:
    if text not in {"true", "false"}:
        raise _Unreadable("it is neither true nor false", "Write true or false")
    return text == "true"


def _integer(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise _Unreadable("it is no whole number", "Write digits alone, without a unit") from None


def _list(text: str) -> list[Any]:
    try:
        items = json.loads(text)
    except json.JSONDecodeError:
        items = None
    if not isinstance(items, list):
        raise _Unreadable("it is no list", "Write [first, second] in the stack's file")
    return items


def _texts(text: str) -> tuple[str, ...]:
    items = _list(text)
    if not all(isinstance(item, str) for item in items):
        raise _Unreadable("not all its items are text", "Put quotes around numbers")
    return tuple(items)


def _integers(text: str) -> tuple[int, ...]:
    items = _list(text)
    if not all(type(item) is int for item in items):
        raise _Unreadable("not all its items are whole numbers", "Write numbers without quotes")
    return tuple(items)


def _instance_types(text: str) -> tuple[InstanceType, ...]:
    known = catalogue()
    for name in _texts(text):
        if _ARM.match(name):
            why = f"{name} has an ARM processor, and the serving image is for x86-64"
            raise _Unreadable(why, "Take a type with an Intel or AMD processor, like g6.xlarge")
        if name not in known:
            near = difflib.get_close_matches(name, known, n=3, cutoff=0.4)
            why = f"{name} is not in the catalogue of instance types"
            nearest = f"Nearest: {', '.join(near)}" if near else "Take one like g6.xlarge"
            raise _Unreadable(why, f"{nearest}; or add it to infra/data")
    return tuple(known[name] for name in _texts(text))


_READERS: Mapping[Any, Callable[[str], Any]] = {
    str: str,
    bool: _boolean,
    int: _integer,
    tuple[str, ...]: _texts,
    tuple[int, ...]: _integers,
    tuple[InstanceType, ...]: _instance_types,
}


def _unknown() -> Iterator[Problem]:
    """Settings that nobody declared: a misspelt one would be left at its default without a word.

    Pulumi has no call for all keys; a program run by the CLI has them in `PULUMI_CONFIG`, one that
    is run within another process in `CONFIG`.
    """
    given = {**pulumi_config.get_config_env(), **pulumi_config.CONFIG.get()}
    known = {camel(name) for name in fields()}
    for key in sorted(given):
        namespace, _, name = key.partition(":")
        if namespace == "aws" and key not in ELSEWHERE.values():
            why = "the program makes AWS's provider itself, and heeds region, profile and "
            why += "allowedAccountIds alone"
            mend = f"Remove it with: pulumi config rm {key}; a role is assumed before, by a profile"
            # Among them are keys and tokens: their values are not shown.
            yield Problem(key, "set", why, mend)
        if namespace == PROJECT and name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            mend = f"Did you mean {PROJECT}:{near[0]}? " if near else ""
            mend += f"Remove it with: pulumi config rm {key}"
            yield Problem(key, given[key], "there is no such setting", mend)
