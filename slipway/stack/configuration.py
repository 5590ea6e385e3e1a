"""The configuration of a stack as the Pulumi CLI hands it to the program.

Defaults come from `config:` in `Pulumi.yaml`, values from `Pulumi.<stack>.yaml`. The program gets
one flat map of texts: a scalar as it is written, anything else as JSON.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from slipway.errors import StackError

PROJECT_FILE = "Pulumi.yaml"
SECRET = "[secret]"  # noqa: S105 - this stands in the place of one
"""For an encrypted value, whose key only the CLI has."""


def read_configuration(
    root: Path, stack: str, overrides: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Of the project at `root`; `overrides` map `namespace:key` to text, and win.

    Raises `StackError` where a file is missing or cannot be read as what it should be.
    """
    project = _read(root / PROJECT_FILE, mend="Run this from the root of a checkout.")
    name = str(project.get("name", ""))
    found = {}
    for key, declared in _config(project, PROJECT_FILE).items():
        text = _default(declared)
        if text is not None:
            found[_full(name, key)] = text
    file = f"Pulumi.{stack}.yaml"
    for key, value in _config(_read(root / file, mend=_stacks_there(root)), file).items():
        found[_full(name, key)] = _text(value)
    return found | dict(overrides or {})


def stacks(root: Path) -> tuple[str, ...]:
    """The stacks that have a file of settings at `root`, in alphabetical order."""
    files = sorted(root.glob("Pulumi.*.yaml"))
    return tuple(path.name.removeprefix("Pulumi.").removesuffix(".yaml") for path in files)


def _stacks_there(root: Path) -> str:
    return f"Stacks with such a file: {', '.join(stacks(root)) or 'none'}."


def secret_keys(root: Path, stack: str, configuration: Mapping[str, str]) -> tuple[str, ...]:
    """The keys whose values are secret: encrypted in the stack's file, wholly or in part, or
    declared as secret in the project's.
    """
    project = _read(root / PROJECT_FILE, mend="Run this from the root of a checkout.")
    name = str(project.get("name", ""))
    declared = {
        _full(name, key)
        for key, setting in _config(project, PROJECT_FILE).items()
        if isinstance(setting, Mapping) and str(setting.get("secret", "")).lower() == "true"
    }
    file = f"Pulumi.{stack}.yaml"
    encrypted = {
        _full(name, key)
        for key, value in _config(_read(root / file, mend=_stacks_there(root)), file).items()
        if SECRET in _text(value)
    }
    return tuple(key for key in configuration if key in declared | encrypted)


class _Text(str):
    """A scalar as the file writes it, and what YAML means by it: `0.10` is not the number 0.1."""

    meant: Any


class _Loader(yaml.SafeLoader):
    """Keeps the text of every scalar."""


def _scalar(loader: _Loader, node: yaml.ScalarNode) -> _Text:
    text = _Text(node.value)
    text.meant = _MEANT[node.tag](loader, node)
    return text


_TAG = "tag:yaml.org,2002:"
_MEANT = {
    f"{_TAG}{kind}": yaml.SafeLoader.yaml_constructors[f"{_TAG}{kind}"]
    for kind in ("bool", "int", "float", "null", "str")
}
_MEANT[f"{_TAG}timestamp"] = _MEANT[f"{_TAG}str"]  # JSON has no dates
for _tag in _MEANT:
    _Loader.add_constructor(_tag, _scalar)


def _read(path: Path, mend: str) -> Mapping[str, Any]:
    try:
        found = yaml.load(path.read_text(), Loader=_Loader)  # noqa: S506 - it is a SafeLoader
    except FileNotFoundError as missing:
        where = f"it is not in {path.parent.resolve()}"
        raise StackError(f"There is no {path.name}", why=where, mend=mend) from missing
    except (yaml.YAMLError, UnicodeDecodeError) as broken:
        mend = "Correct the YAML; indentation and missing quotes are what it mostly is."
        raise StackError(f"{path.name} cannot be read", why=str(broken), mend=mend) from broken
    if found is None:
        return {}
    if not isinstance(found, Mapping):
        mend = "It is made of keys like config:."
        raise StackError(f"{path.name} cannot be read", why="it holds no mapping", mend=mend)
    return found


def _config(document: Mapping[str, Any], file: str) -> Mapping[str, Any]:
    config = document.get("config", {})
    if config == "":  # `config:` and nothing below it
        return {}
    if not isinstance(config, Mapping):
        mend = "Write one setting a line below it, like slipway:owner: my-team."
        raise StackError(f"{file} cannot be read", why="its config: is no mapping", mend=mend)
    return config


def _full(project: str, key: str) -> str:
    return str(key) if ":" in key else f"{project}:{key}"


def _default(declared: Any) -> str | None:
    """What `Pulumi.yaml` gives a setting: `default`, or `value` for one of a provider."""
    if not isinstance(declared, Mapping):
        return _text(declared)
    given = declared.get("value", declared.get("default"))
    return None if given is None else _text(given)


def _text(value: Any) -> str:
    """As Pulumi hands it over."""
    if isinstance(value, _Text):
        return str(value)
    meant = _meant(value)
    return meant if isinstance(meant, str) else json.dumps(meant, separators=(",", ":"))


def _meant(value: Any) -> Any:
    """A value as JSON has it."""
    if isinstance(value, _Text):
        return value.meant
    if isinstance(value, Mapping):
        if set(value) == {"secure"}:
            return SECRET
        return {str(key): _meant(inner) for key, inner in value.items()}
    return [_meant(inner) for inner in value]
