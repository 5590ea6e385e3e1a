"""Alarms about servers: whether there are as many as wanted, and what they lack."""

from dataclasses import replace

from infra import metrics
from infra.alarm import FIVE_MINUTES, PAGE, QUARTER, TICKET, Alarm, above, with_stat

CAPACITY = Alarm(
    key="capacity",
    severity=PAGE,
    meaning="Servers are wanted and AWS starts none: no capacity, a quota, or a launch that fails.",
    readings={
        "wanted": metrics.SERVERS_DESIRED,
        "serving": metrics.SERVERS_IN_SERVICE,
        "starting": metrics.SERVERS_PENDING,
    },
    expression="wanted - serving - starting",
    threshold=above(0),
    unit="servers",
    periods=15,
    datapoints=15,
    missing="missing",
)

NOT_STARTING = Alarm(
    key="not-starting",
    severity=PAGE,
    meaning="Servers are started but do not come into service: image, models or boot fail.",
    readings={"wanted": metrics.SERVERS_DESIRED, "serving": metrics.SERVERS_IN_SERVICE},
    expression="wanted - serving",
    threshold=above(0),
    unit="servers",
    period=FIVE_MINUTES,
    periods=12,
    datapoints=12,
    missing="missing",
)

TASKS_NOT_STARTING = replace(
    NOT_STARTING,
    meaning="Tasks are wanted and do not run: no server has room, or image or boot fail.",
    readings={
        "servers": metrics.SERVERS_DESIRED,
        "wanted": metrics.TASKS_DESIRED,
        "running": metrics.TASKS_RUNNING,
    },
    # Of a service none of whose tasks runs there are no metrics.
    expression="IF(servers > 0, FILL(wanted, 1) - FILL(running, 0), 0)",
    unit="tasks",
)

AT_MAXIMUM = Alarm(
    key="at-maximum",
    severity=TICKET,
    meaning="The group has been at its maximum size for an hour and cannot grow.",
    readings={
        "wanted": metrics.SERVERS_DESIRED,
        "most": metrics.SERVERS_MAX,
        "least": metrics.SERVERS_MIN,
    },
    # A group of a fixed size is always there.
    expression="IF((wanted >= most) AND (most > least), 1, 0)",
    threshold=above(0),
    unit="1 is yes",
    period=FIVE_MINUTES,
    periods=12,
    datapoints=12,
    missing="missing",
)


def tasks_at_maximum(most: int) -> Alarm:
    """Of a service that may have so many tasks: its servers may be more, for deployments."""
    return replace(
        AT_MAXIMUM,
        meaning="The service has wanted its largest number of tasks for an hour and cannot grow.",
        readings={"wanted": with_stat(metrics.TASKS_DESIRED, "Minimum")},
        expression="",
        threshold=above(most - 1),
        unit="tasks",
    )


FAILED_RELEASE = Alarm(
    key="failed-release",
    severity=PAGE,
    meaning="A server could not load a released version and serves the one before it, or none.",
    readings={"failed": metrics.FAILED_RELEASES},
    threshold=above(0),
    unit="models",
    # A new image that cannot load what is released becomes ready nowhere: its rollout would stall,
    # and nothing that a load balancer counts would fail.
    rolls_back=True,
)

RESTARTS = Alarm(
    key="restarts",
    severity=TICKET,
    meaning="Triton has been restarted again and again within a quarter of an hour.",
    readings={"restarts": metrics.RESTARTS},
    threshold=above(2),
    unit="restarts",
    period=QUARTER,
    periods=1,
    datapoints=1,
)

SILENT = Alarm(
    key="silent",
    severity=PAGE,
    meaning="There are servers and none of them reports: scaling and other alarms are blind.",
    readings={
        # The least within a period: a server just started has not reported yet.
        "serving": with_stat(metrics.SERVERS_IN_SERVICE, "Minimum"),
        "reports": with_stat(metrics.SERVED_MODELS, "SampleCount"),
    },
    expression="IF((serving > 0) AND (FILL(reports, 0) < 1), 1, 0)",
    threshold=above(0),
    unit="1 is yes",
    period=FIVE_MINUTES,
    periods=3,
    datapoints=3,
    missing="missing",
    wakes=True,
)

DISK = Alarm(
    key="disk",
    severity=TICKET,
    meaning="A server's disk is nearly full; soon it can fetch no further model version.",
    readings={"used": metrics.DISK_USED},
    threshold=above(85),
    unit="percent",
    period=FIVE_MINUTES,
    periods=3,
    datapoints=3,
)

MEMORY = Alarm(
    key="memory",
    severity=TICKET,
    meaning="A server's main memory is nearly full; soon the kernel ends processes.",
    readings={"used": metrics.MEMORY_USED},
    threshold=above(92),
    unit="percent",
    period=FIVE_MINUTES,
    periods=3,
    datapoints=3,
)

GPU_MEMORY = Alarm(
    key="gpu-memory",
    severity=TICKET,
    meaning="The memory of a GPU is nearly full; soon models cannot be loaded, or inferences fail.",
    readings={"used": metrics.GPU_MEMORY_USED, "total": metrics.GPU_MEMORY_TOTAL},
    # Both are the group's largest: exact where all its GPUs are of one size.
    expression="100 * used / total",
    threshold=lambda settings: settings.gpu_memory_percent,
    unit="percent",
    period=FIVE_MINUTES,
    periods=3,
    datapoints=3,
)
