"""A recorded stack as JSON, to hand it from the process that ran the program to another."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from slipway.stack.graph import Graph, Question, Reference, Resource


def to_json(graph: Graph) -> dict[str, Any]:
    return dataclasses.asdict(graph)


def from_json(found: Mapping[str, Any]) -> Graph:
    """The graph that `to_json` was given."""
    return Graph(
        project=found["project"],
        stack=found["stack"],
        resources=tuple(_resource(resource) for resource in found["resources"]),
        outputs=found["outputs"],
        references={token: Reference(**inner) for token, inner in found["references"].items()},
        declared={type_: tuple(names) for type_, names in found["declared"].items()},
        output_secrets=tuple(found["output_secrets"]),
        region=found["region"],
        questions=tuple(Question(**question) for question in found["questions"]),
    )


def _resource(found: Mapping[str, Any]) -> Resource:
    fields: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in found.items()
    }
    dependencies = found["property_dependencies"]
    fields["property_dependencies"] = {name: tuple(urns) for name, urns in dependencies.items()}
    return Resource(**fields)
