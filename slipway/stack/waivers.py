"""Failed checks of Checkov that somebody accepted: policy/checkov/waivers.yaml as values."""

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, NoReturn

import yaml

from slipway.errors import StackError

_CHECK = re.compile(r"CKV2?_[A-Z0-9]+_\d+")
_NEEDED = ("check", "resources", "reason", "owner")
_LISTS = ("resources", "environments", "shapes")
_MEND = "Each entry has check, resources, reason and owner; docs/checkov.md says how."


@dataclass(frozen=True)
class Failure:
    """A check that failed for a resource, by its logical name, in an environment and a shape."""

    check: str
    resource: str
    environment: str
    shape: str


@dataclass(frozen=True)
class Waiver:
    """`resources` are patterns of logical names (`*-archive-bucket`). Without `environments` or
    `shapes` it holds in all. `owner` is the role of who accepted it; `line` is where it is written.
    """

    check: str
    resources: tuple[str, ...]
    reason: str
    owner: str
    environments: tuple[str, ...] = ()
    shapes: tuple[str, ...] = ()
    line: int = 0

    def __post_init__(self) -> None:
        if not _CHECK.fullmatch(self.check):
            _refuse(self.line, f"'{self.check}' is no check of Checkov, like CKV_AWS_145")
        if not self.resources:
            _refuse(self.line, "it names no resources")
        for field in ("reason", "owner"):
            if not getattr(self, field).strip():
                _refuse(self.line, f"its {field} is empty")
        for field in _LISTS:
            values: tuple[str, ...] = getattr(self, field)
            if len(set(values)) < len(values) or not all(values):
                _refuse(self.line, f"its {field} hold something empty or twice")

    def covers(self, failure: Failure) -> bool:
        return (
            failure.check == self.check
            and any(fnmatchcase(failure.resource, pattern) for pattern in self.resources)
            and _within(failure.environment, self.environments)
            and _within(failure.shape, self.shapes)
        )


@dataclass(frozen=True)
class Unused:
    """A waiver, or a part of one (`resources: *-bucket`), that no failed check needs. `part` is
    empty where it is the whole waiver.
    """

    waiver: Waiver
    part: str


def read(path: Path) -> tuple[Waiver, ...]:
    """The waivers of a file. Raises `StackError` that names the line of what is wrong."""
    try:
        loader = yaml.SafeLoader(path.read_text())
        document = loader.get_single_node()
    except OSError as error:
        raise StackError(f"{path.name} cannot be read", why=str(error)) from error
    except yaml.YAMLError as error:
        raise StackError(f"{path.name} is no YAML", why=str(error)) from error
    if document is None:
        return ()
    if not isinstance(document, yaml.SequenceNode):
        _refuse(document.start_mark.line + 1, "the file is a list of waivers")
    waivers = tuple(_waiver(loader, node) for node in document.value)
    _check_overlaps(waivers)
    return waivers


def waiver_of(failure: Failure, waivers: Iterable[Waiver]) -> Waiver | None:
    return next((waiver for waiver in waivers if waiver.covers(failure)), None)


def unused(waivers: Iterable[Waiver], failures: Collection[Failure]) -> tuple[Unused, ...]:
    """What of these waivers covers none of `failures`, which are of all environments and shapes."""
    return tuple(
        found
        for waiver in waivers
        for found in _unused(waiver, [each for each in failures if waiver.covers(each)])
    )


def table(waivers: Iterable[Waiver]) -> str:
    """The waivers as a table in Markdown, in the order of the file."""
    rows = ["| check | resources | where | reason | accepted by |", "|---|---|---|---|---|"]
    for waiver in waivers:
        where = ", ".join((*waiver.environments, *waiver.shapes)) or "everywhere"
        names = ", ".join(f"`{pattern}`" for pattern in waiver.resources)
        cells = (waiver.check, names, where, waiver.reason, waiver.owner)
        rows.append("| " + " | ".join(_cell(text) for text in cells) + " |")
    return "\n".join(rows) + "\n"


def _waiver(loader: yaml.SafeLoader, node: yaml.Node) -> Waiver:
    line = node.start_mark.line + 1
    if not isinstance(node, yaml.MappingNode):
        _refuse(line, "an entry is a mapping")
    keys = [str(key.value) for key, _ in node.value]
    for key in keys:
        if key not in (*_NEEDED, *_LISTS):
            _refuse(line, f"it has an unknown key '{key}'")
        if keys.count(key) > 1:
            _refuse(line, f"it says '{key}' twice")
    if missing := [key for key in _NEEDED if key not in keys]:
        _refuse(line, f"it has no {' and no '.join(missing)}")
    try:
        said = loader.construct_mapping(node, deep=True)
    except yaml.YAMLError as error:
        _refuse(line, str(error))
    typed = {str(key): _typed(line, str(key), value) for key, value in said.items()}
    return Waiver(**typed, line=line)


def _typed(line: int, key: str, value: Any) -> Any:
    if key not in _LISTS:
        if not isinstance(value, str):
            _refuse(line, f"its {key} is no text")
        return " ".join(value.split())
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        _refuse(line, f"its {key} are no list of texts")
    return tuple(value)


def _check_overlaps(waivers: tuple[Waiver, ...]) -> None:
    """Of two waivers of one check for the same resources in the same place, one is too many."""
    for number, waiver in enumerate(waivers):
        for earlier in waivers[:number]:
            same = set(waiver.resources) & set(earlier.resources)
            together = _meet(waiver.environments, earlier.environments) and _meet(
                waiver.shapes, earlier.shapes
            )
            if waiver.check == earlier.check and same and together:
                what = f"{waiver.check} is waived for {min(same)} in line {earlier.line} already"
                _refuse(waiver.line, what)


def _unused(waiver: Waiver, covered: list[Failure]) -> Iterator[Unused]:
    if not covered:
        yield Unused(waiver, "")
        return
    for pattern in waiver.resources:
        if not any(fnmatchcase(each.resource, pattern) for each in covered):
            yield Unused(waiver, f"resources: {pattern}")
    for name in waiver.environments:
        if name not in {each.environment for each in covered}:
            yield Unused(waiver, f"environments: {name}")
    for name in waiver.shapes:
        if name not in {each.shape for each in covered}:
            yield Unused(waiver, f"shapes: {name}")


def _within(name: str, names: tuple[str, ...]) -> bool:
    return not names or name in names


def _meet(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    return not one or not other or not set(one).isdisjoint(other)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _refuse(line: int, why: str) -> NoReturn:
    where = f"The waiver in line {line} does not hold" if line else "A waiver does not hold"
    raise StackError(where, why=why, mend=_MEND)
