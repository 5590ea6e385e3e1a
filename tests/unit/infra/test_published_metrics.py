import pulumi_aws as aws
import pytest

from infra import metrics
from slipway import contract


def test_a_metric_of_one_thing_has_its_dimensions_in_order():
    metric = metrics.HEALTHY.of("targetgroup/x/1", "app/y/2")
    assert metric.namespace == "AWS/ApplicationELB"
    assert metric.dimensions == {"TargetGroup": "targetgroup/x/1", "LoadBalancer": "app/y/2"}


def test_a_value_too_few_is_refused():
    with pytest.raises(ValueError, match="shorter"):
        metrics.HEALTHY.of("targetgroup/x/1")


def test_nodes_publish_by_environment():
    assert metrics.PENDING.of("dev") == metrics.Metric(
        contract.METRICS_NAMESPACE,
        contract.METRIC_PENDING,
        {contract.METRICS_DIMENSION: "dev"},
        "Average",
        "count",
    )


def test_triton_is_seen_as_a_whole_and_by_model():
    by_model = metrics.by_model(metrics.TRITON_REQUESTS).of("dev", "image_classifier")
    assert by_model.dimensions == {"Environment": "dev", "model": "image_classifier"}
    assert metrics.TRITON_REQUESTS.of("dev").dimensions == {"Environment": "dev"}


def test_cpu_servers_publish_nothing_of_a_gpu():
    only_gpu = metrics.catalogue(gpu=True) - metrics.catalogue(gpu=False)
    assert {name for _, name, _ in only_gpu} == {
        metric.name for metric in (*metrics.GPU, *metrics.TRITON_GPU)
    }


def test_group_metrics_are_known_to_auto_scaling():
    assert {metric.name for metric in metrics.GROUP} <= {
        known.value for known in aws.autoscaling.Metric
    }
