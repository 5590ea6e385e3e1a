import pytest

from infra.scaling import Scaling, ScalingArgs
from infra.settings import ScalingSettings
from slipway import contract
from slipway.stack.program import record
from tests.servers import NAMES, balanced, server_settings

NIGHT = {"sleep": "0 20 * * *", "wake": "0 7 * * 1-5"}


def scaling(scale_on="pending", shape="cluster", *, balancer="application", sleep="", wake=""):
    def program():
        Scaling(
            "dev-scaling",
            ScalingArgs(
                settings=ScalingSettings(scale_on, 8, sleep, wake, "Europe/Berlin"),
                servers=server_settings(),
                shape=shape,
                names=NAMES,
                group_name="slipway-dev",
                service_id="service/a/b" if shape == "container" else None,
                traffic=balanced(balancer),
            ),
        )

    return record(program)


def tracking(*args, **changes):
    (policy,) = scaling(*args, **changes).of("Policy")
    assert policy.properties["policyType"] == "TargetTrackingScaling"
    return policy.properties.get("targetTrackingConfiguration") or policy.properties.get(
        "targetTrackingScalingPolicyConfiguration"
    )


@pytest.mark.parametrize(
    ("scale_on", "metric"),
    [("pending", contract.METRIC_PENDING), ("queue", contract.METRIC_QUEUE_TIME)],
)
def test_the_group_follows_what_the_nodes_publish_per_server(scale_on, metric):
    assert tracking(scale_on) == {
        "targetValue": 8,
        "customizedMetricSpecification": {
            "namespace": contract.METRICS_NAMESPACE,
            "metricName": metric,
            "metricDimensions": [{"name": contract.METRICS_DIMENSION, "value": "dev"}],
            "statistic": "Average",
        },
    }


@pytest.mark.parametrize("shape", ["cluster", "container"])
def test_requests_are_those_of_the_http_target_group(shape):
    assert tracking("requests", shape)["predefinedMetricSpecification"] == {
        "predefinedMetricType": "ALBRequestCountPerTarget",
        "resourceLabel": "app/dev/1/targetgroup/http/1",
    }


def test_requests_are_counted_only_once_a_listener_leads_to_them():
    (policy,) = scaling("requests").of("Policy")
    assert any("Listener" in urn for urn in policy.depends_on)


def test_requests_cannot_be_counted_by_a_network_load_balancer():
    with pytest.raises(ValueError, match="application load balancer"):
        scaling("requests", balancer="network")


@pytest.mark.parametrize("shape", ["cluster", "container"])
def test_there_is_no_policy_where_none_is_wanted(shape):
    assert not scaling("none", shape).of("Policy")


def test_a_single_server_is_never_joined_by_another():
    assert not scaling("pending", "single").of("Policy")


def test_asleep_there_is_no_server_and_awake_what_settings_say():
    graph = scaling(**NIGHT)
    sleep, wake = (resource.properties for resource in graph.of("Schedule"))
    assert (sleep["minSize"], sleep["maxSize"], sleep["desiredCapacity"]) == (0, 0, 0)
    assert (wake["minSize"], wake["maxSize"], wake["desiredCapacity"]) == (2, 6, 2)
    assert (sleep["recurrence"], wake["recurrence"]) == ("0 20 * * *", "0 7 * * 1-5")
    assert sleep["timeZone"] == wake["timeZone"] == "Europe/Berlin"


def test_a_single_server_wakes_as_one():
    _, wake = scaling(shape="single", **NIGHT).of("Schedule")
    assert (wake.properties["minSize"], wake.properties["maxSize"]) == (1, 1)


def test_without_a_schedule_nothing_sleeps():
    assert not scaling().of("Schedule")
    assert not scaling(shape="container").of("ScheduledAction")


def test_under_ecs_tasks_are_scaled_and_the_group_is_left_to_the_capacity_provider():
    graph = scaling(shape="container", **NIGHT)
    assert not graph.of("Schedule")
    (target,) = graph.of("Target")
    assert target.properties["resourceId"] == "service/a/b"
    assert target.properties["scalableDimension"] == "ecs:service:DesiredCount"
    assert (target.properties["minCapacity"], target.properties["maxCapacity"]) == (2, 6)


def test_tasks_go_more_slowly_than_they_come():
    followed = tracking(shape="container")
    assert followed["scaleInCooldown"] > followed["scaleOutCooldown"]
    assert followed["customizedMetricSpecification"]["dimensions"] == [
        {"name": contract.METRICS_DIMENSION, "value": "dev"}
    ]


def test_tasks_sleep_and_wake():
    sleep, wake = scaling(shape="container", **NIGHT).of("ScheduledAction")
    assert sleep.properties["schedule"] == "cron(0 20 * * ? *)"
    assert sleep.properties["scalableTargetAction"] == {"minCapacity": 0, "maxCapacity": 0}
    assert wake.properties["schedule"] == "cron(0 7 ? * MON,TUE,WED,THU,FRI *)"
    assert wake.properties["scalableTargetAction"] == {"minCapacity": 2, "maxCapacity": 6}
    assert wake.properties["timezone"] == "Europe/Berlin"
