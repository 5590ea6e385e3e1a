import json

import pulumi

from infra.container import ContainerService, ContainerServiceArgs
from slipway import contract
from slipway.stack.program import record
from tests.servers import CPU_TYPES, IMAGE, NAMES, PLACE, TIMINGS, balanced, server_settings


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


def container(*types, **changes):
    task = properties("TaskDefinition", *types, **changes)
    (found,) = json.loads(task["containerDefinitions"])
    return found


def test_servers_come_and_go_with_tasks():
    provider = properties("CapacityProvider")["autoScalingGroupProvider"]
    assert provider["autoScalingGroupArn"] == "arn:fleet"
    assert provider["managedScaling"]["status"] == "ENABLED"
    assert provider["managedScaling"]["targetCapacity"] == 100
    assert provider["managedDraining"] == "ENABLED"
    assert provider["managedTerminationProtection"] == "ENABLED"


def test_the_cluster_is_called_what_boot_calls_it_and_is_watched():
    cluster = properties("Cluster")
    assert cluster["name"] == NAMES.group
    assert cluster["settings"] == [{"name": "containerInsights", "value": "enhanced"}]


def test_nobody_steps_into_a_container():
    assert properties("Service")["enableExecuteCommand"] is False
    trace = properties("Cluster")["configuration"]["executeCommandConfiguration"]
    assert trace["kmsKeyId"] == "arn:key"
    assert trace["logConfiguration"]["cloudWatchEncryptionEnabled"] is True


def test_a_failed_deployment_is_rolled_back_to_a_revision_that_is_still_there():
    made = properties("Service")
    assert made["deploymentCircuitBreaker"] == {"enable": True, "rollback": True}
    assert made["alarms"] == {
        "alarmNames": ["slipway-dev-errors"],
        "enable": True,
        "rollback": True,
    }
    assert properties("TaskDefinition")["skipDestroy"] is True
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


def test_the_container_is_confined():
    made = container()
    assert made["user"] == "1000:1000"
    assert made["privileged"] is False
    assert made["readonlyRootFilesystem"] is True
    assert made["dockerSecurityOptions"] == ["no-new-privileges"]
    assert made["linuxParameters"]["capabilities"] == {"add": [], "drop": ["ALL"]}
    (folder,) = made["mountPoints"]
    assert folder["containerPath"] == "/var/lib/slipway"
    assert [each["containerPath"] for each in made["linuxParameters"]["tmpfs"]] == ["/tmp"]


def test_the_image_is_named_by_its_digest():
    assert container()["image"] == IMAGE


def test_a_gpu_task_takes_all_gpus_of_a_server_and_a_cpu_task_asks_for_none():
    assert container()["resourceRequirements"] == [{"type": "GPU", "value": "1"}]
    four = container("g6.12xlarge")
    assert four["resourceRequirements"] == [{"type": "GPU", "value": "4"}]
    assert container(*CPU_TYPES)["resourceRequirements"] == []


def test_the_task_fits_into_the_smallest_server_and_onto_it_but_once():
    reserved = container("m7i.xlarge", "m7i.2xlarge")["memoryReservation"]
    assert 0.5 * 16384 < reserved < 0.9 * 16384


def test_in_host_mode_ports_are_those_of_the_server():
    ports = container()["portMappings"]
    assert {(each["containerPort"], each["hostPort"]) for each in ports} == {
        (8000, 8000),
        (8001, 8001),
        (8002, 8002),
        (8003, 8003),
        (8004, 8004),
    }


def test_in_bridge_mode_docker_picks_the_ports_of_requests():
    made = container(network_mode="bridge", hop_limit=2)
    assert {(each["containerPort"], each["hostPort"]) for each in made["portMappings"]} == {
        (8000, 0),
        (8001, 0),
        (8002, 8002),
        (8003, 8003),
        (8004, 8004),
    }


def test_the_container_gets_its_time_to_stop():
    assert container()["stopTimeout"] == TIMINGS.stop_seconds


def test_a_container_is_replaced_when_triton_is_gone():
    check = container()["healthCheck"]
    assert check["command"][0] == "CMD"
    assert check["command"][-1] == "http://127.0.0.1:8000/v2/health/live"
    assert check["startPeriod"] <= 300, "ECS takes no more"


def test_the_node_is_told_where_it_belongs_but_no_hook_to_complete():
    told = {each["name"]: each["value"] for each in container()["environment"]}
    assert told == {
        contract.ENV_STORE: "s3://bucket",
        contract.ENV_ENVIRONMENT: "dev",
        contract.ENV_REGION: "eu-central-1",
        contract.ENV_METRICS: "cloudwatch",
        contract.ENV_EXIT_TIMEOUT: "30",
        contract.ENV_FOLDER: "/var/lib/slipway",
    }


def test_what_the_node_says_goes_to_the_log_group_and_never_stops_it():
    log = container()["logConfiguration"]
    assert log["logDriver"] == "awslogs"
    assert log["options"]["awslogs-group"] == "/slipway/dev/servers"
    assert log["options"]["mode"] == "non-blocking"
