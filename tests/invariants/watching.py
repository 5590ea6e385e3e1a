"""What is watched exists."""

import json

from infra import metrics
from slipway.stack.graph import texts
from tests.invariants.reading import invariant, template_of, user_data


@invariant
def alarms_watch_metrics_that_exist(graph):
    published = metrics.catalogue(gpu=True)
    for alarm in graph.of("MetricAlarm"):
        queries = alarm.properties.get("metricQueries") or [{"metric": alarm.properties}]
        watched = [query["metric"] for query in queries if query.get("metric")]
        assert watched, alarm.name
        for metric in watched:
            dimensions = frozenset(metric.get("dimensions", {}))
            assert (metric["namespace"], metric["metricName"], dimensions) in published, alarm.name
        assert alarm.properties["alarmActions"], alarm.name
        assert alarm.properties["treatMissingData"], alarm.name


@invariant
def what_is_shown_and_watched_is_shipped(graph):
    """A GPU's metrics are in alarms and dashboard only where servers have one."""
    gpu = "nvidia" in user_data(graph) or "gpu" in template_of(graph).properties["imageId"]
    gpu_metrics = {metric.name for metric in (*metrics.GPU, *metrics.TRITON_GPU)}
    watched = {text for a in graph.of("MetricAlarm") for text in texts(a.properties)}
    (dashboard,) = graph.of("aws:cloudwatch/dashboard:Dashboard")
    shown = set(texts(json.loads(dashboard.properties["dashboardBody"])))
    assert gpu or not gpu_metrics & (watched | shown)
