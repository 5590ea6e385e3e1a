"""References of a recorded stack as Terraform expressions, and texts as Terraform templates."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from slipway.stack.consistency import decoded
from slipway.stack.graph import REFERENCE, Graph, Reference
from slipway.stack.terraform.names import Names, snake
from slipway.stack.terraform.schema import Type

_NUMBER = re.compile(r"(?<!\d)7\d{9}(?!\d)")
_STEP = re.compile(r"\[(\d+)\]|([^.\[\]]+)")
_ESCAPE = re.compile(r"\\.")
_JSON_ONLY = {"\\b": "\\u0008", "\\f": "\\u000c"}
"""Escapes of JSON that Terraform's language does not know."""
_INTERPOLATION = re.compile(r"\$\$\{|%%\{|\$\{[^}]*\}")


@dataclass(frozen=True)
class Target:
    """A resource that can be referred to: its address, and the names of its arguments."""

    address: str
    names: Names
    given: frozenset[str]


@dataclass(frozen=True)
class Unreachable:
    """A reference that Terraform cannot follow, and why."""

    why: str


Found = str | Unreachable


class Expressions:
    """Turns texts with references into templates. `missing` is told what cannot be followed."""

    def __init__(self, graph: Graph, targets: Mapping[str, Target]) -> None:
        self._references = graph.references
        self._targets = targets
        self._known = frozenset(graph.references.values())

    def of(self, reference: Reference) -> Found:
        """`aws_vpc.net.id` for the output `id` of the resource `net`."""
        target = self._targets.get(reference.urn)
        name = reference.urn.rpartition("::")[2]
        if target is None:
            return Unreachable(f"it refers to {name}, which Terraform does not know")
        steps = [(index, word) for index, word in _STEP.findall(reference.property)]
        first = steps[0][1]
        attribute = "id" if first == "id" else target.names.of.get(first)
        if attribute is None:
            return Unreachable(f"{name} has no {first} in this version of the provider")
        if not self._readable(target, attribute):
            return Unreachable(f"it reads {first} of {name}, which nothing sets")
        return _walk(f"{target.address}.{attribute}", target.names, attribute, steps[1:])

    def _readable(self, target: Target, attribute: str) -> bool:
        block = target.names.block
        if attribute in block.blocks or attribute in target.given:
            return True
        return bool(block.attributes[attribute].get("computed"))

    def template(self, text: str, missing: Callable[[str], None]) -> str:
        """A text as Terraform's JSON takes it: references interpolated, all else literal.

        What cannot be followed stays as it was recorded.
        """
        inner = decoded(text)
        if inner is not None and self._refers(inner):
            return f"${{base64encode({quoted(self.template(inner, missing))})}}"
        parts, position = [], 0
        for match in sorted(
            (*REFERENCE.finditer(text), *_NUMBER.finditer(text)), key=lambda found: found.start()
        ):
            reference = self._references.get(match.group())
            if reference is None or match.start() < position:
                continue
            found = self.of(reference)
            if isinstance(found, Unreachable):
                missing(found.why)
                continue
            parts += [_literal(text[position : match.start()]), f"${{{found}}}"]
            position = match.end()
        return "".join([*parts, _literal(text[position:])])

    def is_output(self, text: str) -> bool:
        """Whether it stands for one output and holds nothing else: there is nothing to hide."""
        return text in self._references

    def is_list(self, token: str) -> bool:
        """Whether it stands for a whole list of outputs: then there is one for its first item."""
        found = self._references.get(token)
        return found is not None and Reference(found.urn, f"{found.property}[0]") in self._known

    def _refers(self, text: str) -> bool:
        found = (*REFERENCE.findall(text), *_NUMBER.findall(text))
        return any(token in self._references for token in found)


def quoted(template: str) -> str:
    """A template as a string within an expression; interpolations keep their own quotes."""
    out, position = [], 0
    for match in _INTERPOLATION.finditer(template):
        out += [_escaped(template[position : match.start()]), match.group()]
        position = match.end()
    return f'"{"".join([*out, _escaped(template[position:])])}"'


def _walk(expression: str, names: Names, attribute: str, steps: list[tuple[str, str]]) -> Found:
    """Follow the further steps of a path, through lists of one that Pulumi flattens."""
    inner = names.inner(attribute)
    for index, word in steps:
        if index:
            expression = f"{_listed(expression, inner.type)}[{index}]"
            inner = inner.item or inner
            continue
        if inner.form in {"objects", "blocks"} and not expression.endswith("]"):
            expression = f"{_listed(expression, inner.type)}[0]"
        if inner.names is None or (found := inner.names.of.get(word)) is None:
            if inner.form == "map":
                expression, inner = f"{expression}[{json.dumps(word)}]", inner.item or inner
                continue
            return Unreachable(f"{expression} has no {snake(word)}")
        expression, inner = f"{expression}.{found}", inner.names.inner(found)
    return expression


def _listed(expression: str, type_: Type) -> str:
    """Sets have no order that an index could count in."""
    is_set = not isinstance(type_, str) and type_[0] == "set"
    return f"tolist({expression})" if is_set else expression


def _literal(text: str) -> str:
    return text.replace("${", "$${").replace("%{", "%%{")


def _escaped(text: str) -> str:
    escaped = json.dumps(text, ensure_ascii=False)[1:-1]
    return _ESCAPE.sub(lambda found: _JSON_ONLY.get(found.group(), found.group()), escaped)
