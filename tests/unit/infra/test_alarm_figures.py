"""What every alarm watches, how long, and from where on: written down once more.

An alarm with the wrong statistic or period stays silent for ever, and nothing else would notice.
"""

import pytest

from slipway.stack.load import load
from tests.stacks import ROOT, evaluated

ALWAYS = {
    "inference-errors": "above 1 in 3 of 5 x 60 s; notBreaching; failed Sum, served Sum",
    "queue-time": "above 200 in 5 of 5 x 60 s; notBreaching; queued Average",
    "capacity": "above 0 in 15 of 15 x 60 s; missing; "
    "wanted Average, serving Average, starting Average",
    "failed-release": "above 0 in 5 of 5 x 60 s; notBreaching; failed Maximum",
    "restarts": "above 2 in 1 of 1 x 900 s; notBreaching; restarts Sum",
    "silent": "above 0 in 3 of 3 x 300 s; missing; serving Minimum, reports SampleCount",
    "disk": "above 85 in 3 of 3 x 300 s; notBreaching; used Maximum",
    "memory": "above 92 in 3 of 3 x 300 s; notBreaching; used Maximum",
    "gpu-memory": "above 92 in 3 of 3 x 300 s; notBreaching; used Maximum, total Maximum",
    "not-starting": "above 0 in 12 of 12 x 300 s; missing; wanted Average, serving Average",
}
BALANCED = {
    "no-server-http": "above 0 in 3 of 3 x 60 s; missing; wanted Average, healthy Maximum",
    "no-server-grpc": "above 0 in 3 of 3 x 60 s; missing; wanted Average, healthy Maximum",
    "unhealthy-http": "above 0 in 15 of 15 x 60 s; notBreaching; unhealthy Maximum",
    "unhealthy-grpc": "above 0 in 15 of 15 x 60 s; notBreaching; unhealthy Maximum",
}
APPLICATION = {
    **BALANCED,
    "rate-limited": "above 0 in 3 of 5 x 60 s; notBreaching; blocked Sum",
    "errors": "above 1 in 3 of 5 x 60 s; notBreaching; servers Sum, balancer Sum, requests Sum",
    "latency": "above 1000 in 3 of 5 x 60 s; notBreaching; requests Sum, p99 p99",
}
CLUSTER = {
    "at-maximum": "above 0 in 12 of 12 x 300 s; missing; "
    "wanted Average, most Average, least Average",
}
CONTAINER = {
    "at-maximum": "above 11 in 12 of 12 x 300 s; missing; wanted Minimum",
    "not-starting": "above 0 in 12 of 12 x 300 s; missing; "
    "servers Average, wanted Average, running Average",
}
SINGLE = {
    "no-server": "above 0 in 5 of 5 x 60 s; missing; serving Average, answering Maximum",
}


def figures(graph):
    """By the end of the alarm's name, after its environment."""
    return {
        alarm.properties["name"].split("-", 2)[2]: _told(alarm.properties)
        for alarm in graph.of("MetricAlarm")
    }


def _told(alarm):
    read = {q["id"]: q["metric"] for q in alarm["metricQueries"] if "metric" in q}
    (period,) = {metric["period"] for metric in read.values()}
    within = f"{alarm['datapointsToAlarm']} of {alarm['evaluationPeriods']} x {period} s"
    stats = ", ".join(f"{name} {metric['stat']}" for name, metric in read.items())
    return f"above {alarm['threshold']:g} in {within}; {alarm['treatMissingData']}; {stats}"


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ("cluster", ALWAYS | APPLICATION | CLUSTER),
        ("container", ALWAYS | APPLICATION | CONTAINER),
        ("single", ALWAYS | SINGLE),
    ],
)
def test_the_alarms_of_prod_are_these(shape, expected):
    assert figures(evaluated("prod", shape)) == expected


def test_those_of_a_network_load_balancer_are_these():
    balanced = {name: told for name, told in BALANCED.items() if name.endswith("-grpc")}
    expected = ALWAYS | CLUSTER | balanced | {
        "resets": "above 10 in 5 of 5 x 60 s; notBreaching; resets Sum, flows Sum",
        # The limits of staging.
        "inference-errors": ALWAYS["inference-errors"].replace("above 1 ", "above 2 "),
        "queue-time": ALWAYS["queue-time"].replace("200", "500"),
    }  # fmt: skip
    assert figures(load(ROOT, "staging", {"slipway:loadBalancer": "network"})) == expected


@pytest.mark.parametrize("shape", ["cluster", "container", "single"])
def test_every_alarm_speaks_when_the_value_is_above_and_tells_both_ways(shape):
    graph = evaluated("prod", shape)
    for alarm in graph.of("MetricAlarm"):
        assert alarm.properties["comparisonOperator"] == "GreaterThanThreshold"
        assert alarm.properties["alarmActions"] == alarm.properties["okActions"]
        (topic,) = alarm.properties["alarmActions"]
        assert graph.target(topic).type == "aws:sns/topic:Topic"
        assert alarm.properties.get("actionsEnabled", True)
