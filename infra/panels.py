"""What the dashboard shows, row by row: each answers one question of whoever is on call."""

from collections.abc import Sequence

import pulumi

from infra import metrics
from infra.alarm import RUNBOOK
from infra.logs import LogNames
from infra.metrics import Published
from infra.settings import ObservabilitySettings
from infra.traffic import Traffic
from infra.widgets import Limit, Line, Row, found, graph, log_table, states, text

_DAY = 86400
_ERRORS = (
    "fields @timestamp, @logStream, @message"
    " | filter @message like /(?i)(error|critical|fatal|traceback)/"
    " | sort @timestamp desc | limit 50"
)


def overview(environment: str, alarm_arns: Sequence[str]) -> Row:
    """Is anything wrong?"""
    return Row(f"Slipway {environment}", (states("Alarms", alarm_arns),))


def requests(traffic: Traffic, settings: ObservabilitySettings) -> Row:
    """What do clients get of an application load balancer?"""
    slowest = metrics.RESPONSE_TIME.of(traffic.suffix)
    return Row(
        "Traffic, as the load balancer sees it",
        (
            graph(
                "Requests a minute",
                *_per_target_group(traffic, metrics.TARGET_REQUESTS),
                unit="requests",
            ),
            graph(
                "Errors a minute",
                Line("servers (5xx)", metrics.SERVER_ERRORS.of(traffic.suffix)),
                Line("load balancer (5xx)", metrics.BALANCER_ERRORS.of(traffic.suffix)),
                Line("clients (4xx)", metrics.CLIENT_ERRORS.of(traffic.suffix)),
                unit="requests",
            ),
            graph(
                "Response time",
                *(Line(stat, slowest, stat=stat) for stat in ("p50", "p90", "p99")),
                unit="seconds",
                limit=Limit(settings.p99_milliseconds / 1000, "alarm for p99"),
            ),
        ),
    )


def connections(traffic: Traffic) -> Row:
    """What do clients get of a network load balancer, which knows no requests?"""
    return Row(
        "Traffic, as the load balancer sees it",
        (
            graph(
                "Connections",
                Line("open", metrics.FLOWS.of(traffic.suffix)),
                Line("new a minute", metrics.NEW_FLOWS.of(traffic.suffix)),
                unit="connections",
            ),
            graph(
                "Connections a minute that servers broke off",
                Line("resets", metrics.SERVER_RESETS.of(traffic.suffix)),
                unit="connections",
            ),
            graph(
                "Bytes a minute",
                Line("bytes", metrics.FLOW_BYTES.of(traffic.suffix)),
                unit="bytes",
            ),
        ),
    )


def inferences(environment: str) -> Row:
    """What does Triton do with the requests that reach it?"""
    done = metrics.TRITON_REQUESTS.of(environment)
    whole = metrics.TRITON_REQUEST_TIME.of(environment)
    queued = metrics.TRITON_QUEUE_TIME.of(environment)
    return Row(
        "Inferences, as Triton sees them",
        (
            graph(
                "Inferences a minute",
                Line("served", done),
                Line("failed", metrics.TRITON_FAILURES.of(environment)),
                unit="requests",
            ),
            graph(
                "Mean latency in Triton",
                Line("count", done, id="done", hidden=True),
                Line("sum", whole, id="whole", hidden=True),
                Line("sum queued", queued, id="queued", hidden=True),
                Line("whole request", expression="whole / done / 1000"),
                Line("of it queued", expression="queued / done / 1000"),
                unit="milliseconds",
            ),
        ),
    )


def queue(environment: str, settings: ObservabilitySettings) -> Row:
    """Are there too few servers for the requests?"""
    pending = metrics.PENDING.of(environment)
    queued = metrics.QUEUE_TIME.of(environment)
    return Row(
        "Queue",
        (
            graph(
                "Requests queued in a server",
                Line("mean of servers", pending),
                Line("fullest server", pending, stat="Maximum"),
                unit="requests",
            ),
            graph(
                "Time in the queue",
                Line("mean of servers", queued),
                Line("slowest server", queued, stat="Maximum"),
                unit="milliseconds",
                limit=Limit(settings.queue_milliseconds, "alarm for the mean"),
            ),
        ),
    )


def gpus(group: pulumi.Input[str], settings: ObservabilitySettings) -> Row:
    """Are the GPUs worth their price, and do the models still fit?"""
    used = metrics.GPU_USED.of(group)
    return Row(
        "GPUs",
        (
            graph(
                "Utilisation",
                Line("mean", used),
                Line("busiest", used, stat="Maximum"),
                unit="percent",
            ),
            graph(
                "Memory",
                Line("MiB used", metrics.GPU_MEMORY_USED.of(group), id="used", hidden=True),
                Line("MiB in all", metrics.GPU_MEMORY_TOTAL.of(group), id="total", hidden=True),
                Line("fullest", expression="100 * used / total"),
                unit="percent",
                limit=Limit(settings.gpu_memory_percent),
            ),
            graph(
                "Temperature",
                Line("hottest", metrics.GPU_TEMPERATURE.of(group)),
                unit=metrics.GPU_TEMPERATURE.unit,
            ),
        ),
    )


def servers(group: pulumi.Input[str]) -> Row:
    """Does a server lack anything but GPUs?"""
    return Row(
        "Servers",
        (
            graph("Processors", Line("mean", metrics.CPU_USED.of(group)), unit="percent"),
            graph("Main memory", Line("fullest", metrics.MEMORY_USED.of(group)), unit="percent"),
            graph("Disk", Line("fullest", metrics.DISK_USED.of(group)), unit="percent"),
        ),
    )


def fleet(group: pulumi.Input[str], traffic: Traffic | None) -> Row:
    """Are there as many servers as wanted, and are they healthy?"""
    sizes = graph(
        "Auto scaling group",
        Line("wanted", metrics.SERVERS_DESIRED.of(group)),
        Line("in service", metrics.SERVERS_IN_SERVICE.of(group)),
        Line("starting", metrics.SERVERS_PENDING.of(group)),
        Line("leaving", metrics.SERVERS_TERMINATING.of(group)),
        Line("prepared, stopped", metrics.SERVERS_WARMED.of(group)),
        Line("maximum", metrics.SERVERS_MAX.of(group)),
        unit="servers",
    )
    if traffic is None:
        return Row("Fleet", (sizes,))
    application = traffic.kind == "application"
    healthy = metrics.HEALTHY if application else metrics.FLOW_HEALTHY
    unhealthy = metrics.UNHEALTHY if application else metrics.FLOW_UNHEALTHY
    checks = graph(
        "Health checks",
        *_per_target_group(traffic, healthy, "healthy: "),
        *_per_target_group(traffic, unhealthy, "unhealthy: "),
        unit="servers",
    )
    return Row("Fleet", (sizes, checks))


def models(environment: str) -> Row:
    """What is served, and which model is it that fails?"""
    requests_of = metrics.by_model(metrics.TRITON_REQUESTS)
    failures_of = metrics.by_model(metrics.TRITON_FAILURES)
    return Row(
        "Models",
        (
            graph(
                "Releases",
                Line("served, least of servers", metrics.SERVED_MODELS.of(environment)),
                Line("failed, most of servers", metrics.FAILED_RELEASES.of(environment)),
                Line("restarts of Triton", metrics.RESTARTS.of(environment)),
                unit="count",
            ),
            graph(
                "Inferences a minute, by model", found(requests_of, environment), unit="requests"
            ),
            graph("Failures a minute, by model", found(failures_of, environment), unit="requests"),
        ),
    )


def cost(
    stack: str, group: pulumi.Input[str], settings: ObservabilitySettings, console: str
) -> Row:
    """What does it cost? What AWS charges is a metric in us-east-1 only: servers are most of it."""
    budget = (
        f"The budget is **{settings.budget_usd} USD a month**; the topic hears when 80 % are spent "
        "and when the forecast is above it."
        if settings.budget_usd
        else "No budget is set (`slipway:budgetUsd`)."
    )
    return Row(
        "Cost",
        (
            graph(
                "Server hours a day",
                Line("servers", metrics.SERVERS_IN_SERVICE.of(group), id="servers", hidden=True),
                Line("hours", expression="24 * servers"),
                unit="hours",
                period=_DAY,
            ),
            text(
                f"{budget}\n\n"
                f"[Cost Explorer](https://{console}/costmanagement/home#/cost-explorer), filtered "
                f"by the tag `Stack` = `{stack}`, shows what was charged, a day late; "
                f"[Budgets](https://{console}/costmanagement/home#/budgets) the month so far.\n\n"
                f"What each alarm means and what to do: `{RUNBOOK}` in the repository."
            ),
        ),
    )


def logs(groups: LogNames) -> Row:
    """What do the servers complain about?"""
    return Row("Logs", (log_table("The last errors", (groups.server, groups.system), _ERRORS),))


def _per_target_group(traffic: Traffic, metric: Published, before: str = "") -> list[Line]:
    return [
        Line(f"{before}{group.label}", metric.of(group.suffix, traffic.suffix))
        for group in traffic.target_groups
    ]
