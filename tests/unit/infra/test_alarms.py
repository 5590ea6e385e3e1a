"""The alarms as they are declared to AWS."""

from dataclasses import replace

import pulumi
import pulumi_aws as aws
import pytest

from infra import metrics
from infra.alarms import Alarms, AlarmsArgs
from infra.names import Names
from infra.settings import ObservabilitySettings
from infra.traffic import TargetGroup, Traffic
from slipway.stack.graph import Graph, Resource
from slipway.stack.program import record
from tests.servers import CPU_TYPES, PLACE, server_settings

SETTINGS = ObservabilitySettings(
    log_days=30,
    alarm_emails=(),
    p99_milliseconds=750,
    queue_milliseconds=120,
    error_percent=3,
    gpu_memory_percent=88,
    budget_usd=0,
)
TOPIC = "arn:aws:sns:eu-central-1:123456789012:topic"
ARGS = AlarmsArgs(
    shape="cluster",
    settings=SETTINGS,
    servers=server_settings(),
    names=Names("prod", "", ""),
    place=PLACE,
    asleep_at_times=False,
    firewall=False,
    topic_arn=TOPIC,
    traffic=None,
)


ALONE = server_settings("g6.xlarge", min_servers=1, max_servers=1, on_demand_base=0)


def traffic(kind: str) -> Traffic:
    def text(value: str) -> pulumi.Output[str]:
        return pulumi.Output.from_input(value)

    labels = ("http", "grpc") if kind == "application" else ("grpc",)
    return Traffic(
        kind=kind,
        suffix=text(f"{kind}/balancer/1"),
        dns_name=text("x"),
        zone_id=text("x"),
        security_group_id=text("x"),
        target_groups=tuple(
            TargetGroup(label, 8000, text("x"), text(f"targetgroup/{label}/2")) for label in labels
        ),
        ready=(),
    )


def declared(kind: str = "none", **changes) -> tuple[Graph, Alarms]:
    made: list[Alarms] = []

    def program() -> None:
        args = replace(ARGS, traffic=None if kind == "none" else traffic(kind), **changes)
        made.append(Alarms("prod-alarms", args))
        pulumi.export("rollback", made[0].rollback_names)

    return record(program, stack="prod"), made[0]


def by_name(graph: Graph) -> dict[str, Resource]:
    return {a.properties["name"]: a for a in graph.of("MetricAlarm")}


def readings(alarm: Resource) -> dict[str, dict]:
    queries = alarm.properties["metricQueries"]
    return {q["id"]: q["metric"] for q in queries if "metric" in q}


@pytest.fixture(scope="module", params=["application", "network", "none"])
def either(request) -> tuple[Graph, Alarms]:
    return declared(request.param)


@pytest.fixture(scope="module")
def application() -> Graph:
    return declared("application")[0]


def test_names_are_those_declared_and_begin_with_the_environment(either):
    graph, alarms = either
    assert list(alarms.names) == list(by_name(graph))
    assert all(name.startswith("slipway-prod-") and len(name) <= 255 for name in alarms.names)


def test_every_alarm_tells_the_topic_of_its_start_and_its_end(either):
    graph, _ = either
    for alarm in graph.of("MetricAlarm"):
        assert alarm.properties["alarmActions"] == [TOPIC]
        assert alarm.properties["okActions"] == [TOPIC]
        assert "actionsEnabled" not in alarm.properties


def test_every_alarm_watches_metrics_that_are_published_with_all_their_dimensions(either):
    graph, _ = either
    published = metrics.catalogue(gpu=True)
    for alarm in graph.of("MetricAlarm"):
        for metric in readings(alarm).values():
            dimensions = frozenset(metric["dimensions"])
            assert (metric["namespace"], metric["metricName"], dimensions) in published


def test_every_alarm_compares_exactly_one_value(either):
    graph, _ = either
    for alarm in graph.of("MetricAlarm"):
        queries = alarm.properties["metricQueries"]
        compared = [q for q in queries if q["returnData"]]
        assert len(compared) == 1
        assert len(queries) == 1 or "expression" in compared[0]
        assert alarm.properties["comparisonOperator"] == "GreaterThanThreshold"
        assert {q["metric"]["period"] for q in queries if "metric" in q} == {
            queries[0]["metric"]["period"]
        }


def test_missing_values_are_treated_on_purpose(either):
    graph, _ = either
    for alarm in graph.of("MetricAlarm"):
        assert alarm.properties["treatMissingData"] in {"notBreaching", "missing"}
        assert 1 <= alarm.properties["datapointsToAlarm"] <= alarm.properties["evaluationPeriods"]


def test_everything_belongs_to_the_component(either):
    graph, _ = either
    (component,) = graph.of("slipway:infra:Alarms")
    assert {a.parent for a in graph.of("MetricAlarm")} == {component.urn}


@pytest.mark.parametrize(
    ("kind", "wanted"),
    [
        ("application", ["errors", "latency", "inference-errors", "failed-release"]),
        ("network", ["inference-errors", "failed-release"]),
        ("none", ["inference-errors", "failed-release"]),
    ],
)
def test_what_a_refresh_names_exists_before_it(kind, wanted):
    graph, _ = declared(kind)
    assert graph.outputs["rollback"] == [f"slipway-prod-{key}" for key in wanted]
    assert set(graph.outputs["rollback"]) <= set(by_name(graph))


def test_a_group_that_names_the_alarms_depends_on_them():
    def program() -> None:
        alarms = Alarms("prod-alarms", ARGS)
        aws.ssm.Parameter(
            "names", type="String", value=pulumi.Output.json_dumps(alarms.rollback_names)
        )

    graph = record(program, stack="prod")
    above = graph.named("names").property_dependencies["value"]
    assert {graph.by_urn(urn).type for urn in above} == {"aws:cloudwatch/metricAlarm:MetricAlarm"}


def test_each_target_group_has_its_own_alarms(application):
    alarms = by_name(application)
    for label in ("http", "grpc"):
        unhealthy = readings(alarms[f"slipway-prod-unhealthy-{label}"])["unhealthy"]
        assert unhealthy["dimensions"] == {
            "TargetGroup": f"targetgroup/{label}/2",
            "LoadBalancer": "application/balancer/1",
        }
        assert f"slipway-prod-no-server-{label}" in alarms
    assert "slipway-prod-unhealthy" not in alarms


def test_limits_are_those_of_the_settings(application):
    alarms = by_name(application)
    limits = {
        "slipway-prod-errors": 3,
        "slipway-prod-inference-errors": 3,
        "slipway-prod-latency": 750,
        "slipway-prod-queue-time": 120,
        "slipway-prod-gpu-memory": 88,
    }
    assert {name: alarms[name].properties["threshold"] for name in limits} == limits


def test_latency_is_the_99th_percentile_of_the_load_balancer(application):
    p99 = readings(by_name(application)["slipway-prod-latency"])["p99"]
    assert (p99["metricName"], p99["stat"]) == ("TargetResponseTime", "p99")
    assert p99["dimensions"] == {"LoadBalancer": "application/balancer/1"}


def test_nodes_are_watched_by_environment_and_servers_by_their_group(application):
    alarms = by_name(application)
    queued = readings(alarms["slipway-prod-queue-time"])["queued"]
    assert queued["dimensions"] == {"Environment": "prod"}
    used = readings(alarms["slipway-prod-disk"])["used"]
    assert used["dimensions"] == {"AutoScalingGroupName": "slipway-prod"}


def test_a_cpu_server_has_no_gpu_alarm():
    graph, _ = declared("application", servers=server_settings(*CPU_TYPES))
    assert "slipway-prod-gpu-memory" not in by_name(graph)


def test_one_server_is_never_at_its_maximum():
    graph, _ = declared("none", servers=ALONE)
    assert "slipway-prod-at-maximum" not in by_name(graph)


def test_the_firewalls_rule_is_watched_by_its_metric_name_where_there_is_one(application):
    assert "slipway-prod-rate-limited" not in by_name(application)
    graph, _ = declared("application", firewall=True)
    blocked = readings(by_name(graph)["slipway-prod-rate-limited"])["blocked"]
    assert blocked["metricName"] == "BlockedRequests"
    assert blocked["dimensions"] == {
        "WebACL": "slipway-prod",
        "Rule": "rate",
        "Region": "eu-central-1",
    }


def test_tasks_are_counted_in_the_service_and_not_in_the_group():
    graph, _ = declared("application", shape="container")
    alarm = by_name(graph)["slipway-prod-at-maximum"]
    (wanted,) = readings(alarm).values()
    assert wanted["dimensions"] == {"ClusterName": "slipway-prod", "ServiceName": "slipway-prod"}
    assert alarm.properties["threshold"] == server_settings().max_servers - 1
    assert readings(by_name(graph)["slipway-prod-not-starting"]).keys() == {
        "servers",
        "wanted",
        "running",
    }


def test_what_sleeps_at_night_may_take_its_time_in_the_morning():
    graph, _ = declared("application", asleep_at_times=True)
    alarm = by_name(graph)["slipway-prod-no-server-http"]
    assert alarm.properties["evaluationPeriods"] == 20
    assert alarm.properties["datapointsToAlarm"] == 20
