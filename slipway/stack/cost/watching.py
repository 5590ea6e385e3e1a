"""What watching costs: alarms, dashboards, logs, and metrics of containers."""

from collections.abc import Iterator
from decimal import Decimal

from slipway.stack.cost.lines import Basis, Line, Part, Unpriced, line, supposed, unpriced, whole
from slipway.stack.cost.ranges import Range
from slipway.stack.graph import Resource

_STANDARD_PERIOD = 60
_TRACKING_ALARMS = 2
"""Target tracking makes an alarm to scale out by and one to scale in by."""
_COMPRESSED = Decimal("0.15")
"""What is stored of a GB that was written, in the examples of AWS's price page (from memory)."""
_DAYS_A_MONTH = Decimal(365) / 12
_KEPT_FOR_EVER = 365


def alarm(resource: Resource, basis: Basis) -> Iterator[Line]:
    """By the metrics that it looks at, with a higher price for periods under a minute."""
    queries = [q["metric"] for q in resource.properties.get("metricQueries") or () if "metric" in q]
    metrics = max(1, len(queries))
    periods = [q.get("period") for q in queries] or [resource.properties.get("period")]
    period = min(whole(p, "the period", _STANDARD_PERIOD) for p in periods)
    often = period < _STANDARD_PERIOD
    item = "alarm_metric_high_resolution" if often else "alarm_metric"
    yield line(
        resource,
        f"an alarm on {metrics} metric{'s' if metrics > 1 else ''}",
        Part(
            Range.of(metrics), "metrics" if metrics > 1 else "metric", basis.quote(item, resource)
        ),
    )


def scaling_policy(resource: Resource, basis: Basis) -> Iterator[Line]:
    """Target tracking makes alarms of its own, which are billed like others."""
    tracking = resource.properties.get("policyType") == "TargetTrackingScaling"
    alarms = _TRACKING_ALARMS if tracking else 0
    yield line(
        resource,
        f"{alarms} alarms that AWS makes for it",
        Part(Range.of(alarms), "alarms", basis.quote("alarm_metric", resource)),
    )


def capacity_provider(resource: Resource, basis: Basis) -> Iterator[Line]:
    """Whether the alarms of ECS's own scaling are billed is not known."""
    provider = resource.properties.get("autoScalingGroupProvider") or {}
    managed = (provider.get("managedScaling") or {}).get("status") == "ENABLED"
    alarms = Range.of(0, _TRACKING_ALARMS) if managed else Range.of(0)
    yield line(
        resource,
        f"{alarms} alarms that ECS makes for it",
        Part(alarms, "alarms", basis.quote("alarm_metric", resource)),
        assumptions=("ECS: the alarms of managed scaling may be billed or not",) if managed else (),
    )


def dashboard(resource: Resource, basis: Basis) -> Iterator[Line]:
    """By month; the first three of an account would be free of charge."""
    yield line(resource, "a dashboard", Part(Range.of(1), "", basis.quote("dashboard", resource)))


def log_group(resource: Resource, basis: Basis) -> Iterator[Line]:
    """What is written, and what of it is kept, in a steady state."""
    written = basis.usage.log_gb
    days = whole(resource.properties.get("retentionInDays"), "the retention", 0)
    months = Decimal(days or _KEPT_FOR_EVER) / _DAYS_A_MONTH
    kept = written * months * _COMPRESSED
    ever = "Logs that are kept for ever: counted as after a year"
    yield line(
        resource,
        f"{written} GB of logs, kept for {f'{days} days' if days else 'ever'}",
        Part(written, "GB", basis.quote("log_ingest", resource)),
        Part(kept, "GB kept", basis.quote("log_storage", resource)),
        assumptions=(
            supposed("GB a month written to each log group", written),
            f"Logs take {_COMPRESSED} of their size when stored",
            *(() if days else (ever,)),
        ),
    )


def flow_log(resource: Resource, _basis: Basis) -> Iterator[Line | Unpriced]:
    """Counted with the log group that it writes to."""
    if resource.properties.get("logDestinationType", "cloud-watch-logs") != "cloud-watch-logs":
        yield unpriced(resource, "there is no price of flow logs that are not in a log group")
        return
    yield line(resource, "flow logs, which are counted with their log group")


def cluster(resource: Resource, basis: Basis) -> Iterator[Line]:
    """ECS is free of charge on servers of one's own, Container Insights is not."""
    settings = resource.properties.get("settings") or ()
    insights = {s.get("value") for s in settings if s.get("name") == "containerInsights"}
    if not insights & {"enhanced", "enabled"}:
        yield line(resource, "an ECS cluster, free of charge")
        return
    item = "container_insights_metric" if "enhanced" in insights else "custom_metric"
    metrics = basis.usage.insights_metrics
    yield line(
        resource,
        f"Container Insights with {metrics} metrics",
        Part(metrics, "metrics", basis.quote(item, resource)),
        assumptions=(supposed("metrics of Container Insights of each cluster", metrics),),
    )


def service(resource: Resource, _basis: Basis) -> Iterator[Line | Unpriced]:
    """Its tasks run on servers of the stack; on Fargate they would be billed themselves."""
    used = resource.properties.get("capacityProviderStrategies") or ()
    providers = {str(u.get("capacityProvider")) for u in used}
    if resource.properties.get("launchType") == "FARGATE" or providers & {
        "FARGATE",
        "FARGATE_SPOT",
    }:
        yield unpriced(resource, "there is no price of tasks on Fargate")
        return
    yield line(resource, "tasks on servers that are counted with their group")
