"""The servers' rights: exactly what node, agents and a shell need, in every shape."""

import json
from fnmatch import fnmatchcase

import pytest

from infra.names import Names
from infra.place import Place
from infra.role import ServerRole, ServerRoleArgs
from slipway.stack.graph import Graph
from slipway.stack.program import record

PLACE = Place("eu-central-1", "123456789012", "aws", ("eu-central-1a",))
STORE = "arn:aws:s3:::models"
KEY = "arn:aws:kms:eu-central-1:123456789012:key/k"
IMAGES = "arn:aws:ecr:eu-central-1:123456789012:repository/slipway-prod"
LOGS = tuple(
    f"arn:aws:logs:eu-central-1:123456789012:log-group:/slipway/prod/{name}"
    for name in ("servers", "system")
)
WITHOUT_RESOURCES = {
    "cloudwatch:PutMetricData",
    "ecr:GetAuthorizationToken",
    "ecs:DiscoverPollEndpoint",
    "ssmmessages:CreateControlChannel",
    "ssmmessages:CreateDataChannel",
    "ssmmessages:OpenControlChannel",
    "ssmmessages:OpenDataChannel",
}


def role(shape: str) -> tuple[Graph, ServerRole]:
    made: list[ServerRole] = []

    def program() -> None:
        args = ServerRoleArgs(
            shape=shape,
            names=Names("prod", "", ""),
            place=PLACE,
            namespace="slipway.internal",
            key_arn=KEY,
            store_arn=STORE,
            images_arn=IMAGES,
            log_group_arns=LOGS,
        )
        made.append(ServerRole("prod-server", args))

    return record(program, stack="prod"), made[0]


class Rights:
    """What one role may do, as its policy says."""

    def __init__(self, graph: Graph, name: str) -> None:
        policy = graph.named(name, "RolePolicy").properties["policy"]
        self.statements = json.loads(policy)["Statement"]
        assert {s["Effect"] for s in self.statements} == {"Allow"}

    @property
    def actions(self) -> set[str]:
        return {action for s in self.statements for action in s["Action"]}

    def resources(self, action: str) -> list[str]:
        return [r for s in self.statements if action in s["Action"] for r in s["Resource"]]

    def condition(self, action: str) -> dict:
        (found,) = [s.get("Condition", {}) for s in self.statements if action in s["Action"]]
        return found

    def may(self, action: str, resource: str) -> bool:
        return any(fnmatchcase(resource, pattern) for pattern in self.resources(action))


@pytest.fixture(scope="module")
def cluster() -> Rights:
    return Rights(role("cluster")[0], "prod-server-instance")


@pytest.fixture(scope="module")
def single() -> Rights:
    return Rights(role("single")[0], "prod-server-instance")


@pytest.fixture(scope="module")
def container() -> Graph:
    return role("container")[0]


@pytest.fixture(scope="module", params=["instance", "task", "execution"])
def every(request, container, cluster) -> list[Rights]:
    return [cluster, Rights(container, f"prod-server-{request.param}")]


def test_no_role_has_a_wildcard_action_and_any_resource_only_where_aws_has_none(every):
    for rights in every:
        for statement in rights.statements:
            assert not [action for action in statement["Action"] if "*" in action]
            if "*" in statement["Resource"]:
                assert set(statement["Action"]) <= WITHOUT_RESOURCES


@pytest.mark.parametrize(
    "key",
    [
        "blobs/sha256/ab/abc",
        "models/m/1/manifest.json",
        "releases/prod/m.json",
        "engines/k/e.plan",
    ],
)
def test_a_node_reads_what_its_environment_releases(cluster, key):
    assert cluster.may("s3:GetObject", f"{STORE}/{key}")


def test_a_node_does_not_read_what_another_environment_releases(cluster):
    assert not cluster.may("s3:GetObject", f"{STORE}/releases/staging/m.json")


@pytest.mark.parametrize("key", ["nodes/prod/i-1.json", "engines/k/e.plan"])
def test_a_node_writes_its_reports_and_engines(cluster, key):
    assert cluster.may("s3:PutObject", f"{STORE}/{key}")


@pytest.mark.parametrize(
    "key",
    [
        "blobs/sha256/ab/abc",
        "models/m/1/manifest.json",
        "releases/prod/m.json",
        "nodes/dev/i-1.json",
    ],
)
def test_a_node_writes_nothing_else(cluster, key):
    assert not cluster.may("s3:PutObject", f"{STORE}/{key}")
    assert not any(action.startswith("s3:Delete") for action in cluster.actions)


def test_listing_is_limited_to_what_a_node_reads_and_a_missing_object_is_said_to_be_missing(
    cluster,
):
    # Asked whether an object is missing, S3 decides by ListBucket, and without a prefix.
    assert cluster.condition("s3:ListBucket") == {
        "StringLikeIfExists": {"s3:prefix": ["releases/prod/*", "models/*", "engines/*"]}
    }
    assert cluster.resources("s3:ListBucket") == [STORE]


def test_the_key_decrypts_the_stores_objects_alone(cluster):
    assert cluster.resources("kms:Decrypt") == [KEY]
    assert cluster.condition("kms:Decrypt") == {
        "StringLike": {"kms:EncryptionContext:aws:s3:arn": [STORE, f"{STORE}/*"]}
    }


def test_metrics_go_to_the_three_namespaces_alone(cluster):
    assert cluster.condition("cloudwatch:PutMetricData") == {
        "StringEquals": {"cloudwatch:namespace": ["Slipway", "Slipway/Host", "Slipway/Triton"]}
    }


def test_logs_go_to_the_two_groups_which_nobody_can_make(cluster):
    assert cluster.resources("logs:PutLogEvents") == [f"{arn}:*" for arn in LOGS]
    assert "logs:CreateLogGroup" not in cluster.actions


def test_a_node_completes_the_lifecycle_of_its_own_group(cluster):
    group = "arn:aws:autoscaling:eu-central-1:123456789012:autoScalingGroup:{}:autoScalingGroupName"
    mine = f"{group.format('0a1b')}/slipway-prod"
    for action in (
        "autoscaling:CompleteLifecycleAction",
        "autoscaling:RecordLifecycleActionHeartbeat",
        "autoscaling:SetInstanceHealth",
    ):
        assert cluster.may(action, mine)
        assert not cluster.may(action, f"{group.format('0a1b')}/slipway-dev")
        assert not cluster.may(action, f"{mine}-other")


def test_a_single_server_registers_with_services_of_its_environment(single):
    for action in ("DeregisterInstance", "GetInstance", "RegisterInstance"):
        assert single.condition(f"servicediscovery:{action}") == {
            "StringEquals": {
                "aws:ResourceTag/Project": "slipway",
                "aws:ResourceTag/Environment": "prod",
            }
        }
    address = single.condition("route53:ChangeResourceRecordSets")
    assert address["ForAllValues:StringLike"] == {
        "route53:ChangeResourceRecordSetsNormalizedRecordNames": ["*.prod.slipway.internal"]
    }
    assert address["ForAllValues:StringEquals"] == {
        "route53:ChangeResourceRecordSetsRecordTypes": ["A"]
    }


def test_a_server_behind_a_load_balancer_cannot_touch_discovery(every):
    for rights in every:
        assert not {a for a in rights.actions if a.startswith(("servicediscovery:", "route53:"))}


def test_servers_report_to_systems_manager_as_servers_alone(cluster):
    instances = "arn:aws:ec2:eu-central-1:123456789012:instance/*"
    assert cluster.resources("ssm:UpdateInstanceInformation") == [instances]


def test_images_come_from_the_environments_repository(cluster):
    assert cluster.resources("ecr:BatchGetImage") == [IMAGES]
    assert "ecr:PutImage" not in cluster.actions


def test_servers_are_taken_on_by_ec2_alone(container):
    (trusted,) = json.loads(
        container.named("prod-server-instance", "Role").properties["assumeRolePolicy"]
    )["Statement"]
    assert trusted["Principal"] == {"Service": ["ec2.amazonaws.com"]}
    (profile,) = container.of("InstanceProfile")
    assert container.target(profile.properties["role"]).name == "prod-server-instance"


@pytest.mark.parametrize("shape", ["cluster", "single"])
def test_without_containers_there_is_one_role(shape):
    graph, made = role(shape)
    assert len(graph.of("Role")) == 1
    assert made.task_role_arn is None
    assert made.execution_role_arn is None


def test_with_containers_the_nodes_rights_are_the_tasks_and_not_the_instances(container):
    task = Rights(container, "prod-server-task")
    instance = Rights(container, "prod-server-instance")
    assert {"s3:GetObject", "kms:Decrypt", "cloudwatch:PutMetricData"} <= task.actions
    assert not {a for a in instance.actions if a.startswith(("s3:", "kms:", "ecr:"))}


def test_with_containers_nobody_completes_lifecycle_hooks_because_ecs_does(container):
    for name in ("instance", "task", "execution"):
        actions = Rights(container, f"prod-server-{name}").actions
        assert not {action for action in actions if action.startswith("autoscaling:")}


def test_with_containers_an_instance_joins_its_own_cluster_and_makes_none(container):
    rights = Rights(container, "prod-server-instance")
    assert {action for action in rights.actions if action.startswith("ecs:")} == {
        "ecs:DeregisterContainerInstance",
        "ecs:DiscoverPollEndpoint",
        "ecs:Poll",
        "ecs:RegisterContainerInstance",
        "ecs:StartTelemetrySession",
        "ecs:SubmitAttachmentStateChanges",
        "ecs:SubmitContainerStateChange",
        "ecs:SubmitTaskStateChange",
        "ecs:TagResource",
        "ecs:UpdateContainerInstancesState",
    }
    assert rights.resources("ecs:RegisterContainerInstance") == [
        "arn:aws:ecs:eu-central-1:123456789012:cluster/slipway-prod"
    ]
    assert rights.condition("ecs:TagResource") == {
        "StringEquals": {"ecs:CreateAction": "RegisterContainerInstance"}
    }


def test_tasks_are_taken_on_by_ecs_for_this_account(container):
    for name in ("task", "execution"):
        written = container.named(f"prod-server-{name}", "Role").properties["assumeRolePolicy"]
        (trusted,) = json.loads(written)["Statement"]
        assert trusted["Principal"] == {"Service": ["ecs-tasks.amazonaws.com"]}
        assert trusted["Condition"] == {
            "StringEquals": {"aws:SourceAccount": "123456789012"},
            "ArnLike": {"aws:SourceArn": "arn:aws:ecs:eu-central-1:123456789012:*"},
        }


def test_what_starts_a_container_pulls_its_image_and_opens_its_log(container):
    rights = Rights(container, "prod-server-execution")
    assert rights.resources("ecr:GetDownloadUrlForLayer") == [IMAGES]
    assert rights.actions <= {
        "ecr:BatchCheckLayerAvailability",
        "ecr:BatchGetImage",
        "ecr:GetAuthorizationToken",
        "ecr:GetDownloadUrlForLayer",
        "logs:CreateLogStream",
        "logs:DescribeLogStreams",
        "logs:PutLogEvents",
    }


@pytest.mark.parametrize("name", ["prod-server-instance", "prod-server-task"])
def test_a_policy_fits_into_a_role(container, name):
    # AWS counts characters without white space, all inline policies of a role together.
    written = json.dumps(Rights(container, name).statements, separators=(",", ":"))
    assert len(written) < 10_240
