"""Every invariant can fail: each is shown a stack in which one thing is wrong."""

import base64
import copy
import json
import re
from dataclasses import replace

import pytest

from tests.invariants import INVARIANTS
from tests.stacks import evaluated

GROUP = "aws:autoscaling/group:Group"
LISTENER = "aws:lb/listener:Listener"
DASHBOARD = "aws:cloudwatch/dashboard:Dashboard"
CHECKS = {check.__name__: check for check in INVARIANTS}


def put(value, *path):
    """A change: this value at that path of a resource's properties."""

    def change(properties):
        inner = properties
        for step in path[:-1]:
            inner = inner[step]
        inner[path[-1]] = value

    return change


def within(name, value, *path):
    """A change: this value at that path of a property that is JSON."""

    def change(properties):
        inner = json.loads(properties[name])
        put(value, *path)(inner)
        properties[name] = json.dumps(inner)

    return change


def allow(action, resource="*", **more):
    """A change: a policy document that allows this as well."""

    def change(properties):
        (name,) = [name for name in ("policy", "assumeRolePolicy") if name in properties]
        document = json.loads(properties[name])
        more.setdefault("Resource", resource)
        document["Statement"].append({"Effect": "Allow", "Action": action, **more})
        properties[name] = json.dumps(document)

    return change


def say(text):
    """A change: user data that has this in it."""

    def change(properties):
        data = base64.b64decode(properties["userData"]) + text.encode()
        properties["userData"] = base64.b64encode(data).decode()

    return change


def reword(pattern, text):
    """A change: user data in which the pattern is this instead."""

    def change(properties):
        data = base64.b64decode(properties["userData"]).decode()
        changed, times = re.subn(pattern, text, data)
        assert times
        properties["userData"] = base64.b64encode(changed.encode()).decode()

    return change


def reword_policy(text, other):
    """A change: the policy says something else."""

    def change(properties):
        assert text in properties["policy"]
        properties["policy"] = properties["policy"].replace(text, other)

    return change


def let_through(properties):
    """A change: a listener's rule forwards whatever there is below /v2."""
    properties["conditions"] = [{"pathPattern": {"values": ["/v2/*"]}}]
    properties["actions"] = [{"type": "forward"}]


VERSION = ("MixedInstancesPolicy", "LaunchTemplate", "LaunchTemplateSpecification", "Version")
CPU = put([{"instanceType": "c7i.2xlarge"}], "mixedInstancesPolicy", "launchTemplate", "overrides")


MISTAKES = [
    ("only_the_load_balancer_is_open_to_the_world", "prod-fleet-in-8000",
     put("0.0.0.0/0", "cidrIpv4")),
    ("only_the_load_balancer_is_open_to_the_world", "DefaultSecurityGroup", put([{}], "ingress")),
    ("every_rule_says_what_it_is_for", "prod-fleet-in-8000", put("", "description")),
    ("no_server_has_a_public_address", "prod-net-public-1", put(True, "mapPublicIpOnLaunch")),
    ("no_server_has_a_public_address", "LaunchTemplate",
     put("true", "networkInterfaces", 0, "associatePublicIpAddress")),
    ("no_server_has_a_public_address", GROUP,
     put(["@prod-net-public-1.id@"], "vpcZoneIdentifiers")),
    ("traffic_is_logged", "LoadBalancer", put(False, "accessLogs", "enabled")),
    ("every_store_is_encrypted", "Topic", put("", "kmsMasterKeyId")),
    ("every_store_is_encrypted", "LogGroup", put(None, "kmsKeyId")),
    ("every_store_is_encrypted", "BucketServerSideEncryptionConfiguration", None),
    ("every_volume_is_encrypted", "LaunchTemplate",
     put("false", "blockDeviceMappings", 0, "ebs", "encrypted")),
    ("every_bucket_is_closed", "BucketPublicAccessBlock", put(False, "blockPublicPolicy")),
    ("every_bucket_is_closed", "BucketPolicy", None),
    ("every_bucket_is_closed", "BucketPolicy", reword_policy('"s3:*"', '"s3:GetObject"')),
    ("every_bucket_is_closed", "BucketPolicy", reword_policy('"Deny"', '"Allow"')),
    ("no_allowed_action_has_a_wildcard", "RolePolicy", allow("s3:Get*", "arn:aws:s3:::a")),
    ("a_wildcard_resource_is_where_aws_knows_no_other", "RolePolicy", allow("s3:GetObject")),
    ("nobody_is_trusted_blindly", "aws:iam/role:Role", allow("sts:AssumeRole", Principal="*")),
    ("no_role_has_more_than_its_own_policies", "aws:iam/role:Role",
     put(["arn:aws:iam::aws:policy/AdministratorAccess"], "managedPolicyArns")),
    ("metadata_needs_a_token", "LaunchTemplate", put("optional", "metadataOptions", "httpTokens")),
    ("metadata_needs_a_token", "LaunchTemplate",
     put(2, "metadataOptions", "httpPutResponseHopLimit")),
    ("a_refresh_can_roll_back", "Rollout", within("desired", "$Latest", *VERSION)),
    ("a_refresh_can_roll_back", "Rollout", within("desired", "7", *VERSION)),
    ("a_refresh_can_roll_back", "Rollout", put("another", "group")),
    ("a_refresh_can_roll_back", "Rollout", None),
    ("a_refresh_can_roll_back", GROUP, put({"strategy": "Rolling"}, "instanceRefresh")),
    ("a_refresh_can_roll_back", "LaunchTemplate", put("resolve:ssm:/aws/ami", "imageId")),
    ("a_refresh_can_roll_back", "Rollout", within("preferences", False, "AutoRollback")),
    ("a_refresh_can_roll_back", "Rollout",
     within("preferences", ["gone"], "AlarmSpecification", "Alarms")),
    ("a_group_keeps_the_hooks_it_was_made_with", "LifecycleHook", None),
    ("a_group_keeps_the_hooks_it_was_made_with", "LifecycleHook", put(77, "heartbeatTimeout")),
    ("draining_fits_into_the_notice", GROUP,
     put(300, "initialLifecycleHooks", 1, "heartbeatTimeout")),
    ("draining_fits_into_the_notice", "TargetGroup", put(180, "deregistrationDelay")),
    ("a_warm_pool_and_spot_exclude_each_other", GROUP, put({"minSize": 1}, "warmPool")),
    ("readiness_is_seen", "TargetGroup", put("/v2/health/live", "healthCheck", "path")),
    ("readiness_is_seen", "TargetGroup", put("traffic-port", "healthCheck", "port")),
    ("boot_is_small_and_holds_no_secret", "LaunchTemplate", say("AKIA" + "A" * 16)),
    ("boot_is_small_and_holds_no_secret", "LaunchTemplate", say("x" * 16384)),
    ("images_are_pinned_by_digest", "LaunchTemplate",
     reword(r"(IMAGE=\S+?)@sha256:[0-9a-f]+", r"\1:0.1.0")),
    ("images_are_pinned_by_digest", "LaunchTemplate", reword("IMAGE=", "PICTURE=")),
    ("images_are_pinned_by_digest", "LaunchTemplate",
     reword(r'(docker run [^$]*\S+) \S*IMAGE\S?"', r"\1 nginx")),
    ("containers_are_confined", "LaunchTemplate", reword("--read-only", "")),
    ("listeners_speak_modern_tls", LISTENER, put("ELBSecurityPolicy-2016-08", "sslPolicy")),
    ("management_is_not_routed", "ListenerRule", let_through),
    ("management_is_not_routed", "ListenerRule", None),
    ("management_is_not_routed", LISTENER, put([{"type": "forward"}], "defaultActions")),
    ("alarms_watch_metrics_that_exist", "MetricAlarm",
     put([{"metric": {"namespace": "Slipway", "metricName": "Pending"}}], "metricQueries")),
    ("alarms_watch_metrics_that_exist", "MetricAlarm", put([], "alarmActions")),
    ("alarms_watch_metrics_that_exist", "prod-alarms-disk",
     put("another", "metricQueries", 0, "metric", "dimensions", "AutoScalingGroupName")),
    ("alarms_watch_metrics_that_exist", "prod-alarms-gpu-memory", None),
    ("alarms_watch_metrics_that_exist", GROUP, put(["GroupMinSize"], "enabledMetrics")),
    ("alarms_watch_metrics_that_exist", GROUP, CPU),
    ("alarms_watch_metrics_that_exist", "LoadBalancer", put("network", "loadBalancerType")),
    ("alarms_watch_metrics_that_exist", "WebAcl", put("other", "visibilityConfig", "metricName")),
    ("alarms_watch_metrics_that_exist", "WebAcl", put({"count": {}}, "rules", 0, "action")),
    ("alarms_watch_metrics_that_exist", "WebAcl", None),
    ("alarms_watch_metrics_that_exist", "prod-alarms-rate-limited",
     put("us-east-1", "metricQueries", 0, "metric", "dimensions", "Region")),
    ("alarms_watch_metrics_that_exist", "LaunchTemplate", reword("METRICS=cloudwatch", "METRICS=")),
    ("alarms_watch_metrics_that_exist", "LaunchTemplate", reword("memory_total", "memory_free")),
    ("alarms_watch_metrics_that_exist", "LaunchTemplate",
     reword(r"\^nv_inference_request_failure\$", "^nv_inference_exec_count$")),
    ("alarms_watch_metrics_that_exist", "LaunchTemplate",
     reword(r"nv_inference_request_failure\|", "")),
    ("the_dashboard_shows_metrics_that_exist", "LaunchTemplate", reword("temperature_gpu", "fan")),
    ("the_dashboard_shows_metrics_that_exist", "LaunchTemplate", reword(r',\\"model\\"', "")),
    ("the_dashboard_shows_metrics_that_exist", GROUP, CPU),
    ("the_dashboard_shows_metrics_that_exist", DASHBOARD, put('{"widgets": []}', "dashboardBody")),
    ("every_reference_resolves", "Topic", put("@prod-nothing.arn@", "kmsMasterKeyId")),
    ("names_are_within_aws_limits", "TargetGroup", put("n" * 33, "name")),
    ("data_is_protected_in_prod", "aws:s3/bucket:Bucket", put(True, "forceDestroy")),
    ("data_is_protected_in_prod", "LoadBalancer", put(False, "enableDeletionProtection")),
]  # fmt: skip
"""Invariant, the resources concerned (by logical name or by type), and what is done to them; None
takes them away."""


def tampered(graph, which, change):
    concerned = {r.urn for r in graph.resources if r.name == which} or {
        r.urn for r in graph.of(which) if r.custom
    }
    assert concerned, which
    resources = []
    for resource in graph.resources:
        if resource.urn not in concerned:
            resources.append(resource)
        elif change is not None:
            properties = copy.deepcopy(dict(resource.properties))
            change(properties)
            resources.append(replace(resource, properties=properties))
    return replace(graph, resources=tuple(resources))


@pytest.mark.parametrize(
    ("invariant", "which", "change"),
    MISTAKES,
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_an_invariant_fails_where_its_stack_is_wrong(invariant, which, change):
    graph = evaluated("prod")
    CHECKS[invariant](graph)
    wrong = tampered(graph, which, change)
    with pytest.raises(AssertionError):
        CHECKS[invariant](wrong)


def unprotected(graph):
    return replace(graph, resources=tuple(replace(r, protect=False) for r in graph.resources))


def orphaned(graph):
    stack = graph.resources[0]
    moved = tuple(
        replace(r, parent=stack.urn) if r.name == "prod-key-key" else r for r in graph.resources
    )
    return replace(graph, resources=moved)


def privileged(graph):
    (task,) = graph.of("TaskDefinition")
    text = task.properties["containerDefinitions"].replace(
        '"privileged": false', '"privileged": true'
    )
    changed = replace(task, properties={**task.properties, "containerDefinitions": text})
    return replace(graph, resources=tuple(changed if r is task else r for r in graph.resources))


def with_another_container(graph):
    (task,) = graph.of("TaskDefinition")
    both = [*json.loads(task.properties["containerDefinitions"]), {"image": "nginx:1.27"}]
    changed = replace(
        task, properties={**task.properties, "containerDefinitions": json.dumps(both)}
    )
    return replace(graph, resources=tuple(changed if r is task else r for r in graph.resources))


def without_insights(graph):
    (cluster,) = graph.of("aws:ecs/cluster:Cluster")
    off = [{"name": "containerInsights", "value": "disabled"}]
    changed = replace(cluster, properties={**cluster.properties, "settings": off})
    return replace(graph, resources=tuple(changed if r is cluster else r for r in graph.resources))


def hurried(graph):
    (balancer,) = graph.of("LoadBalancer")
    changed = replace(balancer, depends_on=())
    return replace(graph, resources=tuple(changed if r is balancer else r for r in graph.resources))


@pytest.mark.parametrize(
    ("invariant", "shape", "change"),
    [
        ("a_public_load_balancer_comes_after_the_way_to_the_internet", "", hurried),
        ("alarms_watch_metrics_that_exist", "container", without_insights),
        ("data_is_protected_in_prod", "", unprotected),
        ("everything_has_a_component_and_the_one_provider", "", orphaned),
        ("containers_are_confined", "container", privileged),
        ("images_are_pinned_by_digest", "container", with_another_container),
        ("outputs_are_there", "", lambda graph: replace(graph, outputs={})),
    ],
)
def test_an_invariant_fails_where_more_than_properties_is_wrong(invariant, shape, change):
    graph = evaluated("prod", shape)
    CHECKS[invariant](graph)
    wrong = change(graph)
    with pytest.raises(AssertionError):
        CHECKS[invariant](wrong)


def test_every_invariant_is_shown_a_mistake():
    apart = {
        "a_public_load_balancer_comes_after_the_way_to_the_internet",
        "everything_has_a_component_and_the_one_provider",
        "outputs_are_there",
    }
    assert set(CHECKS) == {invariant for invariant, *_ in MISTAKES} | apart
