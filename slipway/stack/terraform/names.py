"""What Pulumi calls a resource or argument, and what Terraform calls it.

Pulumi's AWS package is made from Terraform's provider by rule: `log_group_name` becomes
`logGroupName`, a list `subnet` becomes `subnets`, `aws_sqs_queue` becomes `aws:sqs/queue:Queue`.
The rules are run backwards here, on the provider's own schema. What was renamed by hand, no rule
can find: those names are in two tables.
"""

import functools
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from slipway.stack.terraform.schema import Block, Schema, Type, of_object

TYPES = {"aws:s3/bucketObjectv2:BucketObjectv2": "aws_s3_object"}
"""Types that have a name of their own in Pulumi."""
ARGUMENTS: Mapping[str, Mapping[str, str]] = {
    "aws_cloudwatch_log_subscription_filter": {"logGroup": "log_group_name"},
    "aws_cloudwatch_metric_alarm": {"name": "alarm_name"},
    "aws_lambda_function": {"code": "filename", "name": "function_name"},
    "aws_lambda_permission": {"function": "function_name"},
    "aws_sns_topic_subscription": {"topic": "topic_arn"},
}
"""Arguments that have a name of their own in Pulumi, by Terraform's type."""

_LIKELY, _SURE = 0.5, 0.6
"""Shares of a type's properties that Terraform's type has to have as well."""
_NOT_IN_EVERY_VERSION = {"region"}
"""Pulumi's newer package has it on every resource; older providers have not."""


def camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part[:1].upper() + part[1:] for part in rest)


def snake(name: str) -> str:
    parted = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", name)
    return re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1_\2", parted).lower()


def plurals(name: str) -> Iterator[str]:
    """What Pulumi may call an argument that holds several."""
    yield name
    yield f"{name}s"
    if name.endswith("y") and name[-2:-1] not in "aeiou":
        yield f"{name[:-1]}ies"
    if re.search(r"(s|x|z|ch|sh)$", name):
        yield f"{name}es"
    for end, plural in (("is", "es"), ("ex", "ices"), ("ix", "ices"), ("um", "a")):
        if name.endswith(end):
            yield name.removesuffix(end) + plural


@dataclass(frozen=True)
class Names:
    """The arguments of a block by Pulumi's names."""

    block: Block
    of: Mapping[str, str]

    def inner(self, argument: str) -> "Inner":
        """What `argument` (Terraform's name) holds."""
        if argument in self.block.blocks:
            return Inner("blocks", naming(self.block.nested(argument)))
        return inner(self.block.attribute_type(argument))


@dataclass(frozen=True)
class Inner:
    """The form of a value: `blocks`, `objects` (a list of them), `object`, `list`, `map`, `plain`.

    `names` where it has arguments of its own; `item` is the form of a list's or map's values.
    """

    form: str
    names: Names | None = None
    type: Type = "dynamic"
    item: "Inner | None" = None


def inner(type_: Type) -> Inner:
    if isinstance(type_, str):
        return Inner("plain", type=type_)
    kind, of = type_[0], type_[1]
    if kind == "object":
        return Inner("object", naming(of_object(of)), type_)
    item = inner(of)
    if kind == "map":
        return Inner("map", type=type_, item=item)
    if item.form == "object":
        return Inner("objects", item.names, type_, item)
    return Inner("list", type=type_, item=item)


def naming(of: Block, renamed: Mapping[str, str] | None = None) -> Names:
    """An exact name wins over a plural that happens to be the same."""
    names: dict[str, str] = {}
    for name in of.names:
        for candidate in plurals(camel(name)) if of.many(name) else [camel(name)]:
            names.setdefault(candidate, name)
    exact = {camel(name): name for name in of.names}
    return Names(of, {**names, **exact, **(renamed or {})})


class Catalogue:
    """Finds Terraform's type for Pulumi's, and the names of its arguments."""

    plain = Inner("plain")

    def __init__(self, schema: Schema) -> None:
        self._schema = schema
        self._found: dict[str, str | None] = {}

    @functools.cache  # noqa: B019 - one catalogue lives as long as the process
    def resource(self, type_: str) -> Names:
        return naming(self._schema.resource(type_), ARGUMENTS.get(type_))

    @functools.cache  # noqa: B019
    def data(self, type_: str) -> Names:
        return naming(self._schema.data(type_))

    @functools.cached_property
    def provider(self) -> Names:
        return naming(self._schema.provider)

    def type_of(self, token: str, properties: Iterable[str]) -> str | None:
        """Terraform's type for a Pulumi token with these properties; None where none is alike."""
        if token not in self._found:
            self._found[token] = self._search(token, set(properties) - _NOT_IN_EVERY_VERSION)
        return self._found[token]

    def data_type_of(self, token: str) -> str | None:
        """Of a function: `aws:iam/getPolicyDocument:getPolicyDocument`."""
        known = self._schema.data_sources
        return next((c for c in _candidates(token, "get_") if c in known), None)

    def _search(self, token: str, properties: set[str]) -> str | None:
        if token in TYPES:
            return TYPES[token]
        if not token.startswith("aws:") or token.count(":") != 2:
            return None
        index = self._schema.index
        named = [name for name in _candidates(token) if name in index]
        if named:
            best = max(named, key=lambda name: (self._alike(properties, name), -named.index(name)))
            if not properties or self._alike(properties, best) >= _LIKELY:
                return best
        module, kind = token.split(":")[1].split("/", maxsplit=1)[0], token.split(":")[2]
        words = {*snake(kind).split("_"), module}

        def closeness(name: str) -> tuple[float, float]:
            parts = set(name.split("_"))
            return round(self._alike(properties, name), 3), len(words & parts) / len(words | parts)

        closest = max(index, key=closeness)
        return closest if closeness(closest)[0] >= _SURE else None

    @functools.cached_property
    def _called(self) -> Mapping[str, tuple[int, frozenset[str]]]:
        """How many arguments each type has, and all that Pulumi may call them."""
        own = {name: tuple(plurals(camel(name))) for n in self._schema.index.values() for name in n}
        found = {}
        for type_, names in self._schema.index.items():
            kept = set(names) - {"id", "timeouts"}
            called = frozenset(plural for name in kept for plural in own[name])
            found[type_] = len(kept), called
        return found

    def _alike(self, properties: set[str], type_: str) -> float:
        number, called = self._called[type_]
        shared = len(properties & called)
        covered = min(1.0, shared / max(number, 1))
        return shared / max(len(properties), 1) * math.sqrt(covered)


def _candidates(token: str, prefix: str = "") -> list[str]:
    _, module, kind = token.split(":")
    module = module.split("/")[0]
    name = snake(kind).removeprefix(prefix)
    found = [f"aws_{module}_{name}", f"aws_{name}"]
    if name.endswith("v2"):
        older = re.sub(r"_?v2$", "", name)
        found += [f"aws_{module}_{older}", f"aws_{older}"]
    return found
