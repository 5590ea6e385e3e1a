import json

import botocore.session
import botocore.validate
import pytest

from infra.group import instances
from infra.rollout import Rollout, RolloutArgs
from slipway.stack.program import record
from tests.servers import PLACE, server_settings


@pytest.fixture(scope="module")
def operation():
    service = botocore.session.Session().get_service_model("autoscaling")
    return service.operation_model("StartInstanceRefresh").input_shape


def rollout(shape="cluster", alarms=("errors",), **changes):
    settings = server_settings(**changes)

    def program():
        Rollout(
            "servers",
            RolloutArgs(
                shape=shape,
                settings=settings,
                place=PLACE,
                group_name="slipway-dev",
                instances=instances(settings, "lt-1", "7"),
                rollback_alarms=alarms,
            ),
        )

    (declared,) = record(program).of("Rollout")
    return declared.properties


def preferences(*args, **changes):
    return json.loads(rollout(*args, **changes)["preferences"])


def test_servers_are_to_become_what_the_group_is_made_with():
    assert json.loads(rollout()["desired"]) == {
        "MixedInstancesPolicy": {
            "LaunchTemplate": {
                "LaunchTemplateSpecification": {"LaunchTemplateId": "lt-1", "Version": "7"},
                "Overrides": [
                    {"InstanceType": "g6.xlarge"},
                    {"InstanceType": "g5.xlarge"},
                    {"InstanceType": "g4dn.xlarge"},
                ],
            },
            "InstancesDistribution": {
                "OnDemandAllocationStrategy": "prioritized",
                "OnDemandBaseCapacity": 1,
                "OnDemandPercentageAboveBaseCapacity": 25,
                "SpotAllocationStrategy": "price-capacity-optimized",
            },
        }
    }


def test_a_replacement_goes_step_by_step_and_back_when_an_alarm_goes_off():
    assert preferences() == {
        "MinHealthyPercentage": 100,
        "MaxHealthyPercentage": 110,
        "InstanceWarmup": 120,
        "SkipMatching": True,
        "AutoRollback": True,
        "ScaleInProtectedInstances": "Ignore",
        "StandbyInstances": "Ignore",
        "CheckpointPercentages": [10, 50, 100],
        "CheckpointDelay": 600,
        "BakeTime": 600,
        "AlarmSpecification": {"Alarms": ["errors"]},
    }
    assert "AlarmSpecification" not in preferences(alarms=())


def test_under_ecs_protection_is_for_tasks_which_ecs_moves():
    assert preferences("container")["ScaleInProtectedInstances"] == "Refresh"


def test_aws_knows_everything_that_it_is_told(operation):
    properties = rollout()
    told = {
        "AutoScalingGroupName": properties["group"],
        "DesiredConfiguration": json.loads(properties["desired"]),
        "Preferences": json.loads(properties["preferences"]),
    }
    report = botocore.validate.ParamValidator().validate(told, operation)
    assert not report.has_errors(), report.generate_report()


def test_what_runs_the_rollout_is_no_part_of_what_is_recorded():
    assert set(rollout()) == {"region", "group", "desired", "preferences"}
