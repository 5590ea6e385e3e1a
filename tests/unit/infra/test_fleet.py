import pytest

from infra import metrics
from infra.fleet import Fleet, FleetArgs
from infra.group import deployment_percents
from slipway.stack.program import record
from tests.servers import (
    IMAGE,
    LOGS,
    NAMES,
    PLACE,
    TIMINGS,
    balanced,
    server_settings,
)


def fleet(shape="cluster", *types, kind="application", alarms=("slipway-dev-errors",), **changes):
    def program():
        Fleet(
            "dev-fleet",
            FleetArgs(
                shape=shape,
                settings=server_settings(*types, **changes),
                names=NAMES,
                place=PLACE,
                timings=TIMINGS,
                vpc_id="vpc-1",
                vpc_cidr="10.40.0.0/20",
                subnet_ids=["subnet-1", "subnet-2"],
                key_arn="arn:key",
                autoscaling_role_arn="arn:autoscaling",
                profile_arn="arn:profile",
                image_uri=IMAGE,
                store_url="s3://bucket",
                logs=LOGS,
                traffic=None if shape == "single" else balanced(kind),
                discovery_service_id="srv-1" if shape == "single" else None,
                rollback_alarms=alarms,
            ),
        )

    return record(program)


def group(*args, **changes):
    (found,) = fleet(*args, **changes).of("aws:autoscaling/group:Group")
    return found.properties


def inward(*args, **changes):
    return [rule.properties for rule in fleet(*args, **changes).of("SecurityGroupIngressRule")]


def test_only_the_load_balancer_reaches_the_servers_for_requests_and_readiness():
    rules = inward()
    opened = [(rule["fromPort"], rule["toPort"]) for rule in rules]
    assert opened == [(8000, 8000), (8001, 8001), (8003, 8004)]
    assert {rule["referencedSecurityGroupId"] for rule in rules} == {"sg-balancer"}
    assert not any("cidrIpv4" in rule for rule in rules)


def test_a_single_server_is_reached_from_within_the_vpc():
    rules = inward("single")
    assert {rule["cidrIpv4"] for rule in rules} == {"10.40.0.0/20"}
    assert not any("referencedSecurityGroupId" in rule for rule in rules)


def test_behind_a_bridge_the_ports_are_those_that_docker_picks():
    rules = inward("container", network_mode="bridge", hop_limit=2)
    opened = [(rule["fromPort"], rule["toPort"]) for rule in rules]
    assert opened == [(32768, 65535), (8003, 8004)]
    assert {rule["referencedSecurityGroupId"] for rule in rules} == {"sg-balancer"}


def test_servers_speak_nothing_but_https():
    (rule,) = fleet().of("SecurityGroupEgressRule")
    assert (rule.properties["fromPort"], rule.properties["toPort"]) == (443, 443)
    assert rule.properties["ipProtocol"] == "tcp"


def test_every_rule_says_what_it_is_for_in_letters_that_ec2_takes():
    graph = fleet()
    for rule in graph.of("SecurityGroupIngressRule", "SecurityGroupEgressRule"):
        text = rule.properties["description"]
        assert text
        assert set(text) <= set(
            "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 ._-:/()#,@[]+=&;{}!$*"
        )


def test_the_group_is_called_what_role_and_boot_call_it():
    assert group()["name"] == "slipway-dev"


def test_the_group_starts_servers_as_the_role_that_may_use_the_volumes_key():
    assert group()["serviceLinkedRoleArn"] == "arn:autoscaling"


def test_types_are_tried_in_the_order_given_and_spot_where_it_lasts():
    policy = group()["mixedInstancesPolicy"]
    types = [each["instanceType"] for each in policy["launchTemplate"]["overrides"]]
    assert types == ["g6.xlarge", "g5.xlarge", "g4dn.xlarge"]
    assert policy["instancesDistribution"] == {
        "onDemandAllocationStrategy": "prioritized",
        "onDemandBaseCapacity": 1,
        "onDemandPercentageAboveBaseCapacity": 25,
        "spotAllocationStrategy": "price-capacity-optimized",
    }


def test_the_group_names_a_numeric_version_of_its_template():
    graph = fleet()
    (made,) = graph.of("aws:autoscaling/group:Group")
    chosen = made.properties["mixedInstancesPolicy"]["launchTemplate"][
        "launchTemplateSpecification"
    ]
    assert chosen["version"].isdigit()
    assert graph.target(chosen["version"]).type.endswith(":LaunchTemplate")


@pytest.mark.parametrize(("percent", "rebalances"), [(75, True), (0, False)])
def test_spot_servers_are_replaced_before_they_are_taken(percent, rebalances):
    assert group(spot_percent=percent)["capacityRebalance"] is rebalances


@pytest.mark.parametrize(
    ("reservation", "written"),
    [
        ("open", {"capacityReservationPreference": "default"}),
        (
            "cr-0123456789abcdef0",
            {
                "capacityReservationPreference": "capacity-reservations-first",
                "capacityReservationTarget": {"capacityReservationIds": ["cr-0123456789abcdef0"]},
            },
        ),
        (
            "arn:aws:resource-groups:eu-central-1:123456789012:group/x",
            {
                "capacityReservationPreference": "capacity-reservations-first",
                "capacityReservationTarget": {
                    "capacityReservationResourceGroupArns": [
                        "arn:aws:resource-groups:eu-central-1:123456789012:group/x"
                    ]
                },
            },
        ),
    ],
)
def test_reserved_capacity_is_used_first(reservation, written):
    made = group("cluster", "g6.xlarge", capacity_reservation=reservation)
    assert made["capacityReservationSpecification"] == written
    assert "capacityReservationSpecification" not in group()


def test_a_server_joins_when_its_node_says_so_and_leaves_when_it_has_drained():
    graph = fleet()
    (made,) = graph.of("aws:autoscaling/group:Group")
    launch, terminate = made.properties["initialLifecycleHooks"]
    beside = [hook.properties for hook in graph.of("LifecycleHook")]
    assert beside == [
        {**each, "autoscalingGroupName": "slipway-dev"} for each in (launch, terminate)
    ]
    assert launch["name"] == "ready"
    assert launch["lifecycleTransition"] == "autoscaling:EC2_INSTANCE_LAUNCHING"
    assert launch["defaultResult"] == "ABANDON"
    assert launch["heartbeatTimeout"] == TIMINGS.launch_hook
    assert terminate["name"] == "drain"
    assert terminate["lifecycleTransition"] == "autoscaling:EC2_INSTANCE_TERMINATING"
    assert terminate["defaultResult"] == "CONTINUE"
    assert terminate["heartbeatTimeout"] == TIMINGS.terminate_hook


def test_health_is_the_load_balancers_from_soon_after_the_hook():
    made = group()
    assert made["healthCheckType"] == "EBS,ELB"
    assert made["healthCheckGracePeriod"] == 120
    assert made["targetGroupArns"] == ["arn:grpc", "arn:http"]


def test_a_single_server_heals_by_what_ec2_sees():
    made = group("single")
    assert (made["minSize"], made["maxSize"]) == (1, 1)
    assert made["healthCheckType"] == "EBS"
    assert "targetGroupArns" not in made


def test_servers_register_only_once_there_are_listeners():
    (made,) = fleet().of("aws:autoscaling/group:Group")
    assert any("Listener" in urn for urn in made.depends_on)


def test_new_versions_come_by_a_rollout_and_the_group_keeps_what_it_has():
    graph = fleet(alarms=("slipway-dev-latency",))
    (made,) = graph.of("aws:autoscaling/group:Group")
    (rollout,) = graph.of("Rollout")
    assert "mixedInstancesPolicy" in made.ignore_changes
    assert "instanceRefresh" not in made.properties
    assert rollout.properties["group"] == "slipway-dev"
    assert rollout.parent == made.parent
    assert "slipway-dev-latency" in rollout.properties["preferences"]


def test_a_warm_pool_holds_stopped_servers_that_never_served():
    assert group(spot_percent=0, warm_pool=2)["warmPool"] == {
        "poolState": "Stopped",
        "minSize": 2,
        "instanceReusePolicy": {"reuseOnScaleIn": False},
    }
    assert "warmPool" not in group()


def test_a_shortage_fails_no_update_and_scaling_is_not_undone_by_one():
    (made,) = fleet().of("aws:autoscaling/group:Group")
    assert made.properties["waitForCapacityTimeout"] == "0"
    assert "desiredCapacity" not in made.properties
    assert "desiredCapacity" in made.ignore_changes


def test_servers_that_go_are_old_ones_and_none_is_made_to_go_while_it_drains():
    made = group()
    assert made["terminationPolicies"] == [
        "OldestLaunchTemplate",
        "AllocationStrategy",
        "OldestInstance",
    ]
    assert made["instanceMaintenancePolicy"] == {
        "minHealthyPercentage": 100,
        "maxHealthyPercentage": 110,
    }
    assert made["defaultInstanceWarmup"] == made["healthCheckGracePeriod"] == 120
    assert made["forceDelete"] is False
    (declared,) = fleet().of("aws:autoscaling/group:Group")
    assert declared.timeouts["delete"] == "30m"


def test_every_group_metric_that_is_shown_is_enabled():
    assert set(group()["enabledMetrics"]) == {metric.name for metric in metrics.GROUP}


def test_the_groups_tags_reach_its_servers():
    tags = {tag["key"]: tag for tag in group()["tags"]}
    assert tags["Environment"]["value"] == "dev"
    assert all(tag["propagateAtLaunch"] for tag in tags.values())
    assert "AmazonECSManaged" not in tags


def test_under_ecs_the_group_leaves_sizes_readiness_and_draining_to_it():
    made = group("container")
    assert made["minSize"] == 0, "the first server must find the cluster"
    assert made["maxSize"] >= 6
    assert made["protectFromScaleIn"] is True, "managed termination protection needs it"
    assert made["forceDelete"] is True, "a protected server would hold up a destroy"
    assert "initialLifecycleHooks" not in made
    assert "targetGroupArns" not in made
    assert made["healthCheckType"] == "EBS"
    assert "AmazonECSManaged" in {tag["key"] for tag in made["tags"]}
    assert not fleet("container").of("LifecycleHook")


@pytest.mark.parametrize(
    ("servers", "least", "most", "expected"),
    [
        (10, 100, 110, (100, 110)),
        (2, 100, 110, (100, 150)),
        (1, 100, 110, (100, 200)),
        (1, 0, 100, (0, 100)),
        (3, 90, 100, (90, 134)),
        (10, 90, 100, (90, 100)),
    ],
)
def test_a_deployment_has_room_for_at_least_one_task(servers, least, most, expected):
    settings = server_settings(
        min_servers=servers,
        max_servers=20,
        refresh_min_healthy=least,
        refresh_max_healthy=most,
    )
    assert deployment_percents(settings) == expected
    low, high = expected
    assert servers * high // 100 > servers or -(-servers * low // 100) < servers
