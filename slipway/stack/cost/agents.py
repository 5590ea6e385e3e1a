"""The metrics that a server's CloudWatch agent publishes, read from its user data."""

import base64
import binascii
import gzip
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from slipway import contract
from slipway.stack.cost.lines import Basis, Line, Part, Unpriced, line, supposed, unpriced
from slipway.stack.cost.ranges import Range
from slipway.stack.cost.servers import running
from slipway.stack.graph import Resource

_FILE = "/agent.json"
_HEADER = "#cloud-config"
_GPU = "nvidia_gpu"
_HOURLY = "Custom metrics are billed for the hours in which something publishes them"
_NODE = (
    contract.METRIC_PENDING, contract.METRIC_QUEUE_TIME, contract.METRIC_FAILED_RELEASES,
    contract.METRIC_SERVED_MODELS, contract.METRIC_RESTARTS,
)  # fmt: skip


@dataclass(frozen=True)
class Published:
    """Metrics of a server, of each of its GPUs, of a model, and of the environment once."""

    by_server: int
    by_gpu: int
    by_model: int
    once: int


def launch_template(resource: Resource, basis: Basis) -> Iterator[Line | Unpriced]:
    """Its servers are billed with the group that launches them, their own metrics here."""
    published = of_user_data(resource.properties.get("userData"))
    if published is None:
        yield unpriced(resource, "which metrics its servers publish cannot be read")
        return
    gpus = basis.table.gpus.get(str(resource.properties.get("instanceType")), 0)
    there, models = running(basis), basis.usage.models
    of_server = published.by_server + gpus * published.by_gpu
    shared = models * published.by_model + Range.of(published.once)
    metrics = there.servers * of_server + shared * there.up
    yield line(
        resource,
        f"custom metrics: {of_server} of each server, {published.by_model} of each model, "
        f"{published.once} of the environment",
        Part(metrics, "metrics", basis.quote("custom_metric", resource)),
        assumptions=(supposed("models that are served", models), _HOURLY),
    )


def of_user_data(user_data: Any) -> Published | None:
    """None where it is not the cloud-init document, in JSON, that brings an agent."""
    agent = _agent(user_data)
    if agent is None:
        return None
    host = agent.get("metrics", {})
    plugins: Mapping[str, Any] = host.get("metrics_collected", {})
    by_server = sum(_series(plugin) for name, plugin in plugins.items() if name != _GPU)
    by_gpu = _series(plugins[_GPU]) if _GPU in plugins else 0
    aggregated = len(host.get("aggregation_dimensions", ())) * sum(
        len(plugin.get("measurement", ())) for plugin in plugins.values()
    )
    once = by_model = 0
    for declared, dimensions in _declared(agent):
        if contract.METRICS_DIMENSION in dimensions and len(dimensions) > 1:
            by_model += declared
        else:
            once += declared
    return Published(by_server, by_gpu, by_model, once + aggregated + len(_NODE))


def _series(plugin: Mapping[str, Any]) -> int:
    """One a measurement, and one for each of the disks that are named."""
    return len(plugin.get("measurement", ())) * max(1, len(plugin.get("resources", ())))


def _declared(agent: Mapping[str, Any]) -> Iterator[tuple[int, list[str]]]:
    """How many metrics are scraped for which dimensions."""
    scraped = agent.get("logs", {}).get("metrics_collected", {}).get("prometheus", {})
    for declaration in scraped.get("emf_processor", {}).get("metric_declaration", ()):
        for dimensions in declaration["dimensions"]:
            yield len(declaration["metric_selectors"]), dimensions


def _agent(user_data: Any) -> Mapping[str, Any] | None:
    try:
        document = base64.b64decode(str(user_data), validate=True)
        if document[:2] == b"\x1f\x8b":
            document = gzip.decompress(document)
        header, _, body = document.decode().partition("\n")
        files = json.loads(body)["write_files"] if header == _HEADER else []
        (content,) = (file["content"] for file in files if file["path"].endswith(_FILE))
        found = json.loads(content)
    except (binascii.Error, OSError, ValueError, KeyError, TypeError):
        return None
    return found if isinstance(found, dict) else None
