"""The provider's schema, read type by type: what arguments and blocks a resource has."""

import functools
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from slipway.errors import StackError

Type = str | list[Any]
"""As Terraform writes it in JSON: `"string"`, `["list", "string"]`, `["object", {...}]`."""


@dataclass(frozen=True)
class Block:
    """Arguments and nested blocks of a resource, or of a block in it."""

    attributes: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    blocks: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    version: int = 0

    def attribute_type(self, name: str) -> Type:
        return attribute_type(self.attributes[name])

    def nested(self, name: str) -> "Block":
        return block(self.blocks[name]["block"])

    def many(self, name: str) -> bool:
        """Whether it holds several: a list or set, of values or of blocks."""
        if name in self.blocks:
            return self.blocks[name]["nesting_mode"] in {"list", "set"}
        type_ = self.attribute_type(name)
        return not isinstance(type_, str) and type_[0] in {"list", "set"}

    @property
    def names(self) -> tuple[str, ...]:
        return (*self.attributes, *self.blocks)


def block(found: Mapping[str, Any], version: int = 0) -> Block:
    return Block(found.get("attributes", {}), found.get("block_types", {}), version)


def attribute_type(attribute: Mapping[str, Any]) -> Type:
    nested = attribute.get("nested_type")
    if nested is None:
        found: Type = attribute["type"]
        return found
    fields = {name: attribute_type(inner) for name, inner in nested["attributes"].items()}
    mode = nested["nesting_mode"]
    return ["object", fields] if mode == "single" else [mode, ["object", fields]]


def of_object(fields: Mapping[str, Type]) -> Block:
    """An object-typed argument, in the form of a block."""
    return Block({name: {"type": type_, "optional": True} for name, type_ in fields.items()})


class Schema:
    """A provider's schema in a file that is read in parts: the whole has 14 MB of JSON."""

    def __init__(self, file: Path) -> None:
        self._file = file

    @functools.cached_property
    def _zip(self) -> zipfile.ZipFile:
        return zipfile.ZipFile(self._file)

    @functools.cached_property
    def index(self) -> Mapping[str, list[str]]:
        """Every resource type with the names of its arguments and blocks."""
        found: dict[str, list[str]] = json.loads(self._zip.read("index.json"))
        return found

    @functools.cached_property
    def data_sources(self) -> frozenset[str]:
        prefix = "data/"
        return frozenset(
            n.removeprefix(prefix) for n in self._zip.namelist() if n.startswith(prefix)
        )

    @functools.cache  # noqa: B019 - one schema lives as long as the process
    def resource(self, type_: str) -> Block:
        return self._read(f"resource/{type_}")

    @functools.cache  # noqa: B019
    def data(self, type_: str) -> Block:
        return self._read(f"data/{type_}")

    @functools.cached_property
    def provider(self) -> Block:
        return self._read("provider")

    def _read(self, member: str) -> Block:
        try:
            found = json.loads(self._zip.read(member))
        except KeyError as missing:
            raise StackError(f"The AWS provider has no {member}") from missing
        return block(found["block"], found.get("version", 0))


def write_schema(text: str, file: Path) -> None:
    """Split the output of `terraform providers schema -json` into parts."""
    (provider,) = json.loads(text)["provider_schemas"].values()
    resources = provider["resource_schemas"]
    index = {name: block(found["block"]).names for name, found in resources.items()}
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as parts:
        parts.writestr("index.json", json.dumps(index))
        parts.writestr("provider", json.dumps(provider["provider"]))
        for kind, found in (("resource", resources), ("data", provider["data_source_schemas"])):
            for name, schema in found.items():
                parts.writestr(f"{kind}/{name}", json.dumps(schema))
