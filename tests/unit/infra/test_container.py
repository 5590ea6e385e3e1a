import pulumi

from infra.container import ContainerService, ContainerServiceArgs
from slipway.stack.program import record
from tests.servers import IMAGE, NAMES, PLACE, TIMINGS, balanced, server_settings


def service(*types, traffic=True, alarms=("slipway-dev-errors",), said=None, **changes):
    def program():
        made = ContainerService(
            "dev-containers",
            ContainerServiceArgs(
                settings=server_settings(*types, **changes),
                names=NAMES,
                place=PLACE,
                timings=TIMINGS,
                fleet_arn="arn:fleet",
                image_uri=pulumi.Output.from_input(IMAGE),
                store_url="s3://bucket",
                task_role_arn="arn:task",
                execution_role_arn="arn:execution",
                log_group="/slipway/dev/servers",
                key_arn="arn:key",
                traffic=balanced() if traffic else None,
                rollback_alarms=alarms,
            ),
        )
        if said is not None:
            made.scalable_id.apply(said.append)

    return record(program)


def properties(kind, *types, **changes):
    (found,) = service(*types, **changes).of(f"aws:ecs/{kind[0].lower()}{kind[1:]}:{kind}")
    return found.properties


def test_servers_come_and_go_with_tasks():
    provider = properties("CapacityProvider")["autoScalingGroupProvider"]
    assert provider["autoScalingGroupArn"] == "arn:fleet"
    assert provider["managedScaling"]["status"] == "ENABLED"
    assert provider["managedScaling"]["targetCapacity"] == 100
    assert provider["managedDraining"] == "ENABLED"
    assert provider["managedTerminationProtection"] == "ENABLED"


def test_capacity_waits_for_the_cluster_with_which_aws_makes_the_role_of_ecs():
    (provider,) = service().of("aws:ecs/capacityProvider:CapacityProvider")
    assert any("ecs/cluster:Cluster" in urn for urn in provider.depends_on)


def test_the_cluster_is_called_what_boot_calls_it_and_is_watched():
    cluster = properties("Cluster")
    assert cluster["name"] == NAMES.group
    assert cluster["settings"] == [{"name": "containerInsights", "value": "enhanced"}]


def test_nobody_steps_into_a_container():
    assert properties("Service")["enableExecuteCommand"] is False
    trace = properties("Cluster")["configuration"]["executeCommandConfiguration"]
    assert trace["kmsKeyId"] == "arn:key"
    assert trace["logConfiguration"]["cloudWatchEncryptionEnabled"] is True


def test_a_failed_deployment_is_rolled_back():
    made = properties("Service")
    assert made["deploymentCircuitBreaker"] == {"enable": True, "rollback": True}
    assert made["alarms"] == {
        "alarmNames": ["slipway-dev-errors"],
        "enable": True,
        "rollback": True,
    }
    assert "alarms" not in properties("Service", alarms=())


def test_a_deployment_keeps_as_many_tasks_as_settings_say():
    made = properties("Service", min_servers=10, max_servers=20)
    assert made["deploymentMinimumHealthyPercent"] == 100
    assert made["deploymentMaximumPercent"] == 110


def test_both_target_groups_lead_to_the_container():
    assert properties("Service")["loadBalancers"] == [
        {"targetGroupArn": "arn:grpc", "containerName": "slipway", "containerPort": 8001},
        {"targetGroupArn": "arn:http", "containerName": "slipway", "containerPort": 8000},
    ]


def test_health_counts_only_after_models_had_time_to_load():
    assert properties("Service")["healthCheckGracePeriodSeconds"] == TIMINGS.launch_hook
    assert "healthCheckGracePeriodSeconds" not in properties("Service", traffic=False)


def test_tasks_are_spread_over_zones_one_on_a_server():
    made = properties("Service")
    assert made["placementConstraints"] == [{"type": "distinctInstance"}]
    assert made["orderedPlacementStrategies"] == [
        {"type": "spread", "field": "attribute:ecs.availability-zone"}
    ]
    assert made["availabilityZoneRebalancing"] == "ENABLED"


def test_zones_are_not_rebalanced_where_a_deployment_has_no_room_for_one_more():
    made = properties(
        "Service", min_servers=10, max_servers=20, refresh_min_healthy=90, refresh_max_healthy=100
    )
    assert made["availabilityZoneRebalancing"] == "DISABLED"


def test_the_service_starts_after_capacity_and_listeners_and_scaling_is_not_undone():
    (made,) = service().of("aws:ecs/service:Service")
    assert any("ClusterCapacityProviders" in urn for urn in made.depends_on)
    assert any("Listener" in urn for urn in made.depends_on)
    assert made.ignore_changes == ("desiredCount",)


def test_scaling_is_told_which_service():
    said = []
    service(said=said)
    assert said == ["service/slipway-dev/slipway-dev"]
