"""The values of a recorded resource, as the provider's schema wants them written."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pulumi.runtime import rpc

from slipway.stack.terraform.expressions import Expressions
from slipway.stack.terraform.names import Inner, Names

_PLAIN = Inner("plain")


@dataclass(frozen=True)
class Gap:
    """Something of a resource (or of the stack: an empty `urn`) that is not carried over, and why.

    `property` is its path as Pulumi names it; empty where it is the whole resource.
    """

    urn: str
    property: str
    why: str


class Values:
    """Writes the values of one resource; keeps the gaps, secret variables and files it makes."""

    def __init__(
        self, expressions: Expressions, urn: str, label: str, secrets: Sequence[str]
    ) -> None:
        self._expressions = expressions
        self._urn = urn
        self._label = label
        self._secrets = tuple(secrets)
        self.gaps: list[Gap] = []
        self.variables: dict[str, str] = {}
        self.files: dict[str, str] = {}

    def arguments(
        self, properties: Mapping[str, Any], names: Names, path: str = ""
    ) -> dict[str, Any]:
        """Of a block or object, by Terraform's names; what it does not know becomes a gap."""
        written: dict[str, Any] = {}
        for key, value in properties.items():
            where = f"{path}.{key}" if path else key
            argument = names.of.get(key)
            if argument is None:
                self._gap(where, "this version of the provider does not know it")
                continue
            written[argument] = self.value(value, names.inner(argument), where)
        return written

    def value(self, value: Any, form: Inner, path: str) -> Any:
        if isinstance(value, Mapping) and rpc._special_sig_key in value:
            return self._asset(value, path)
        if form.form in {"blocks", "objects", "object"}:
            return self._objects(value, form, path)
        if form.form == "map" and isinstance(value, Mapping):
            item = form.item or _PLAIN
            return {k: self.value(v, item, f"{path}.{k}") for k, v in value.items()}
        if form.form == "list":
            return self._list(value, form, path)
        if isinstance(value, Mapping | list):  # where Terraform wants JSON as text
            return self._scalar(json.dumps(value), path)
        return self._scalar(value, path)

    def _objects(self, value: Any, form: Inner, path: str) -> Any:
        if isinstance(value, str):  # one reference that stands for all of them
            return self._text(value, path)
        if form.form == "object":
            one = value[0] if isinstance(value, list) and len(value) == 1 else value
            return self._object(one, form, path)
        # Pulumi flattens a list that holds one at most.
        items = value if isinstance(value, list) else [value]
        several = isinstance(value, list)
        written = []
        for number, item in enumerate(items):
            where = f"{path}[{number}]" if several else path
            if several and (unknown := _unknown(item, form)):
                self._gap(where, f"this version of the provider does not know {unknown}")
                continue  # one of several kinds, of which half would mean something else
            written.append(self._object(item, form, where))
        return written

    def _object(self, value: Any, form: Inner, path: str) -> Any:
        if form.names is None or not isinstance(value, Mapping):
            self._gap(path, "the provider wants an object here")
            return None
        written = self.arguments(value, form.names, path)
        if form.form == "blocks":
            return written
        # A list of objects is written as blocks are, but has to name every field.
        return {name: written.get(name) for name in form.names.block.names}

    def _list(self, value: Any, form: Inner, path: str) -> Any:
        item = form.item or _PLAIN
        if isinstance(value, Mapping):  # of a list of maps, flattened
            return [self.value(value, item, path)]
        if not isinstance(value, list):
            text = self._scalar(value, path)
            refers = isinstance(text, str) and text.startswith("${") and text != value
            return text if refers and self._whole(value) else [text]
        return [self.value(v, item, f"{path}[{number}]") for number, v in enumerate(value)]

    def _whole(self, token: Any) -> bool:
        """Whether a token stands for a whole list of outputs."""
        return isinstance(token, str) and self._expressions.is_list(token)

    def _scalar(self, value: Any, path: str) -> Any:
        if isinstance(value, bool) or value is None:
            return value
        if self._is_secret(path) and not self._expressions.is_output(str(value)):
            return self._variable(str(value))
        if isinstance(value, int | float):
            text = self._text(str(value), path)
            return text if text != str(value) else value
        return self._text(str(value), path)

    def _text(self, text: str, path: str) -> str:
        return self._expressions.template(text, lambda why: self._gap(path, why))

    def _is_secret(self, path: str) -> bool:
        return any(path == s or path.startswith((f"{s}.", f"{s}[")) for s in self._secrets)

    def _variable(self, value: str) -> str:
        name = f"{self._label}_secret_{len(self.variables)}"
        self.variables[name] = value
        return f"${{var.{name}}}"

    def _asset(self, value: Mapping[str, Any], path: str) -> Any:
        signature = value[rpc._special_sig_key]
        if signature == rpc._special_asset_sig and "text" in value:
            name = f"{self._label}_asset_{len(self.files)}"
            self.files[name] = str(value["text"])
            return f"${{path.module}}/{name}"
        if signature == rpc._special_asset_sig and "path" in value:
            return str(value["path"])
        self._gap(path, "an archive or remote asset has no form in Terraform's configuration")
        return None

    def _gap(self, path: str, why: str) -> None:
        self.gaps.append(Gap(self._urn, path, why))


def _unknown(item: Any, form: Inner) -> str:
    """Arguments of an item that the provider does not have."""
    if not isinstance(item, Mapping) or form.names is None:
        return ""
    return ", ".join(sorted(key for key in item if key not in form.names.of))
