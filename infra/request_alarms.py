"""Alarms about requests: what clients get, and what keeps them waiting."""

from infra import metrics
from infra.alarm import PAGE, TICKET, Alarm, above, larger, percent, with_stat
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


NO_ANSWER = Alarm(
    key="no-server",
    severity=PAGE,
    # Without a load balancer only the server itself knows; one that says nothing is `silent`.
    meaning="A server is in service and none of its models answers: every request fails.",
    readings={
        "serving": metrics.SERVERS_IN_SERVICE,
        "answering": with_stat(metrics.SERVED_MODELS, "Maximum"),
    },
    expression="IF((serving > 0) AND (FILL(answering, 1) < 1), 1, 0)",
    threshold=above(0),
    unit="1 is yes",
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

RATE_LIMITED = Alarm(
    key="rate-limited",
    severity=PAGE,
    meaning="The firewall turns away an address that sends more than allowed: attack, or client.",
    readings={"blocked": metrics.RATE_BLOCKED},
    threshold=above(0),
    unit="requests",
    datapoints=3,
)
