"""Every CloudWatch metric of an environment: who publishes it, and by which dimensions.

Boot and the auto scaling group take from here what they ship, alarms and dashboard what they show,
so neither can name a metric that does not exist.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi

from slipway import contract

HOST_NAMESPACE = "Slipway/Host"
TRITON_NAMESPACE = "Slipway/Triton"
_GROUP_NAMESPACE = "AWS/AutoScaling"
_APPLICATION, _NETWORK = "AWS/ApplicationELB", "AWS/NetworkELB"
_FIREWALL, _TASKS = "AWS/WAFV2", "ECS/ContainerInsights"

_ENVIRONMENT = (contract.METRICS_DIMENSION,)
_GROUP = ("AutoScalingGroupName",)
_BALANCER = ("LoadBalancer",)
_TARGETS = ("TargetGroup", "LoadBalancer")
_RULE = ("WebACL", "Rule", "Region")
_SERVICE = ("ClusterName", "ServiceName")


@dataclass(frozen=True)
class Metric:
    """One metric of one thing: `dimensions` with their values, `stat` as it is best read."""

    namespace: str
    name: str
    dimensions: Mapping[str, pulumi.Input[str]]
    stat: str
    unit: str


@dataclass(frozen=True)
class Published:
    """What something publishes for every value of its dimensions; `unit` as people say it."""

    namespace: str
    name: str
    dimensions: tuple[str, ...]
    stat: str
    unit: str = "count"

    def of(self, *values: pulumi.Input[str]) -> Metric:
        """The metric of one thing; values in the order of `dimensions`."""
        dimensions = dict(zip(self.dimensions, values, strict=True))
        return Metric(self.namespace, self.name, dimensions, self.stat, self.unit)


def _node(name: str, stat: str, unit: str = "count") -> Published:
    return Published(contract.METRICS_NAMESPACE, name, _ENVIRONMENT, stat, unit)


# Of a node, by environment. An average is one per server.
PENDING = _node(contract.METRIC_PENDING, "Average")
QUEUE_TIME = _node(contract.METRIC_QUEUE_TIME, "Average", "ms")
FAILED_RELEASES = _node(contract.METRIC_FAILED_RELEASES, "Maximum")
SERVED_MODELS = _node(contract.METRIC_SERVED_MODELS, "Minimum")
RESTARTS = _node(contract.METRIC_RESTARTS, "Sum")
NODE = (PENDING, QUEUE_TIME, FAILED_RELEASES, SERVED_MODELS, RESTARTS)


@dataclass(frozen=True)
class Measured(Published):
    """A metric of the CloudWatch agent: `measurement` of its `plugin`, which it names anew."""

    plugin: str = ""
    measurement: str = ""


def _host(plugin: str, measurement: str, name: str, stat: str, unit: str) -> Measured:
    return Measured(HOST_NAMESPACE, name, _GROUP, stat, unit, plugin, measurement)


# Of a server, by auto scaling group; the GPU's only where there is one.
CPU_USED = _host("cpu", "usage_active", "cpu_usage_active", "Average", "%")
MEMORY_USED = _host("mem", "used_percent", "mem_used_percent", "Maximum", "%")
DISK_USED = _host("disk", "used_percent", "disk_used_percent", "Maximum", "%")
GPU_USED = _host("nvidia_gpu", "utilization_gpu", "nvidia_smi_utilization_gpu", "Average", "%")
GPU_MEMORY_USED = _host("nvidia_gpu", "memory_used", "nvidia_smi_memory_used", "Maximum", "MiB")
GPU_MEMORY_TOTAL = _host("nvidia_gpu", "memory_total", "nvidia_smi_memory_total", "Maximum", "MiB")
GPU_TEMPERATURE = _host(
    "nvidia_gpu", "temperature_gpu", "nvidia_smi_temperature_gpu", "Maximum", "°C"
)
HOST = (CPU_USED, MEMORY_USED, DISK_USED)
GPU = (GPU_USED, GPU_MEMORY_USED, GPU_MEMORY_TOTAL, GPU_TEMPERATURE)


def _triton(name: str, stat: str, unit: str = "count") -> Published:
    return Published(TRITON_NAMESPACE, name, _ENVIRONMENT, stat, unit)


def by_model(metric: Published) -> Published:
    """The same metric of one model: `.of(environment, model)`."""
    return Published(
        metric.namespace, metric.name, (*_ENVIRONMENT, "model"), metric.stat, metric.unit
    )


# Of Triton, by environment. The agent turns Triton's counters into increments: sum them.
TRITON_REQUESTS = _triton("nv_inference_request_success", "Sum")
TRITON_FAILURES = _triton("nv_inference_request_failure", "Sum")
TRITON_REQUEST_TIME = _triton("nv_inference_request_duration_us", "Sum", "µs")
TRITON_QUEUE_TIME = _triton("nv_inference_queue_duration_us", "Sum", "µs")
TRITON_PENDING = _triton("nv_inference_pending_request_count", "Average")
TRITON_GPU_USED = _triton("nv_gpu_utilization", "Average", "0 to 1")
TRITON_GPU_MEMORY_USED = _triton("nv_gpu_memory_used_bytes", "Maximum", "bytes")
TRITON = (
    TRITON_REQUESTS, TRITON_FAILURES, TRITON_REQUEST_TIME, TRITON_QUEUE_TIME, TRITON_PENDING,
)  # fmt: skip
TRITON_GPU = (TRITON_GPU_USED, TRITON_GPU_MEMORY_USED)


def _group(name: str, stat: str = "Average") -> Published:
    return Published(_GROUP_NAMESPACE, name, _GROUP, stat)


# Of the auto scaling group, which publishes them only where they are enabled.
SERVERS_MIN = _group("GroupMinSize")
SERVERS_MAX = _group("GroupMaxSize")
SERVERS_DESIRED = _group("GroupDesiredCapacity")
SERVERS_IN_SERVICE = _group("GroupInServiceInstances")
SERVERS_PENDING = _group("GroupPendingInstances")
SERVERS_TERMINATING = _group("GroupTerminatingInstances")
SERVERS_TOTAL = _group("GroupTotalInstances")
SERVERS_WARMED = _group("WarmPoolWarmedCapacity")
GROUP = (
    SERVERS_MIN, SERVERS_MAX, SERVERS_DESIRED, SERVERS_IN_SERVICE, SERVERS_PENDING,
    SERVERS_TERMINATING, SERVERS_TOTAL, SERVERS_WARMED,
)  # fmt: skip

# Of an application load balancer: `.of(traffic.suffix)`.
REQUESTS = Published(_APPLICATION, "RequestCount", _BALANCER, "Sum")
RESPONSE_TIME = Published(_APPLICATION, "TargetResponseTime", _BALANCER, "p99", "s")
SERVER_ERRORS = Published(_APPLICATION, "HTTPCode_Target_5XX_Count", _BALANCER, "Sum")
BALANCER_ERRORS = Published(_APPLICATION, "HTTPCode_ELB_5XX_Count", _BALANCER, "Sum")
CLIENT_ERRORS = Published(_APPLICATION, "HTTPCode_Target_4XX_Count", _BALANCER, "Sum")
CONNECTIONS = Published(_APPLICATION, "ActiveConnectionCount", _BALANCER, "Sum")
REJECTED_CONNECTIONS = Published(_APPLICATION, "RejectedConnectionCount", _BALANCER, "Sum")
# Of its servers: `.of(target_group.suffix, traffic.suffix)`.
HEALTHY = Published(_APPLICATION, "HealthyHostCount", _TARGETS, "Minimum")
UNHEALTHY = Published(_APPLICATION, "UnHealthyHostCount", _TARGETS, "Maximum")
TARGET_REQUESTS = Published(_APPLICATION, "RequestCount", _TARGETS, "Sum")
TARGET_RESPONSE_TIME = Published(_APPLICATION, "TargetResponseTime", _TARGETS, "p99", "s")
TARGET_ERRORS = Published(_APPLICATION, "HTTPCode_Target_5XX_Count", _TARGETS, "Sum")
APPLICATION = (
    REQUESTS, RESPONSE_TIME, SERVER_ERRORS, BALANCER_ERRORS, CLIENT_ERRORS, CONNECTIONS,
    REJECTED_CONNECTIONS, HEALTHY, UNHEALTHY, TARGET_REQUESTS, TARGET_RESPONSE_TIME, TARGET_ERRORS,
)  # fmt: skip

# Of a network load balancer, which knows connections and not requests.
FLOWS = Published(_NETWORK, "ActiveFlowCount", _BALANCER, "Average")
NEW_FLOWS = Published(_NETWORK, "NewFlowCount", _BALANCER, "Sum")
FLOW_BYTES = Published(_NETWORK, "ProcessedBytes", _BALANCER, "Sum", "bytes")
SERVER_RESETS = Published(_NETWORK, "TCP_Target_Reset_Count", _BALANCER, "Sum")
FLOW_HEALTHY = Published(_NETWORK, "HealthyHostCount", _TARGETS, "Minimum")
FLOW_UNHEALTHY = Published(_NETWORK, "UnHealthyHostCount", _TARGETS, "Maximum")
NETWORK = (FLOWS, NEW_FLOWS, FLOW_BYTES, SERVER_RESETS, FLOW_HEALTHY, FLOW_UNHEALTHY)

# Of a firewall's rule, both by their metric names; nothing while it is zero.
RATE_BLOCKED = Published(_FIREWALL, "BlockedRequests", _RULE, "Sum")
FIREWALL = (RATE_BLOCKED,)

# Of a service of ECS, and only while one of its tasks runs.
TASKS_DESIRED = Published(_TASKS, "DesiredTaskCount", _SERVICE, "Average")
TASKS_RUNNING = Published(_TASKS, "RunningTaskCount", _SERVICE, "Average")
TASKS = (TASKS_DESIRED, TASKS_RUNNING)


def catalogue(*, gpu: bool) -> frozenset[tuple[str, str, frozenset[str]]]:
    """All that is published of GPU or CPU servers: namespace, name and names of dimensions."""
    published = (
        *NODE, *HOST, *TRITON, *(by_model(metric) for metric in TRITON), *GROUP, *APPLICATION,
        *NETWORK, *FIREWALL, *TASKS, *((*GPU, *TRITON_GPU) if gpu else ()),
    )  # fmt: skip
    return frozenset((p.namespace, p.name, frozenset(p.dimensions)) for p in published)
