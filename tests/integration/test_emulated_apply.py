"""prod, applied by the real AWS provider, in two shapes at once, and destroyed again.

AWS is moto's server on this machine (tests/emulator.py), a process for each shape. What the stack
declares is compared with what is there afterwards, asked for by boto3. Nothing is left out: every
resource of prod is applied. What this cannot show:

- The rollout, an instance refresh: the program does it in Python (`prod-fleet-rollout`), which
  Terraform does not see, and moto has no instance refresh (tests/moto_refreshes.py).
- How tokens are checked: `jwtValidation` is newer than the provider, and so it is a gap.
- Whether anything works: moto starts no servers, sends no requests, evaluates no alarm.
- A warm pool: prod has none, as AWS has none for groups with spot.
"""

import base64
import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from slipway.errors import StackError
from slipway.stack.graph import REFERENCE, Graph
from slipway.stack.load import load
from slipway.stack.terraform.command import prepare
from slipway.stack.terraform.names import Catalogue
from slipway.stack.terraform.tools import find
from tests.emulated_stack import EmulatedStack
from tests.emulator import Emulator, emulator
from tests.stacks import ROOT

SHAPES = ("cluster", "container")
both = pytest.mark.parametrize("shape", SHAPES)
IMAGE = "0.2.0"
TEMPLATE = "aws_launch_template.prod_fleet_servers_template"
TASK = "aws_ecs_task_definition.prod_containers_task_definition"
SERVICE = "aws_ecs_service.prod_containers_service"
NEW_IMAGE = {
    "cluster": {TEMPLATE: "update"},
    "container": {TASK: "replace", SERVICE: "update"},
}
"""What another image changes. AWS keeps the revision of the task definition that is replaced."""


@pytest.fixture(scope="module")
def terraform():
    try:
        return prepare(find(), ROOT / "build/terraform")
    except StackError as missing:
        pytest.skip(str(missing))


@pytest.fixture(scope="module")
def timed(request):
    """Do the same to both shapes at once, and say how long it took."""
    capture = request.config.pluginmanager.getplugin("capturemanager")

    def at_once(step: str, do: Callable[[EmulatedStack], Any], stacks: dict[str, EmulatedStack]):
        began = time.monotonic()
        with ThreadPoolExecutor(len(stacks)) as threads:
            results = dict(zip(stacks, threads.map(do, stacks.values()), strict=True))
        with capture.global_and_fixture_disabled():
            print(f"\n{step}: {time.monotonic() - began:.0f} s", flush=True)
        return results

    return at_once


def evaluated(zone: str, shape: str, **overrides: str) -> Graph:
    """prod as it is committed, but for the zone: that one is in AWS before the stack is."""
    settings = {f"slipway:{name}": value for name, value in overrides.items()}
    return load(ROOT, "prod", {"slipway:zoneId": zone, **settings}, shape=shape)


def zone_of(emulated: Emulator) -> str:
    """The identifier of the zone that the domain of prod is in."""
    route53 = emulated.client("route53")
    zones = route53.list_hosted_zones()["HostedZones"]
    found = [zone["Id"] for zone in zones if zone["Name"] == "example.com."]
    if not found:
        made = route53.create_hosted_zone(Name="example.com", CallerReference="tests")
        found = [made["HostedZone"]["Id"]]
    return found[0].removeprefix("/hostedzone/")


@pytest.fixture(scope="module")
def applied(terraform, timed, tmp_path_factory):
    catalogue = Catalogue(terraform.schema)
    with emulator() as first, emulator() as second:
        stacks = {}
        for shape, emulated in zip(SHAPES, (first, second), strict=True):
            graph = evaluated(zone_of(emulated), shape)
            folder = tmp_path_factory.mktemp(shape)
            stack = EmulatedStack(folder, emulated, terraform, catalogue, graph)
            stacks[shape] = stack.lay_out()
        timed("apply", lambda stack: stack.run("apply", "-auto-approve"), stacks)
        yield stacks


@pytest.fixture(scope="module")
def updated(applied, timed):
    """Both shapes with another image, and the changes that were planned for it, by address."""

    def update(stack):
        said = stack.run("apply", "-auto-approve", "-refresh=false", "-json").stdout
        events = map(json.loads, said.splitlines())
        planned = [event["change"] for event in events if event["type"] == "planned_change"]
        return {change["resource"]["addr"]: change["action"] for change in planned}

    stacks = {
        shape: stack.declaring(evaluated(zone_of(stack.emulated), shape, image=IMAGE))
        for shape, stack in applied.items()
    }
    changes = timed(f"image {IMAGE}, plan and apply", update, stacks)
    return {shape: (stacks[shape], changes[shape]) for shape in SHAPES}


@pytest.fixture(scope="module")
def destroyed(updated, timed):
    """After docs/operations.md: what is protected or full keeps AWS from deleting it."""

    def destroy(stack):
        stack.unprotect()
        stack.empty_buckets()
        return stack.run("destroy", "-auto-approve", "-refresh=false")

    stacks = {shape: stack for shape, (stack, _) in updated.items()}
    timed("destroy", destroy, stacks)
    return {shape: replace(stack) for shape, stack in stacks.items()}  # with another state


def only(found: list[Any]) -> Any:
    (one,) = found
    return one


def decoded(user_data: str) -> str:
    return base64.b64decode(user_data).decode()


def latest(stack: EmulatedStack) -> dict[str, Any]:
    """The newest version of the launch template."""
    ec2 = stack.client("ec2")
    template = only(ec2.describe_launch_templates()["LaunchTemplates"])
    versions = ec2.describe_launch_template_versions(
        LaunchTemplateId=template["LaunchTemplateId"], Versions=["$Latest"]
    )
    return only(versions["LaunchTemplateVersions"])


def group_of(stack: EmulatedStack) -> dict[str, Any]:
    return only(stack.client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"])


@both
def test_terraform_is_not_told_of_the_rollout_and_how_tokens_are_checked_alone(applied, shape):
    gaps = applied[shape].synthesis.gaps
    untold = {gap.urn.rpartition("::")[2] for gap in gaps if not gap.property}
    assert untold == {"prod-fleet-rollout"}
    assert [gap for gap in gaps if gap.property and "jwtValidation" not in gap.why] == []


@both
def test_every_other_resource_is_applied(applied, shape):
    stack = applied[shape]
    assert set(stack.known) == set(stack.synthesis.addresses.values())


def test_a_second_plan_finds_nothing_to_change(applied, timed):
    def plan(stack):
        return stack.run("plan", "-detailed-exitcode", codes=(0, 2))

    plans = timed("second plan", plan, applied)
    assert {shape: plan.returncode for shape, plan in plans.items()} == dict.fromkeys(SHAPES, 0), (
        "\n".join(plan.stdout for plan in plans.values())
    )


@both
def test_outputs_have_what_aws_gave(applied, shape):
    stack = applied[shape]
    given = stack.state["outputs"]
    declared = stack.real(stack.graph.outputs)
    assert given.keys() == declared.keys()
    assert given["store"]["value"].removeprefix("s3://") in stack.buckets()
    assert not REFERENCE.search(json.dumps(given))


@both
def test_servers_start_from_the_declared_image_closed_and_encrypted(applied, shape):
    stack = applied[shape]
    declared = stack.declared("prod-fleet-servers-template")
    data = latest(stack)["LaunchTemplateData"]
    assert data["ImageId"] == declared["imageId"]
    assert data["InstanceType"] == declared["instanceType"]
    assert data["MetadataOptions"]["HttpTokens"] == "required"
    assert data["MetadataOptions"]["HttpPutResponseHopLimit"] == 1
    volumes = [mapping["Ebs"] for mapping in data["BlockDeviceMappings"]]
    assert {volume["Encrypted"] for volume in volumes} == {True}
    key = only(stack.client("kms").list_aliases(KeyId=volumes[0]["KmsKeyId"])["Aliases"])
    assert key["AliasName"] == "alias/slipway-prod"


@both
def test_user_data_has_what_aws_gave_in_the_place_of_every_reference(applied, shape):
    stack = applied[shape]
    declared = decoded(stack.graph.named("prod-fleet-servers-template").properties["userData"])
    given = decoded(latest(stack)["LaunchTemplateData"]["UserData"])
    assert given == stack.real(declared)
    assert not [token for token in stack.graph.references if token in given]


def test_user_data_names_the_bucket_of_the_store(applied):
    """A container's server has it from its task instead."""
    stack = applied["cluster"]
    given = decoded(latest(stack)["LaunchTemplateData"]["UserData"])
    assert [name for name in stack.buckets() if f"s3://{name}" in given]


@both
def test_the_group_has_its_sizes_types_and_health_checks(applied, shape):
    stack = applied[shape]
    declared = stack.declared("prod-fleet-group")
    group = group_of(stack)
    assert group["AutoScalingGroupName"] == declared["name"]
    assert (group["MinSize"], group["MaxSize"]) == (declared["minSize"], declared["maxSize"])
    assert len(group["Instances"]) == declared["minSize"]
    assert group["HealthCheckType"] == declared["healthCheckType"]
    assert group["HealthCheckGracePeriod"] == declared["healthCheckGracePeriod"]
    assert group["CapacityRebalance"] is declared["capacityRebalance"]
    assert set(group["TargetGroupARNs"]) == set(declared.get("targetGroupArns", []))
    subnets = set(group["VPCZoneIdentifier"].split(","))
    assert subnets == set(declared["vpcZoneIdentifiers"])
    assert "WarmPoolConfiguration" not in group


@both
def test_the_group_mixes_instances_as_declared(applied, shape):
    stack = applied[shape]
    declared = stack.declared("prod-fleet-group")["mixedInstancesPolicy"]
    policy = group_of(stack)["MixedInstancesPolicy"]
    template = policy["LaunchTemplate"]["LaunchTemplateSpecification"]
    assert template["LaunchTemplateId"] == latest(stack)["LaunchTemplateId"]
    assert template["Version"] == "1"
    overrides = [each["InstanceType"] for each in policy["LaunchTemplate"]["Overrides"]]
    assert overrides == [each["instanceType"] for each in declared["launchTemplate"]["overrides"]]
    for name, value in declared["instancesDistribution"].items():
        assert policy["InstancesDistribution"][name[0].upper() + name[1:]] == value


@both
def test_the_group_waits_for_its_hooks(applied, shape):
    stack = applied[shape]
    found = stack.client("autoscaling").describe_lifecycle_hooks(
        AutoScalingGroupName=group_of(stack)["AutoScalingGroupName"]
    )
    hooks = {
        hook["LifecycleHookName"]: (
            hook["LifecycleTransition"],
            hook["HeartbeatTimeout"],
            hook["DefaultResult"],
        )
        for hook in found["LifecycleHooks"]
    }
    assert hooks == {
        hook["name"]: (
            hook["lifecycleTransition"],
            hook["heartbeatTimeout"],
            hook["defaultResult"],
        )
        for hook in stack.all_declared("LifecycleHook")
    }


def test_servers_are_scaled_by_requests_that_wait(applied):
    stack = applied["cluster"]
    policy = only(stack.client("autoscaling").describe_policies()["ScalingPolicies"])
    declared = stack.declared("prod-scaling-pending")["targetTrackingConfiguration"]
    metric = policy["TargetTrackingConfiguration"]["CustomizedMetricSpecification"]
    wanted = declared["customizedMetricSpecification"]
    assert policy["PolicyType"] == "TargetTrackingScaling"
    assert policy["TargetTrackingConfiguration"]["TargetValue"] == declared["targetValue"]
    assert metric["MetricName"] == wanted["metricName"]
    assert metric["Namespace"] == wanted["namespace"]
    assert metric["Dimensions"] == [{"Name": "Environment", "Value": "prod"}]


def test_tasks_are_scaled_by_requests_that_wait(applied):
    stack = applied["container"]
    scaling = stack.client("application-autoscaling")
    target = only(scaling.describe_scalable_targets(ServiceNamespace="ecs")["ScalableTargets"])
    declared = stack.declared("prod-scaling-tasks")
    assert target["ResourceId"] == declared["resourceId"]
    assert target["MinCapacity"] == declared["minCapacity"]
    assert target["MaxCapacity"] == declared["maxCapacity"]
    policy = only(scaling.describe_scaling_policies(ServiceNamespace="ecs")["ScalingPolicies"])
    tracking = policy["TargetTrackingScalingPolicyConfiguration"]
    wanted = stack.declared("prod-scaling-pending")["targetTrackingScalingPolicyConfiguration"]
    assert tracking["TargetValue"] == wanted["targetValue"]
    metric = wanted["customizedMetricSpecification"]["metricName"]
    assert tracking["CustomizedMetricSpecification"]["MetricName"] == metric


@both
def test_target_groups_ask_servers_whether_they_are_ready(applied, shape):
    stack = applied[shape]
    found = stack.client("elbv2").describe_target_groups()["TargetGroups"]
    checks = {
        (
            group["Port"],
            group["ProtocolVersion"],
            group["HealthCheckPath"],
            group["HealthCheckPort"],
            group["Matcher"].get("GrpcCode") or group["Matcher"].get("HttpCode"),
            group["HealthCheckIntervalSeconds"],
        )
        for group in found
    }
    assert checks == {
        (
            group["port"],
            group["protocolVersion"],
            group["healthCheck"]["path"],
            group["healthCheck"]["port"],
            group["healthCheck"]["matcher"],
            group["healthCheck"]["interval"],
        )
        for group in stack.all_declared("TargetGroup")
    }


@both
def test_the_load_balancer_speaks_tls_and_nothing_else(applied, shape):
    stack = applied[shape]
    elbv2 = stack.client("elbv2")
    balancer = only(elbv2.describe_load_balancers()["LoadBalancers"])["LoadBalancerArn"]
    listeners = elbv2.describe_listeners(LoadBalancerArn=balancer)["Listeners"]
    plain, tls = sorted(listeners, key=lambda listener: listener["Port"])
    assert (plain["Port"], plain["Protocol"]) == (80, "HTTP")
    assert only(plain["DefaultActions"])["RedirectConfig"]["Protocol"] == "HTTPS"
    assert (tls["Port"], tls["Protocol"]) == (443, "HTTPS")
    assert tls["SslPolicy"] == stack.declared("prod-public-alb-https")["sslPolicy"]
    arn = only(tls["Certificates"])["CertificateArn"]
    certificate = stack.client("acm").describe_certificate(CertificateArn=arn)["Certificate"]
    assert (certificate["DomainName"], certificate["Status"]) == ("models.example.com", "ISSUED")
    rules = elbv2.describe_rules(ListenerArn=tls["ListenerArn"])["Rules"]
    priorities = {int(rule["Priority"]) for rule in rules if not rule["IsDefault"]}
    assert priorities == {rule["priority"] for rule in stack.all_declared("ListenerRule")}


@both
def test_the_load_balancer_is_protected_and_keeps_access_logs(applied, shape):
    stack = applied[shape]
    elbv2 = stack.client("elbv2")
    balancer = only(elbv2.describe_load_balancers()["LoadBalancers"])["LoadBalancerArn"]
    found = elbv2.describe_load_balancer_attributes(LoadBalancerArn=balancer)["Attributes"]
    attributes = {each["Key"]: each["Value"] for each in found}
    assert attributes["deletion_protection.enabled"] == "true"
    assert attributes["routing.http.drop_invalid_header_fields.enabled"] == "true"
    assert attributes["access_logs.s3.enabled"] == "true"
    assert attributes["access_logs.s3.bucket"] in stack.buckets()
    acl = stack.client("wafv2").get_web_acl_for_resource(ResourceArn=balancer)["WebACL"]
    assert {rule["Name"] for rule in acl["Rules"]} == {
        rule["name"] for rule in stack.declared("prod-ingress-waf-acl")["rules"]
    }


@both
def test_buckets_are_versioned_encrypted_closed_and_reached_by_tls_alone(applied, shape):
    stack = applied[shape]
    s3 = stack.client("s3")
    encryption = {}
    for name in stack.buckets():
        assert s3.get_bucket_versioning(Bucket=name)["Status"] == "Enabled"
        closed = s3.get_public_access_block(Bucket=name)["PublicAccessBlockConfiguration"]
        assert list(closed.values()) == [True] * 4
        rules = s3.get_bucket_encryption(Bucket=name)["ServerSideEncryptionConfiguration"]["Rules"]
        default = only(rules)["ApplyServerSideEncryptionByDefault"]
        encryption[default["SSEAlgorithm"]] = default.get("KMSMasterKeyID")
        policy = json.loads(s3.get_bucket_policy(Bucket=name)["Policy"])
        refused = only([s for s in policy["Statement"] if s["Sid"] == "EncryptedTransportOnly"])
        assert (refused["Effect"], refused["Principal"]) == ("Deny", "*")
        assert refused["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
        assert set(refused["Resource"]) == {f"arn:aws:s3:::{name}", f"arn:aws:s3:::{name}/*"}
    key = stack.client("kms").describe_key(KeyId="alias/slipway-prod")["KeyMetadata"]["Arn"]
    assert encryption == {"AES256": None, "aws:kms": key}


@both
def test_buckets_have_the_declared_policies(applied, shape):
    stack = applied[shape]
    s3 = stack.client("s3")
    for declared in stack.all_declared("aws:s3/bucketPolicy:BucketPolicy"):
        given = s3.get_bucket_policy(Bucket=declared["bucket"])["Policy"]
        assert json.loads(given) == json.loads(declared["policy"])


@both
def test_the_key_has_its_alias_and_is_rotated(applied, shape):
    kms = applied[shape].client("kms")
    key = kms.describe_key(KeyId="alias/slipway-prod")["KeyMetadata"]["KeyId"]
    assert kms.get_key_rotation_status(KeyId=key)["KeyRotationEnabled"]


@both
def test_every_alarm_is_there_and_tells_the_topic(applied, shape):
    stack = applied[shape]
    found = stack.client("cloudwatch").describe_alarms()["MetricAlarms"]
    alarms = {
        alarm["AlarmName"]: alarm for alarm in found if "TargetTracking" not in alarm["AlarmName"]
    }
    assert alarms.keys() == {alarm["name"] for alarm in stack.all_declared("MetricAlarm")}
    topic = only(stack.client("sns").list_topics()["Topics"])["TopicArn"]
    assert {topic} == {action for alarm in alarms.values() for action in alarm["AlarmActions"]}


@both
def test_roles_may_do_what_is_declared(applied, shape):
    stack = applied[shape]
    iam = stack.client("iam")
    policies = stack.all_declared("RolePolicy")
    for declared in policies:
        names = iam.list_role_policies(RoleName=declared["role"])["PolicyNames"]
        given = iam.get_role_policy(RoleName=declared["role"], PolicyName=only(names))
        assert given["PolicyDocument"] == json.loads(declared["policy"])
    assert policies


@both
def test_servers_are_found_by_name_in_the_network_alone(applied, shape):
    stack = applied[shape]
    discovery = stack.client("servicediscovery")
    namespace = only(discovery.list_namespaces()["Namespaces"])
    assert (namespace["Name"], namespace["Type"]) == ("prod.slipway.internal", "DNS_PRIVATE")
    service = only(discovery.list_services()["Services"])
    assert service["Name"] == stack.declared("prod-discovery-service")["name"]
    instance = only(discovery.list_instances(ServiceId=service["Id"])["Instances"])
    balancer = only(stack.client("elbv2").describe_load_balancers()["LoadBalancers"])
    assert instance["Attributes"]["AWS_ALIAS_DNS_NAME"] == balancer["DNSName"]


@both
def test_the_network_has_no_open_default_group_and_is_logged(applied, shape):
    stack = applied[shape]
    ec2 = stack.client("ec2")
    network = only([vpc for vpc in ec2.describe_vpcs()["Vpcs"] if not vpc["IsDefault"]])["VpcId"]
    within = [{"Name": "vpc-id", "Values": [network]}]
    groups = ec2.describe_security_groups(Filters=within)["SecurityGroups"]
    default = only([group for group in groups if group["GroupName"] == "default"])
    assert (default["IpPermissions"], default["IpPermissionsEgress"]) == ([], [])
    assert only(ec2.describe_flow_logs()["FlowLogs"])["ResourceId"] == network


def test_a_task_is_defined_as_declared(applied):
    stack = applied["container"]
    ecs = stack.client("ecs")
    declared = stack.declared("prod-containers-task-definition")
    task = ecs.describe_task_definition(taskDefinition=declared["family"])["taskDefinition"]
    assert task["networkMode"] == declared["networkMode"]
    assert task["taskRoleArn"] == declared["taskRoleArn"]
    assert task["executionRoleArn"] == declared["executionRoleArn"]
    container = only(task["containerDefinitions"])
    for name, value in only(json.loads(declared["containerDefinitions"])).items():
        assert container[name] == value, name


def test_a_service_keeps_the_tasks_on_the_group(applied):
    stack = applied["container"]
    ecs = stack.client("ecs")
    declared = stack.declared("prod-containers-service")
    found = ecs.describe_services(cluster="slipway-prod", services=["slipway-prod"])["services"]
    service = only(found)
    assert service["taskDefinition"].endswith(":task-definition/slipway-prod:1")
    assert service["desiredCount"] == declared["desiredCount"]
    balancers = {each["targetGroupArn"]: each["containerPort"] for each in service["loadBalancers"]}
    assert balancers == {
        each["targetGroupArn"]: each["containerPort"] for each in declared["loadBalancers"]
    }
    deployment = service["deploymentConfiguration"]
    assert set(deployment["alarms"]["alarmNames"]) == set(declared["alarms"]["alarmNames"])
    assert deployment["deploymentCircuitBreaker"] == {"enable": True, "rollback": True}
    name = only(service["capacityProviderStrategy"])["capacityProvider"]
    provider = only(ecs.describe_capacity_providers(capacityProviders=[name])["capacityProviders"])
    assert (
        provider["autoScalingGroupProvider"]["autoScalingGroupArn"]
        == (group_of(stack)["AutoScalingGroupARN"])
    )


@both
def test_another_image_changes_nothing_but_what_runs_it(updated, shape):
    _, changes = updated[shape]
    assert changes == NEW_IMAGE[shape]


def test_another_image_is_a_version_of_the_template_that_the_rollout_brings(updated):
    stack, _ = updated["cluster"]
    newest = latest(stack)
    assert newest["VersionNumber"] == 2
    properties = stack.graph.named("prod-fleet-servers-template").properties
    given = decoded(newest["LaunchTemplateData"]["UserData"])
    assert given == stack.real(decoded(properties["userData"]))
    template = group_of(stack)["MixedInstancesPolicy"]["LaunchTemplate"]
    assert template["LaunchTemplateSpecification"]["Version"] == "1"


def test_another_image_is_a_revision_of_the_task_beside_the_one_before(updated):
    stack, _ = updated["container"]
    ecs = stack.client("ecs")
    service = only(
        ecs.describe_services(cluster="slipway-prod", services=["slipway-prod"])["services"]
    )
    assert service["taskDefinition"].endswith(":task-definition/slipway-prod:2")
    revisions = ecs.list_task_definitions(familyPrefix="slipway-prod")["taskDefinitionArns"]
    assert len(revisions) == 2
    images = [
        only(
            ecs.describe_task_definition(taskDefinition=revision)["taskDefinition"][
                "containerDefinitions"
            ]
        )["image"]
        for revision in revisions
    ]
    declared = stack.declared("prod-containers-task-definition")["containerDefinitions"]
    assert images[1] == only(json.loads(declared))["image"] != images[0]


LEFT: dict[str, Callable[[Any], list[Any]]] = {
    "ec2 networks": lambda on: [v for v in on("ec2").describe_vpcs()["Vpcs"] if not v["IsDefault"]],
    "ec2 templates": lambda on: on("ec2").describe_launch_templates()["LaunchTemplates"],
    "ec2 addresses": lambda on: on("ec2").describe_addresses()["Addresses"],
    "ec2 endpoints": lambda on: [
        e for e in on("ec2").describe_vpc_endpoints()["VpcEndpoints"] if e["State"] != "deleted"
    ],
    "groups": lambda on: on("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"],
    "load balancers": lambda on: on("elbv2").describe_load_balancers()["LoadBalancers"],
    "target groups": lambda on: on("elbv2").describe_target_groups()["TargetGroups"],
    "certificates": lambda on: on("acm").list_certificates()["CertificateSummaryList"],
    "buckets": lambda on: on("s3").list_buckets()["Buckets"],
    "aliases": lambda on: [
        a
        for a in on("kms").list_aliases()["Aliases"]
        if not a["AliasName"].startswith("alias/aws/")
    ],
    "alarms": lambda on: on("cloudwatch").describe_alarms()["MetricAlarms"],
    "dashboards": lambda on: on("cloudwatch").list_dashboards()["DashboardEntries"],
    "logs": lambda on: on("logs").describe_log_groups()["logGroups"],
    "roles": lambda on: on("iam").list_roles()["Roles"],
    "namespaces": lambda on: on("servicediscovery").list_namespaces()["Namespaces"],
    "topics": lambda on: on("sns").list_topics()["Topics"],
    "repositories": lambda on: on("ecr").describe_repositories()["repositories"],
    "clusters": lambda on: [
        c
        for c in on("ecs").describe_clusters(clusters=["slipway-prod"])["clusters"]
        if c["status"] != "INACTIVE"
    ],
    "web ACLs": lambda on: on("wafv2").list_web_acls(Scope="REGIONAL")["WebACLs"],
}
"""What there may be of each kind after all was destroyed: nothing."""


@both
def test_before_a_destroy_every_question_finds_something(updated, shape):
    stack, _ = updated[shape]
    missing = {kind for kind, ask in LEFT.items() if not ask(stack.client)}
    assert missing == ({"clusters"} if shape == "cluster" else set())


@both
def test_after_a_destroy_nothing_is_left(destroyed, shape):
    stack = destroyed[shape]
    assert stack.state["resources"] == []
    left = {kind: found for kind, ask in LEFT.items() if (found := ask(stack.client))}
    assert left == {}
