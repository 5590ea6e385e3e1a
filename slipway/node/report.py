"""What a node says of itself in the registry: `nodes/<environment>/<node>.json`."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from slipway import contract
from slipway.errors import IntegrityError
from slipway.files import readable_json
from slipway.registry.store import Store


@dataclass(frozen=True)
class Identity:
    """Which node this is, and where its clients find it (host:port)."""

    environment: str
    node: str
    grpc: str
    http: str
    server: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class ModelReport:
    """One model on one node: what is released, what is served, and why not where they differ.

    `engine` is the key of the engine that serves it, and `engine_note` how that stands; both are
    empty where there is no GPU, or nothing is offered.
    """

    model: str
    released: int
    serving: int | None
    loaded: tuple[int, ...]
    seconds: Mapping[str, float]
    reason: str
    engine: str = ""
    engine_note: str = ""

    def to_json(self) -> dict[str, Any]:
        """Engines are left out where there are none: older readers know nothing of them."""
        value = asdict(self)
        return {k: v for k, v in value.items() if v or k not in ("engine", "engine_note")}


@dataclass(frozen=True)
class NodeReport:
    """A node at a moment. `updated` is UTC in ISO 8601; an old one means that the node is gone."""

    environment: str
    node: str
    updated: str
    grpc: str
    http: str
    server: Mapping[str, str]
    restarts: int
    models: tuple[ModelReport, ...]

    def to_json(self) -> dict[str, Any]:
        models = [model.to_json() for model in self.models]
        return {"schema": contract.SCHEMA, **asdict(self), "models": models}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "NodeReport":
        try:
            fields = {name: value[name] for name in cls.__dataclass_fields__}
            models = tuple(
                ModelReport(**{**model, "loaded": tuple(model["loaded"])})
                for model in fields.pop("models")
            )
            return cls(**fields, models=models)
        except (KeyError, TypeError) as error:
            raise IntegrityError("This is not a node report", why=repr(error)) from error


def write_report(store: Store, report: NodeReport) -> None:
    key = contract.node_report_key(report.environment, report.node)
    store.write(key, readable_json(report.to_json()))


def read_report(store: Store, environment: str, node: str) -> NodeReport:
    key = contract.node_report_key(environment, node)
    return NodeReport.from_json(json.loads(store.read(key).data))
