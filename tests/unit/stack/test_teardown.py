"""What a destroy would stop at, leave behind or wait for; each kind with and without it."""

import pytest

from slipway.errors import StackError
from slipway.stack.teardown import Effect, Obstacle, preflight
from slipway.stack.teardown.waits import seconds
from tests.stacks import ENVIRONMENTS, SHAPES, evaluated
from tests.unit.stack.exposure.graphs import changed, graph, policy, resource, statement, without

GROUP = "aws:autoscaling/group:Group"
TASKS = "aws:ecs/service:Service"


def obstacles(*resources):
    return preflight(graph(*resources))


def effects(*resources):
    return [(each.effect, each.name) for each in obstacles(*resources)]


def test_a_protected_resource_blocks_and_says_what_would_go_first():
    bucket = resource("Bucket", "store", protect=True, forceDestroy=True)
    use = resource("Role", "a", depends_on=(bucket.urn,))
    use_of_use = resource("Role", "b", property_dependencies={"x": (use.urn,)})
    (found,) = obstacles(bucket, use, use_of_use, resource("Role", "c"))
    assert (found.effect, found.name) == (Effect.BLOCKS, "store")
    assert "the 2 resources that need it go first" in found.why
    assert bucket.urn in found.mend
    assert obstacles(resource("Bucket", "store", forceDestroy=True)) == ()


@pytest.mark.parametrize(
    ("type_", "guard"),
    [
        ("aws:lb/loadBalancer:LoadBalancer", "enableDeletionProtection"),
        ("aws:dynamodb/table:Table", "deletionProtectionEnabled"),
        ("aws:cloudwatch/logGroup:LogGroup", "deletionProtectionEnabled"),
        ("aws:ec2/instance:Instance", "disableApiTermination"),
    ],
)
def test_what_aws_refuses_to_delete_blocks(type_, guard):
    assert effects(resource(type_, "r", **{guard: True})) == [(Effect.BLOCKS, "r")]
    assert effects(resource(type_, "r", **{guard: False})) == []
    assert effects(resource(type_, "r")) == []


@pytest.mark.parametrize(
    ("type_", "force"),
    [
        ("aws:s3/bucket:Bucket", "forceDestroy"),
        ("aws:ecr/repository:Repository", "forceDelete"),
        ("aws:route53/zone:Zone", "forceDestroy"),
    ],
)
def test_what_is_deleted_only_empty_may_block(type_, force):
    assert effects(resource(type_, "r")) == [(Effect.MAY_BLOCK, "r")]
    assert effects(resource(type_, "r", **{force: True})) == []


def test_old_versions_are_objects_too():
    bucket = resource("Bucket", "b")
    versions = resource(
        "aws:s3/bucketVersioning:BucketVersioning",
        "v",
        bucket="@b.id@",
        versioningConfiguration={"status": "Enabled"},
    )
    assert "versions" not in obstacles(bucket)[0].why
    assert "old versions and delete markers count" in obstacles(bucket, versions)[0].why


def test_locked_objects_may_block_whatever_is_forced():
    lock = resource(
        "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration",
        "lock",
        bucket="@b.id@",
    )
    bucket = resource("Bucket", "b", forceDestroy=True)
    assert effects(bucket, lock) == [(Effect.MAY_BLOCK, "b")]
    inline = resource("Bucket", "b", forceDestroy=True, objectLockEnabled=True)
    assert effects(inline) == [(Effect.MAY_BLOCK, "b")]


def test_a_key_survives_for_its_window():
    assert "waits 7 days" in obstacles(resource("Key", "k", deletionWindowInDays=7))[0].why
    assert "waits 30 days" in obstacles(resource("Key", "k"))[0].why


def test_a_secret_survives_unless_its_window_is_none():
    secret = "aws:secretsmanager/secret:Secret"
    assert effects(resource(secret, "s")) == [(Effect.SURVIVES, "s")]
    assert effects(resource(secret, "s", recoveryWindowInDays=0)) == []


def test_what_is_retained_survives():
    role = resource("Role", "r", retain_on_delete=True)
    task = resource("aws:ecs/taskDefinition:TaskDefinition", "t", skipDestroy=True)
    assert effects(role, task) == [(Effect.SURVIVES, "r"), (Effect.SURVIVES, "t")]
    assert effects(resource("Role", "r"), resource(task.type, "t", skipDestroy=False)) == []


def test_a_last_snapshot_survives_and_one_without_a_name_blocks():
    kind = "aws:rds/instance:Instance"
    assert effects(resource(kind, "d")) == [(Effect.BLOCKS, "d")]
    assert effects(resource(kind, "d", finalSnapshotIdentifier="x")) == [(Effect.SURVIVES, "d")]
    assert effects(resource(kind, "d", skipFinalSnapshot=True)) == []


@pytest.mark.parametrize(("goes", "expected"), [("false", [Effect.SURVIVES]), ("true", [])])
def test_volumes_that_outlive_their_servers_survive(goes, expected):
    disk = {"deviceName": "/dev/xvda", "ebs": {"deleteOnTermination": goes}}
    template = resource("Template", "t", blockDeviceMappings=[disk])
    assert [effect for effect, _ in effects(template)] == expected


def test_log_groups_that_aws_makes_survive_unless_the_stack_has_them():
    insights = [{"name": "containerInsights", "value": "enhanced"}]
    cluster = resource("aws:ecs/cluster:Cluster", "c", name="c", settings=insights)
    function = resource("aws:lambda/function:Function", "f", name="f")
    names = ("/aws/ecs/containerinsights/c/performance", "/aws/lambda/f")
    own = [
        resource("aws:cloudwatch/logGroup:LogGroup", f"g{i}", name=name)
        for i, name in enumerate(names)
    ]
    assert [each.effect for each in obstacles(cluster, function)] == [Effect.SURVIVES] * 2
    assert obstacles(cluster, function, *own) == ()
    off = [{"name": "containerInsights", "value": "disabled"}]
    assert obstacles(resource(cluster.type, "c", settings=off)) == ()


def test_what_an_account_has_once_affects_others():
    issuer = resource("aws:iam/openIdConnectProvider:OpenIdConnectProvider", "issuer", url="u")
    assert effects(issuer) == [(Effect.AFFECTS_OTHERS, "issuer")]
    kind = "aws:iam/serviceLinkedRole:ServiceLinkedRole"
    assert effects(resource(kind, "r")) == [(Effect.AFFECTS_OTHERS, "r")]
    assert effects(resource(kind, "r", customSuffix="dev")) == [(Effect.MAY_BLOCK, "r")]


def test_registered_servers_may_block_their_service():
    kind = "aws:servicediscovery/service:Service"
    may = resource("RolePolicy", "p", policy=policy(statement("servicediscovery:RegisterInstance")))
    assert effects(resource(kind, "s"), may) == [(Effect.MAY_BLOCK, "s")]
    assert effects(resource(kind, "s")) == []
    assert effects(resource(kind, "s", forceDestroy=True), may) == []
    tasks = resource(TASKS, "t", forceDelete=True, serviceRegistries={"registryArn": "@s.arn@"})
    assert effects(resource(kind, "s"), tasks) == [(Effect.MAY_BLOCK, "s")]


def hook(seconds_, transition="TERMINATING"):
    return {
        "heartbeatTimeout": seconds_,
        "lifecycleTransition": f"autoscaling:EC2_INSTANCE_{transition}",
    }


def test_a_group_waits_for_its_servers_and_their_longest_hook():
    group = resource(GROUP, "g", name="g", initialLifecycleHooks=[hook(60), hook(900, "LAUNCHING")])
    own = resource(
        "aws:autoscaling/lifecycleHook:LifecycleHook", "h", autoscalingGroupName="g", **hook(120)
    )
    (found,) = obstacles(group, own)
    assert found.effect == Effect.TAKES_LONG
    assert "delay by up to 120 s" in found.why
    assert "up to 600 s" in found.mend
    assert "delay by up to 60 s" in obstacles(group)[0].why
    assert "hooks" not in obstacles(resource(GROUP, "g"))[0].why


def test_a_hook_that_is_longer_than_pulumi_waits_may_block():
    hooks = {"initialLifecycleHooks": [hook(900)]}
    assert effects(resource(GROUP, "g", **hooks)) == [(Effect.MAY_BLOCK, "g")]
    patient = resource(GROUP, "g", **hooks, timeouts={"delete": "30m"})
    assert effects(patient) == [(Effect.TAKES_LONG, "g")]


def test_a_forced_group_leaves_servers_behind_for_a_while():
    (found,) = obstacles(resource(GROUP, "g", forceDelete=True, protectFromScaleIn=True))
    assert (found.effect, "hold subnets" in found.why) == (Effect.TAKES_LONG, True)


def test_servers_that_are_protected_from_scale_in_may_block():
    found = effects(resource(GROUP, "g", protectFromScaleIn=True))
    assert found == [(Effect.MAY_BLOCK, "g"), (Effect.TAKES_LONG, "g")]


def test_tasks_and_capacity_providers_take_long():
    provider = resource("aws:ecs/capacityProvider:CapacityProvider", "p")
    assert effects(resource(TASKS, "s"), provider) == [
        (Effect.TAKES_LONG, "p"),
        (Effect.TAKES_LONG, "s"),
    ]
    assert effects(resource(TASKS, "s", forceDelete=True)) == []


def test_network_interfaces_of_others_take_long():
    kind = "aws:ec2/vpcEndpoint:VpcEndpoint"
    endpoints = [resource(kind, f"to-{n}", vpcEndpointType="Interface") for n in range(5)]
    (found,) = obstacles(*endpoints)
    assert "(to-0, to-1 and 3 more)" in found.why
    assert obstacles(resource(kind, "to-s3", vpcEndpointType="Gateway")) == ()
    tasks = resource(TASKS, "s", forceDelete=True, networkConfiguration={"subnets": []})
    assert [effect for effect, _ in effects(tasks)] == [Effect.TAKES_LONG]
    function = resource(
        "aws:lambda/function:Function", "f", vpcConfig={"x": 1}, loggingConfig={"logGroup": "g"}
    )
    assert "45 minutes" in obstacles(function)[0].mend


def test_a_certificate_that_a_listener_uses_takes_long():
    certificate = resource("aws:acm/certificate:Certificate", "cert")
    listener = resource("Listener", "l", certificateArn="@cert.arn@")
    assert effects(certificate, listener) == [(Effect.TAKES_LONG, "cert")]
    assert effects(certificate) == []


def test_durations_are_read_as_pulumi_writes_them():
    assert (seconds("30m"), seconds("1h30m5s"), seconds("")) == (1800, 5405, 0)
    with pytest.raises(StackError, match="no duration"):
        seconds("soon")


def test_an_obstacle_without_a_reason_is_refused():
    with pytest.raises(StackError, match="no reason"):
        Obstacle(Effect.BLOCKS, "urn", "", "mend")


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_every_stack_has_its_obstacles_in_order(environment, shape):
    stack = evaluated(environment, shape)
    found = preflight(stack)
    order = [list(Effect).index(each.effect) for each in found]
    assert order == sorted(order)
    blocking = {each.name for each in found if each.effect is Effect.BLOCKS}
    protected = {r.name for r in stack.resources if r.protect}
    guarded = {r.name for r in stack.of("LoadBalancer") if r.properties["enableDeletionProtection"]}
    assert blocking == protected | guarded
    assert (blocking == set()) == (environment == "dev")
    assert {e.name for e in found if e.effect is Effect.SURVIVES} >= {f"{environment}-key-key"}


def test_production_without_its_protection_still_holds_data():
    stack = evaluated("prod")
    (balancer,) = stack.of("LoadBalancer")
    stack = changed(stack, balancer.name, enableDeletionProtection=False)
    stack = without(stack, "prod-key-key")
    names = {each.name for each in preflight(stack) if each.effect is Effect.MAY_BLOCK}
    assert {"prod-archive-bucket", "prod-store-bucket", "prod-images-repository"} <= names
