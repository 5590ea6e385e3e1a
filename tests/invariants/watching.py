"""What is watched and shown exists, and a GPU is both where there is one."""

import json
import re

from tests.invariants.published import ANY, GPU_PREFIXES, exists
from tests.invariants.reading import has_gpu, invariant


@invariant
def alarms_watch_metrics_that_exist(graph):
    names = set()
    for alarm in graph.of("MetricAlarm"):
        queries = alarm.properties.get("metricQueries") or [{"metric": alarm.properties}]
        watched = [query["metric"] for query in queries if query.get("metric")]
        assert watched, alarm.name
        for metric in watched:
            asked = metric["namespace"], metric["metricName"], metric.get("dimensions", {})
            assert exists(graph, *asked), (alarm.name, asked)
            names.add(metric["metricName"])
        assert alarm.properties["alarmActions"], alarm.name
        assert alarm.properties["treatMissingData"], alarm.name
    assert any(name.startswith(GPU_PREFIXES) for name in names) is has_gpu(graph)


@invariant
def the_dashboard_shows_metrics_that_exist(graph):
    found = list(shown(graph))
    for asked in found:
        assert exists(graph, *asked), asked
    assert any(name.startswith(GPU_PREFIXES) for _, name, _ in found) is has_gpu(graph)


def shown(graph):
    """Namespace, name and dimensions of each metric in the dashboard, searched ones included."""
    (dashboard,) = graph.of("aws:cloudwatch/dashboard:Dashboard")
    for widget in json.loads(dashboard.properties["dashboardBody"])["widgets"]:
        for metric in widget["properties"].get("metrics", []):
            *parts, options = metric
            if parts:
                namespace, name, *pairs = parts
                yield namespace, name, dict(zip(pairs[::2], pairs[1::2], strict=True))
            elif "SEARCH(" in options["expression"]:
                yield searched(options["expression"])


def searched(expression):
    schema, name, first, value = re.fullmatch(
        r"""SEARCH\('\{(.+)\} MetricName="(\w+)" (\w+)="(.+)"', '\w+', \d+\)""", expression
    ).groups()
    namespace, *dimensions = schema.split(",")
    return namespace, name, {**dict.fromkeys(dimensions, ANY), first: value}
