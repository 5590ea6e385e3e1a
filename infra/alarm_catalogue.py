"""Every alarm that an environment can have: what it watches, when it speaks, what that means.

What to do is in docs/operations.md, under a heading with the alarm's key. An absent metric never
counts as bad in itself: at night there may be no servers. Where silence is the trouble (`silent`,
`no-server`) the expression fills the gap and asks the auto scaling group whether there should be
servers.
"""

from dataclasses import replace

from infra import metrics
from infra.alarm import (
    FIVE_MINUTES,
    PAGE,
    QUARTER,
    TICKET,
    Alarm,
    above,
    larger,
    percent,
    with_stat,
)
from infra.metrics import Published

_FAILED = "(FILL(servers, 0) + FILL(balancer, 0))"
ERRORS = Alarm(
    key="errors",
    severity=PAGE,
    meaning="More of the requests than allowed are answered with a server error (5xx).",
    readings={
        "servers": metrics.SERVER_ERRORS,
        "balancer": metrics.BALANCER_ERRORS,
        "requests": metrics.REQUESTS,
    },
    # Requests that found no server are no requests to CloudWatch, only errors.
    expression=percent(_FAILED, larger("FILL(requests, 0)", _FAILED)),
    threshold=lambda settings: settings.error_percent,
    unit="percent",
    datapoints=3,
    rolls_back=True,
)

LATENCY = Alarm(
    key="latency",
    severity=PAGE,
    meaning="The slowest percent of requests takes longer than allowed, as the balancer sees it.",
    readings={"requests": metrics.REQUESTS, "p99": metrics.RESPONSE_TIME},
    # Of fewer requests the slowest percent is a single one.
    expression="IF(FILL(requests, 0) >= 50, 1000 * p99, 0)",
    threshold=lambda settings: settings.p99_milliseconds,
    unit="milliseconds",
    datapoints=3,
    rolls_back=True,
)

INFERENCE_ERRORS = Alarm(
    key="inference-errors",
    severity=PAGE,
    # A failed gRPC call is an HTTP 200 to the load balancer.
    meaning="Triton fails more of the inferences than allowed, over HTTP or gRPC.",
    readings={"failed": metrics.TRITON_FAILURES, "served": metrics.TRITON_REQUESTS},
    expression=percent("FILL(failed, 0)", "(FILL(served, 0) + FILL(failed, 0))"),
    threshold=lambda settings: settings.error_percent,
    unit="percent",
    datapoints=3,
    rolls_back=True,
)

RESETS = Alarm(
    key="resets",
    severity=TICKET,
    meaning="Servers break off connections instead of closing them.",
    readings={"resets": metrics.SERVER_RESETS, "flows": metrics.NEW_FLOWS},
    expression=percent("FILL(resets, 0)", larger("FILL(flows, 0)", "FILL(resets, 0)")),
    threshold=above(10),
    unit="percent of new connections",
)


def _unhealthy(unhealthy: Published) -> Alarm:
    return Alarm(
        key="unhealthy",
        severity=TICKET,
        meaning="A server has failed its health checks for longer than its replacement takes.",
        readings={"unhealthy": unhealthy},
        threshold=above(0),
        unit="servers",
        periods=15,
        datapoints=15,
    )


def _no_server(healthy: Published) -> Alarm:
    return Alarm(
        key="no-server",
        severity=PAGE,
        meaning="Servers are wanted and none is healthy: every request fails.",
        # Each node of a balancer counts for itself: nobody sees a healthy server.
        readings={"wanted": metrics.SERVERS_DESIRED, "healthy": with_stat(healthy, "Maximum")},
        expression="IF((wanted > 0) AND (FILL(healthy, 0) < 1), 1, 0)",
        threshold=above(0),
        unit="1 is yes",
        periods=3,
        datapoints=3,
        missing="missing",
        wakes=True,
    )


UNHEALTHY, UNHEALTHY_FLOW = _unhealthy(metrics.UNHEALTHY), _unhealthy(metrics.FLOW_UNHEALTHY)
NO_SERVER, NO_SERVER_FLOW = _no_server(metrics.HEALTHY), _no_server(metrics.FLOW_HEALTHY)

QUEUE_TIME = Alarm(
    key="queue-time",
    severity=PAGE,
    meaning="Requests wait longer in the servers' queues than allowed.",
    readings={"queued": metrics.QUEUE_TIME},
    threshold=lambda settings: settings.queue_milliseconds,
    unit="milliseconds",
)

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

FAILED_RELEASE = Alarm(
    key="failed-release",
    severity=PAGE,
    meaning="A server could not load a released version and serves the one before it, or none.",
    readings={"failed": metrics.FAILED_RELEASES},
    threshold=above(0),
    unit="models",
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

_ALWAYS = (
    INFERENCE_ERRORS, QUEUE_TIME, CAPACITY, NOT_STARTING, FAILED_RELEASE, RESTARTS, SILENT, DISK,
    MEMORY,
)  # fmt: skip
_BEHIND = {
    "application": (ERRORS, LATENCY, NO_SERVER, UNHEALTHY),
    "network": (RESETS, NO_SERVER_FLOW, UNHEALTHY_FLOW),
    # Nothing before the server sees it fail: a release that does not load is all there is.
    "none": (),
}
KEYS = tuple(
    dict.fromkeys(
        alarm.key
        for alarm in (
            *_BEHIND["application"],
            *_BEHIND["network"],
            *_ALWAYS,
            AT_MAXIMUM,
            GPU_MEMORY,
        )
    )
)
"""Of all alarms that there can be: the headings of the runbook."""


def watched(
    *, load_balancer: str, gpu: bool, max_servers: int, asleep_at_times: bool
) -> tuple[Alarm, ...]:
    """The alarms of an environment; `load_balancer` is `application`, `network` or `none`."""
    alarms = (
        *_BEHIND[load_balancer],
        *(_ALWAYS if load_balancer != "none" else map(_rolling_back, _ALWAYS)),
        *((AT_MAXIMUM,) if max_servers > 1 else ()),
        *((GPU_MEMORY,) if gpu else ()),
    )
    return tuple(a.patient() if a.wakes and asleep_at_times else a for a in alarms)


def _rolling_back(alarm: Alarm) -> Alarm:
    """Without a load balancer nothing else sees a server fail: a failed release rolls back too."""
    return replace(alarm, rolls_back=True) if alarm is FAILED_RELEASE else alarm
