"""Configuration of the CloudWatch agent: which logs and metrics leave a server."""

from collections.abc import Mapping, Sequence
from typing import Any

from infra import metrics
from infra.metrics import Measured, Published
from slipway import contract

PROMETHEUS_FILE = "/etc/slipway/prometheus.yaml"
_JOB = "triton"
_INTERVAL = 60
_LOGS = {"messages": "/var/log/messages", "cloud-init": "/var/log/cloud-init-output.log"}
_ECS_LOGS = {"ecs": "/var/log/ecs/ecs-agent.log"}


def agent(
    *, group: str, log_group: str, server_log_group: str, gpu: bool, ecs: bool
) -> dict[str, Any]:
    """As `amazon-cloudwatch-agent-ctl` reads it. What the container prints comes by Docker; Triton
    writes to a file beside it.
    """
    files = {**_LOGS, **(_ECS_LOGS if ecs else {})}
    shipped = [(name, path, log_group) for name, path in files.items()]
    shipped.append(("triton", f"{contract.NODE_FOLDER}/{contract.TRITON_LOG}", server_log_group))
    return {
        "agent": {"metrics_collection_interval": _INTERVAL},
        "logs": {
            "logs_collected": {
                "files": {
                    "collect_list": [
                        {
                            "file_path": path,
                            "log_group_name": to,
                            "log_stream_name": f"{{instance_id}}/{name}",
                        }
                        for name, path, to in shipped
                    ]
                }
            },
            "metrics_collected": {
                "prometheus": {
                    "log_group_name": log_group,
                    "prometheus_config_path": PROMETHEUS_FILE,
                    "emf_processor": {
                        "metric_namespace": metrics.TRITON_NAMESPACE,
                        "metric_declaration": _declarations(gpu=gpu),
                    },
                }
            },
        },
        "metrics": {
            "namespace": metrics.HOST_NAMESPACE,
            "append_dimensions": {"InstanceId": "${aws:InstanceId}"},
            "aggregation_dimensions": [list(metrics.CPU_USED.dimensions)],
            "metrics_collected": _plugins(group, gpu=gpu),
        },
    }


def prometheus(environment: str, *, gpu: bool) -> dict[str, Any]:
    """What is scraped of Triton, as Prometheus writes it."""
    names = [metric.name for metric in _scraped(gpu=gpu)]
    return {
        "global": {"scrape_interval": f"{_INTERVAL}s", "scrape_timeout": "10s"},
        "scrape_configs": [
            {
                "job_name": _JOB,
                "static_configs": [
                    {
                        "targets": [f"127.0.0.1:{contract.METRICS_PORT}"],
                        # The agent can only use labels as dimensions.
                        "labels": {contract.METRICS_DIMENSION: environment},
                    }
                ],
                # Each sample that is kept is also a line in the log.
                "metric_relabel_configs": [
                    {"source_labels": ["__name__"], "regex": "|".join(names), "action": "keep"},
                    # A client that gives up in time is no failure of the server.
                    {
                        "source_labels": ["__name__", "reason"],
                        "regex": f"{metrics.TRITON_FAILURES.name};CANCELED",
                        "action": "drop",
                    },
                ],
            }
        ],
    }


def _plugins(group: str, *, gpu: bool) -> dict[str, Any]:
    measured: Sequence[Measured] = (*metrics.HOST, *(metrics.GPU if gpu else ()))
    # The agent could ask EC2 for the group's name, but needs a permission for it.
    dimensions = {metrics.CPU_USED.dimensions[0]: group}
    options: Mapping[str, dict[str, Any]] = {
        "cpu": {"totalcpu": True},
        "disk": {"resources": ["/", contract.NODE_FOLDER], "drop_device": True},
    }
    return {
        plugin: {
            "measurement": [m.measurement for m in measured if m.plugin == plugin],
            "append_dimensions": dimensions,
            **options.get(plugin, {}),
        }
        for plugin in dict.fromkeys(m.plugin for m in measured)
    }


def _scraped(*, gpu: bool) -> Sequence[Published]:
    return (*metrics.TRITON, *(metrics.TRITON_GPU if gpu else ()))


def _declarations(*, gpu: bool) -> list[dict[str, Any]]:
    of_models = _declaration(
        metrics.TRITON,
        [metrics.TRITON_PENDING.dimensions, metrics.by_model(metrics.TRITON_PENDING).dimensions],
    )
    of_gpus = _declaration(metrics.TRITON_GPU, [metrics.TRITON_GPU_USED.dimensions])
    return [of_models, of_gpus] if gpu else [of_models]


def _declaration(
    published: Sequence[Published], dimensions: Sequence[Sequence[str]]
) -> dict[str, Any]:
    return {
        "source_labels": ["job"],
        "label_matcher": f"^{_JOB}$",
        "dimensions": [list(names) for names in dimensions],
        "metric_selectors": [f"^{metric.name}$" for metric in published],
    }
