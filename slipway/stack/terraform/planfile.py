"""Terraform's plan file, read directly.

`terraform show -json` starts the provider again only to ask for its schema, which takes as long as
planning. The file is a zip with one protobuf message (`planfile.proto` in Terraform's sources) in
which values are MessagePack. It is read only where its version is the one known here; `plan.py`
asks Terraform otherwise.
"""

import zipfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import msgpack

_VERSION = 3
_ACTIONS = {
    0: ["no-op"],
    1: ["create"],
    2: ["read"],
    3: ["update"],
    5: ["delete"],
    6: ["delete", "create"],
    7: ["create", "delete"],
}
_REASONS = {
    1: "replace_because_tainted",
    2: "replace_by_request",
    3: "replace_because_cannot_update",
    4: "delete_because_no_resource_config",
}


class _Unknown:
    """A value that is known after the apply."""


_UNKNOWN: Final = _Unknown()


def read(file: Path) -> dict[str, Any] | None:
    """Changes and outputs in the form of `terraform show -json`; None where the file is of another
    version.
    """
    with zipfile.ZipFile(file) as parts:
        message = parts.read("tfplan")
    fields = list(_fields(message))
    if next((value for key, value in fields if key == 1), None) != _VERSION:
        return None
    return {
        "resource_changes": [_resource(value) for key, value in fields if key == 3],
        "planned_values": {"outputs": dict(_output(value) for key, value in fields if key == 4)},
    }


def _resource(message: bytes) -> dict[str, Any]:
    found: dict[str, Any] = {}
    replaced: list[list[Any]] = []
    for key, value in _fields(message):
        match key:
            case 8:
                found["provider"] = value.decode()
            case 9:
                found["change"] = _change(value)
            case 11:
                replaced.append(_path(value))
            case 12:
                found["action_reason"] = _REASONS.get(value, str(value))
            case 13:
                found["address"] = value.decode()
    data = found["address"].startswith("data.")
    found["type"], found["name"] = found["address"].removeprefix("data.").split(".", 1)
    found["mode"] = "data" if data else "managed"
    if replaced:
        found["change"]["replace_paths"] = replaced
    return found


def _change(message: bytes) -> dict[str, Any]:
    action, values = 0, []
    sensitive: dict[int, list[list[Any]]] = {3: [], 4: []}
    for key, value in _fields(message):
        if key == 1:
            action = value
        elif key == 2:
            values.append(_value(value))
        elif key in sensitive:
            sensitive[key].append(_path(value))
    actions = _ACTIONS[action]
    before = None if actions == ["create"] else values[0]
    after = None if actions == ["delete"] else values[-1]
    return {
        "actions": actions,
        "before": _known(before),
        "after": _known(after),
        "after_unknown": _unknowns(after),
        "before_sensitive": _tree(sensitive[3]),
        "after_sensitive": _tree(sensitive[4]),
    }


def _output(message: bytes) -> tuple[str, dict[str, Any]]:
    name, value = "", None
    for key, content in _fields(message):
        if key == 1:
            name = content.decode()
        elif key == 2:
            after = [_value(v) for k, v in _fields(content) if k == 2][-1]
            # Of dynamic type: its type comes with it.
            value = after[1] if isinstance(after, list) and len(after) == 2 else after
    return name, {"value": _known(value)}


def _fields(message: bytes) -> Iterator[tuple[int, Any]]:
    """Number and content of every field of a protobuf message."""
    position = 0

    def varint() -> int:
        nonlocal position
        result = shift = 0
        while True:
            byte = message[position]
            position += 1
            result |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return result

    while position < len(message):
        key = varint()
        wire = key & 7
        if wire == 0:
            yield key >> 3, varint()
            continue
        size = varint() if wire == 2 else 4 if wire == 5 else 8
        yield key >> 3, message[position : position + size]
        position += size


def _value(message: bytes) -> Any:
    """Of a DynamicValue."""
    packed = next((value for key, value in _fields(message) if key == 1), None)
    if packed is None:
        return None
    return msgpack.unpackb(packed, ext_hook=lambda _code, _data: _UNKNOWN, strict_map_key=False)


def _path(message: bytes) -> list[Any]:
    return [
        value.decode() if kind == 1 else _value(value)
        for _, step in _fields(message)
        for kind, value in _fields(step)
    ]


def _known(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {k: _known(v) for k, v in value.items() if v is not _UNKNOWN}
    if isinstance(value, list):
        return [_known(item) for item in value]
    return None if value is _UNKNOWN else value


def _unknowns(value: Any) -> Any:
    if isinstance(value, Mapping):
        found = {k: _unknowns(v) for k, v in value.items()}
        return {k: v for k, v in found.items() if v is not False}
    if isinstance(value, list):
        return [_unknowns(item) for item in value]
    return value is _UNKNOWN


def _tree(paths: Sequence[Sequence[Any]]) -> dict[Any, Any]:
    """Paths as nested mappings that end in True."""
    root: dict[Any, Any] = {}
    for path in paths:
        inner = root
        for step in path[:-1]:
            below = inner.setdefault(step, {})
            if below is True:
                break
            inner = below
        else:
            if path:
                inner[path[-1]] = True
    return root
