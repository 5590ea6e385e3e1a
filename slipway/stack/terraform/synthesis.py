"""A recorded stack as one document of Terraform JSON, driven by the provider's schema."""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from slipway.stack.graph import Graph, Resource, texts
from slipway.stack.terraform.expressions import Expressions, Target
from slipway.stack.terraform.names import Catalogue, Names
from slipway.stack.terraform.questions import COMPUTED
from slipway.stack.terraform.values import Gap, Values
from slipway.stack.urns import name_of

_PROVIDER = "pulumi:providers:"
_AWS = f"{_PROVIDER}aws"
_ADDRESS = re.compile(r"\b(aws_\w+\.\w+)\b")


@dataclass(frozen=True)
class Synthesis:
    """`addresses` map a resource's URN to its address (`aws_vpc.net`). `variables` are the values
    of sensitive variables, `files` what the document reads. `gaps` are what it does not say.
    """

    document: Mapping[str, Any]
    addresses: Mapping[str, str]
    variables: Mapping[str, str]
    files: Mapping[str, str]
    gaps: tuple[Gap, ...]


def synthesise(
    graph: Graph,
    catalogue: Catalogue,
    requirement: Mapping[str, Any],
    former: Mapping[str, str] | None = None,
) -> Synthesis:
    """`requirement` is the `terraform` block. `former` maps a URN to the one that the resource had
    before, after which Pulumi named it where the program did not.
    """
    return _Writer(graph, catalogue, former or {}).write(requirement)


class _Writer:
    def __init__(self, graph: Graph, catalogue: Catalogue, former: Mapping[str, str]) -> None:
        self._graph = graph
        self._catalogue = catalogue
        self._former = former
        self._gaps: list[Gap] = []
        self._variables: dict[str, str] = {}
        self._files: dict[str, str] = {}
        self._targets = dict(self._named()) | dict(self._asked())
        self._expressions = Expressions(graph, self._targets)

    def write(self, requirement: Mapping[str, Any]) -> Synthesis:
        resources: dict[str, dict[str, Any]] = {}
        for resource in self._graph.resources:
            if target := self._targets.get(resource.urn):
                type_, label = target.address.split(".")
                resources.setdefault(type_, {})[label] = self._resource(resource, target)
        document = {
            "terraform": requirement,
            "provider": {"aws": self._providers()},
            "resource": resources,
            "data": self._data(),
            "output": self._outputs(),
            "moved": self._moved(),
            "import": [
                {"to": self._targets[r.urn].address, "id": r.import_id}
                for r in self._graph.resources
                if r.import_id and r.urn in self._targets
            ],
            "variable": {name: {"type": "string", "sensitive": True} for name in self._variables},
        }
        return Synthesis(
            document={key: value for key, value in document.items() if value},
            addresses={
                urn: target.address
                for urn, target in self._targets.items()
                if not target.address.startswith("data.")
            },
            variables=self._variables,
            files=self._files,
            gaps=tuple(self._gaps),
        )

    def _named(self) -> Iterator[tuple[str, Target]]:
        """An address for every resource of AWS; a gap for every other."""
        taken: set[str] = set()
        # The order of registration is another in every run, and addresses have to be the same.
        for resource in sorted(self._graph.resources, key=lambda resource: resource.urn):
            if not resource.custom or resource.type.startswith(_PROVIDER):
                continue
            declared = self._graph.declared.get(resource.type, tuple(resource.properties))
            type_ = self._catalogue.type_of(resource.type, declared)
            if type_ is None:
                self._gaps.append(Gap(resource.urn, "", _unknown(resource.type)))
                continue
            label = _label(resource.name)
            if f"{type_}.{label}" in taken:
                label = f"{label}_{_digest(resource.urn)}"
            taken.add(f"{type_}.{label}")
            names = self._catalogue.resource(type_)
            given = frozenset(
                names.of[key] for key in (*resource.properties, "name") if key in names.of
            )
            yield resource.urn, Target(f"{type_}.{label}", names, given)

    def _resource(self, resource: Resource, target: Target) -> dict[str, Any]:
        values = Values(
            self._expressions, resource.urn, target.address.replace(".", "_"), resource.secrets
        )
        body = values.arguments(_without_region(resource, self._graph), target.names)
        self._keep(values)
        body |= self._auto_named(resource, target.names, body)
        if lifecycle := self._lifecycle(resource, target.names):
            body["lifecycle"] = [lifecycle]
        if resource.timeouts:
            if "timeouts" in target.names.block.blocks:
                body["timeouts"] = dict(resource.timeouts)
            else:
                self._gaps.append(Gap(resource.urn, "customTimeouts", "Terraform has none for it"))
        if resource.provider:
            body["provider"] = f"aws.{_label(resource.provider.split('::')[-2])}"
        self._options(resource)
        if unsaid := self._unsaid(resource, body):
            body["depends_on"] = unsaid
        return body

    def _lifecycle(self, resource: Resource, names: Names) -> dict[str, Any]:
        lifecycle: dict[str, Any] = {}
        if resource.protect:
            lifecycle["prevent_destroy"] = True
        if "*" in resource.ignore_changes:
            return {**lifecycle, "ignore_changes": "all"}
        ignored = []
        for path in resource.ignore_changes:
            first = re.split(r"[.\[]", path)[0]
            if first not in names.of:
                self._gaps.append(Gap(resource.urn, path, "an ignored property has no such name"))
            elif first != path:
                self._gaps.append(Gap(resource.urn, path, f"all of {first} is ignored, not a part"))
            if first in names.of:
                ignored.append(names.of[first])
        return {**lifecycle, "ignore_changes": ignored} if ignored else lifecycle

    def _options(self, resource: Resource) -> None:
        """What Terraform has no word for."""
        said = {
            "replaceOnChanges": bool(resource.replace_on_changes),
            "retainOnDelete": resource.retain_on_delete,
            "deletedWith": bool(resource.deleted_with),
        }
        for option, there in said.items():
            if there:
                self._gaps.append(Gap(resource.urn, option, "Terraform has no such option"))

    def _unsaid(self, resource: Resource, body: Mapping[str, Any]) -> list[str]:
        """Dependencies that no reference in the body carries."""
        said = {found for text in texts(body) for found in _ADDRESS.findall(text)}
        wanted = {urn for urns in resource.property_dependencies.values() for urn in urns}
        addresses = {
            self._targets[urn].address
            for urn in (*resource.depends_on, *wanted)
            if urn in self._targets and urn != resource.urn
        }
        return sorted(addresses - said)

    def _auto_named(
        self, resource: Resource, names: Names, body: Mapping[str, Any]
    ) -> dict[str, str]:
        """Pulumi names what has to have a name and was given none: always the same here."""
        argument = names.of.get("name", "")
        needed = names.block.attributes.get(argument, {}).get("required")
        if not needed or argument in body:
            return {}
        urn = self._former.get(resource.urn, resource.urn)
        return {argument: f"{name_of(urn)}-{_digest(urn)}"}

    def _asked(self) -> Iterator[tuple[str, Target]]:
        """An address for every question to AWS."""
        for question in self._graph.questions:
            type_ = self._catalogue.data_type_of(question.token)
            if type_ is None:
                self._gaps.append(Gap(question.urn, "", _unknown(question.token)))
                continue
            names = self._catalogue.data(type_)
            given = frozenset(names.of[key] for key in question.arguments if key in names.of)
            address = f"data.{type_}.{_label(question.name)}"
            yield question.urn, Target(address, names, given)
            if type_ not in COMPUTED:
                why = "it asks AWS, whose answer is made up in a plan without a server"
                self._gaps.append(Gap(question.urn, "", why))

    def _data(self) -> dict[str, Any]:
        written: dict[str, dict[str, Any]] = {}
        for question in self._graph.questions:
            target = self._targets.get(question.urn)
            if target is None:
                continue
            _, type_, label = target.address.split(".")
            values = Values(self._expressions, question.urn, f"{type_}_{label}", ())
            arguments = {k: v for k, v in question.arguments.items() if k != "region"}
            body = values.arguments(arguments, target.names)
            self._keep(values)
            if question.provider:
                body["provider"] = f"aws.{_label(question.provider.split('::')[-2])}"
            written.setdefault(type_, {})[label] = body
        return written

    def _providers(self) -> list[dict[str, Any]]:
        default: dict[str, Any] = {"region": self._graph.region} if self._graph.region else {}
        found = [default]
        for resource in self._graph.of(_AWS):
            values = Values(
                self._expressions,
                resource.urn,
                f"provider_{_label(resource.name)}",
                resource.secrets,
            )
            settings = {key: _parsed(value) for key, value in resource.properties.items()}
            settings.pop("version", None)
            body = values.arguments(settings, self._catalogue.provider)
            self._keep(values)
            found.append({"alias": _label(resource.name), **body})
        return found

    def _outputs(self) -> dict[str, Any]:
        written = {}
        for name, value in self._graph.outputs.items():
            secret = any(re.split(r"[.\[]", path)[0] == name for path in self._graph.output_secrets)
            values = Values(self._expressions, "", f"output_{name}", [name] if secret else [])
            text = value if isinstance(value, str) else json.dumps(value)
            filled = values.value(text, self._catalogue.plain, name)
            self._keep(values)
            written[name] = {"value": filled, **({"sensitive": True} if secret else {})}
        return written

    def _keep(self, values: Values) -> None:
        self._gaps += values.gaps
        self._variables |= values.variables
        self._files |= values.files

    def _moved(self) -> list[dict[str, str]]:
        """Where each resource was before: by the base, or by its nearest alias. Terraform takes one
        former address each.
        """
        now = {target.address for target in self._targets.values()}
        moved: dict[str, dict[str, str]] = {}
        for resource in self._graph.resources:
            if resource.urn not in self._targets:
                continue
            to = self._targets[resource.urn].address
            paired = self._former.get(resource.urn)
            for alias in (paired,) if paired else resource.aliases:
                before = f"{to.split('.')[0]}.{_label(name_of(alias))}"
                if before not in now and before not in moved:
                    moved[before] = {"from": before, "to": to}
                    break
        return list(moved.values())


def _unknown(type_: str) -> str:
    if type_.startswith("aws:"):
        return (
            f"this AWS provider has no {type_}: use a newer one, or name its Terraform type in "
            "slipway/stack/terraform/names.py"
        )
    if type_.startswith("pulumi-python:"):
        return "it is Python code of the program; what it would do is not planned"
    return f"{type_} is not of AWS; what it would do is not planned"


def _without_region(resource: Resource, graph: Graph) -> Mapping[str, Any]:
    """Newer packages can give each resource a region. The provider's own says the same."""
    if resource.properties.get("region") != graph.region:
        return resource.properties
    return {key: value for key, value in resource.properties.items() if key != "region"}


def _parsed(value: Any) -> Any:
    """A provider's settings are texts that hold JSON."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except json.JSONDecodeError:
        return value


def _label(name: str) -> str:
    label = re.sub(r"\W", "_", name, flags=re.ASCII)
    return f"_{label}" if label[:1].isdigit() else label


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:7]
