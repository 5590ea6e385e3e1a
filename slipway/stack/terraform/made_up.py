"""Values in the place of what only AWS knows: always the same for a resource, of the type that the
provider's schema says, and of a likely form.

They make a state of a stack that was never deployed. What AWS fills in where a program is silent is
left empty: a default of AWS's is not ours to guess.
"""

import hashlib
import re
from collections.abc import Mapping
from typing import Any

from slipway.stack.invokes import ACCOUNT
from slipway.stack.terraform.schema import Block, Schema, Type

SHAPES: Mapping[str, Mapping[str, Any]] = {
    "aws_acm_certificate": {"domain_validation_options.resource_record_type": "CNAME"},
    "aws_autoscaling_group": {"id": "{name}"},
    "aws_ecs_service": {"id": "{arn}"},
    "aws_ecs_task_definition": {"id": "{family}", "revision": 1},
    "aws_launch_template": {"id": "lt-{hex}", "latest_version": 1, "default_version": 1},
    "aws_s3_bucket": {"id": "{bucket}", "arn": "arn:aws:s3:::{bucket}"},
    "aws_iam_role": {"id": "{name}", "arn": "arn:aws:iam::{account}:role/{name}"},
}
"""Values by attribute, for those whose form the provider itself checks or passes on: `{name}` is an
attribute of the resource, `{hex}` a part of its own.
"""
_FIELD = re.compile(r"\{(\w+)\}")
_INDEX = re.compile(r"\.\d+")


class MadeUp:
    """Makes up values for one region."""

    def __init__(self, schema: Schema, region: str) -> None:
        self._schema = schema
        self._region = region

    def value(
        self, type_: Type, address: str, path: str, known: Mapping[str, Any], *, one: bool = False
    ) -> Any:
        """`one`: a collection has an item, because the program reads its first."""
        if type_ == "string":
            return self._text(address, path, known)
        shape = self._shape(address, path)
        if type_ == "number":
            return shape if isinstance(shape, int) else 1
        if type_ == "bool":
            return shape if isinstance(shape, bool) else False
        if isinstance(type_, str):  # dynamic
            return None
        kind, of = type_[0], type_[1]
        if kind in {"list", "set"}:
            return [self.value(of, address, f"{path}.0", known, one=one)] if one else []
        if kind == "map":
            return {}
        return {
            name: self.value(inner, address, f"{path}.{name}", known, one=one)
            for name, inner in of.items()
        }

    def whole(
        self, type_: str, address: str, change: Mapping[str, Any], given: Mapping[str, Any]
    ) -> tuple[dict[str, Any], tuple[str, ...]]:
        """A planned resource with nothing unknown, and the paths that were made up.

        `given` are the attributes that were made up for the resource's readers: they stay.
        """
        filling = _Filling(self, self._schema.resource(type_), address, change["after"], given)
        after = filling.block(
            self._schema.resource(type_), change["after"], change["after_unknown"], ""
        )
        return after, tuple(filling.made)

    def shaped(self, address: str, path: str) -> bool:
        return self._shape(address, path) is not None

    def _shape(self, address: str, path: str) -> Any:
        return SHAPES.get(address.split(".", maxsplit=1)[0], {}).get(_INDEX.sub("", path))

    def _text(self, address: str, path: str, known: Mapping[str, Any]) -> str:
        shape = self._shape(address, path)
        type_, label = address.split(".", 1)
        if isinstance(shape, str):
            return _FIELD.sub(lambda found: self._field(found[1], address, known), shape)
        last = _INDEX.sub("", path).split(".")[-1]
        service = type_.split("_")[1]
        if last == "arn" or last.endswith("_arn"):
            own = f"{type_.removeprefix('aws_')}/{_hex(address, 'id')}"
            return f"arn:aws:{service}:{self._region}:{ACCOUNT}:{own}"
        if last == "id":
            return f"{type_.split('_')[-1]}-{_hex(address, 'id')}"
        if last in {"owner_id", "registry_id"} or last.endswith("account_id"):
            return ACCOUNT
        if last in {"dns_name", "fqdn"} or last.endswith("_fqdn"):
            return f"{label.replace('_', '-')}-{_hex(address, path)[:8]}.{self._region}.example.com"
        return f"unknown-{_hex(address, path)[:8]}"

    def _field(self, name: str, address: str, known: Mapping[str, Any]) -> str:
        if name == "hex":
            return _hex(address, "id")
        if name == "account":
            return ACCOUNT
        return str(known[name]) if known.get(name) else self._text(address, name, known)


class _Filling:
    """Goes through one planned resource."""

    def __init__(
        self,
        made_up: MadeUp,
        root: Block,
        address: str,
        after: Mapping[str, Any],
        given: Mapping[str, Any],
    ) -> None:
        self._made_up = made_up
        self._root = root
        self._address = address
        self._known = {k: v for k, v in after.items() if isinstance(v, str | int | float)}
        self._given = given
        self.made: list[str] = []

    def block(self, of: Block, value: Mapping[str, Any], unknown: Any, path: str) -> dict[str, Any]:
        found: dict[str, Any] = {}
        below = unknown if isinstance(unknown, Mapping) else {}
        for name, attribute in of.attributes.items():
            where = f"{path}.{name}" if path else name
            if attribute.get("write_only"):
                found[name] = None
                continue
            optional = bool(attribute.get("optional"))
            type_ = of.attribute_type(name)
            found[name] = self._leaf(type_, value.get(name), below.get(name), where, optional)
        for name, nested in of.blocks.items():
            where = f"{path}.{name}" if path else name
            found[name] = self._nested(
                of.nested(name), nested["nesting_mode"], value.get(name), below.get(name), where
            )
        return found

    def _nested(self, of: Block, mode: str, value: Any, unknown: Any, path: str) -> Any:
        if mode in {"single", "group"}:
            return None if value is None else self.block(of, value, unknown, path)
        if unknown is True:
            self.made.append(path)
            return []
        unknowns = unknown if isinstance(unknown, list) else []
        return [
            self.block(of, item, unknowns[n] if n < len(unknowns) else {}, f"{path}.{n}")
            for n, item in enumerate(value or [])
        ]

    def _leaf(self, type_: Type, value: Any, unknown: Any, path: str, optional: bool) -> Any:
        if unknown is True:
            return self._unknown(type_, path, optional)
        if not unknown or value is None or isinstance(type_, str):
            return value
        kind, of = type_[0], type_[1]
        if kind in {"list", "set"}:
            return [
                self._leaf(of, item, u, f"{path}.{n}", optional)
                for n, (item, u) in enumerate(zip(value, unknown, strict=False))
            ]
        names = value.keys() | unknown.keys()
        return {
            name: self._leaf(
                of if kind == "map" else of[name],
                value.get(name),
                unknown.get(name),
                f"{path}.{name}",
                optional,
            )
            for name in sorted(names)
        }

    def _unknown(self, type_: Type, path: str, optional: bool) -> Any:
        self.made.append(path)
        if path in self._given:  # the very value that its readers were given
            return self._given[path]
        left_to_aws = optional and path != "id" and not self._made_up.shaped(self._address, path)
        if left_to_aws:
            return _empty(type_)
        return self._made_up.value(type_, self._address, path, self._known)


def _empty(type_: Type) -> Any:
    if type_ == "string":
        return ""
    if isinstance(type_, str):
        return None
    return {} if type_[0] == "map" else []


def _hex(address: str, path: str) -> str:
    return hashlib.sha256(f"{address}|{path}".encode()).hexdigest()[:17]
