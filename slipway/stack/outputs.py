"""Outputs that only AWS knows, made up so that a program can run on them and be followed."""

import enum
import hashlib
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pulumi import _types

from slipway.stack.graph import Reference, Resource

_MARK = "~Aa:/.,;=_+-"
"""What stands in the tokens of the second way: every sign at which a program may split or cut."""

_APART = 63_000_000_013
"""Between a number of the one way and of the other. It is prime: so all remainders differ, too."""


@dataclass(frozen=True)
class Outputs:
    """How outputs are made up. The second way (`other`) differs from the first in everything that
    a program could compute with: the tokens' text, length and case, the numbers, the booleans and
    choices, and how many items lists and mappings have. What differs between two runs of a program
    was therefore derived from something that nobody can know before AWS says it.
    """

    other: bool = False

    def token(self, inner: str) -> str:
        return f"@{_MARK}{inner}{_MARK}@" if self.other else f"@{inner}@"

    @property
    def boolean(self) -> bool:
        return self.other

    def number(self, digest: int) -> int:
        return 7_000_000_000 + digest + (_APART if self.other else 0)

    @property
    def items(self) -> int:
        return 2 if self.other else 1


FIRST, SECOND = Outputs(), Outputs(other=True)


@dataclass(frozen=True)
class Unknown:
    """Makes up the outputs of one resource, and notes in `references` which value stands for which
    of them.
    """

    resource: Resource
    references: dict[str, Reference]
    outputs: Outputs

    def value(self, path: str, hint: Any) -> Any:
        """A value of the type that the SDK declares."""
        hint = _types.unwrap_type(hint)
        origin = typing.get_origin(hint) or hint
        if origin in {int, float}:
            return self._number(path)
        if origin is bool:
            return self.outputs.boolean
        if isinstance(origin, type) and issubclass(origin, enum.Enum):
            return list(origin)[-1 if self.outputs.other else 0].value
        if _types.is_output_type(hint):
            fields = _types.output_type_types(hint)
            return {name: self.value(f"{path}.{name}", t) for name, t in fields.items()}
        if isinstance(origin, type) and issubclass(origin, Mapping):
            return {"key": self.text(f"{path}.key")} if self.outputs.other else {}
        if typing.get_args(hint):
            inner = typing.get_args(hint)[0]
            return [self.value(f"{path}[{n}]", inner) for n in range(self.outputs.items)]
        return self.text(path)

    def text(self, path: str) -> str:
        reference = Reference(self.resource.urn, path)
        token = self.outputs.token(f"{self.resource.name}.{path}")
        if self.references.setdefault(token, reference) != reference:
            kind = self.resource.type.rpartition(":")[2]
            token = self.outputs.token(f"{self.resource.name}.{path}.{kind}")
            self.references[token] = reference
        return token

    def _number(self, path: str) -> int:
        digest = hashlib.sha256(f"{self.resource.urn}.{path}".encode()).hexdigest()
        number = self.outputs.number(int(digest[:6], 16))
        self.references[str(number)] = Reference(self.resource.urn, path)
        return number
