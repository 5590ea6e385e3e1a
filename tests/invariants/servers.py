"""How servers boot, are replaced, and leave."""

import base64
import json
import re

from slipway import contract
from tests.invariants.reading import (
    containers,
    files,
    group_of,
    hook_of,
    invariant,
    spot_possible,
    template_of,
    user_data,
)


@invariant
def metadata_needs_a_token(graph):
    options = template_of(graph).properties["metadataOptions"]
    assert options["httpTokens"] == "required"
    assert options["httpEndpoint"] == "enabled"
    bridged = any(t.properties["networkMode"] == "bridge" for t in graph.of("TaskDefinition"))
    assert options["httpPutResponseHopLimit"] == 1 or bridged


@invariant
def a_refresh_can_roll_back(graph):
    """Auto-rollback is refused for `$Latest`, `$Default` and an AMI given as a parameter. It goes
    back to what the group says, which nothing but the refresh may change.
    """
    group = group_of(graph)
    assert "instanceRefresh" not in group.properties
    assert "mixedInstancesPolicy" in group.ignore_changes
    assert graph.of("Rollout")
    (rollout,) = graph.of("Rollout")
    assert rollout.properties["group"] == group.properties["name"]
    desired = json.loads(rollout.properties["desired"])["MixedInstancesPolicy"]["LaunchTemplate"]
    version = desired["LaunchTemplateSpecification"]["Version"]
    made_with = group.properties["mixedInstancesPolicy"]["launchTemplate"]
    assert version == made_with["launchTemplateSpecification"]["version"]
    assert version.isdigit()
    assert graph.target(version) is template_of(graph)
    assert "resolve:" not in template_of(graph).properties["imageId"]
    preferences = json.loads(rollout.properties["preferences"])
    assert preferences["AutoRollback"] is True
    alarms = {alarm.properties["name"] for alarm in graph.of("MetricAlarm")}
    watched = preferences["AlarmSpecification"]["Alarms"]
    assert watched
    for name in watched:
        referred = name in graph.references and graph.target(name).type.endswith(":MetricAlarm")
        assert referred or name in alarms


@invariant
def a_group_keeps_the_hooks_it_was_made_with(graph):
    """Changes of `initialLifecycleHooks` never reach AWS: the same hooks stand beside the group."""
    group = group_of(graph)
    beside = {hook.properties["name"]: dict(hook.properties) for hook in graph.of("LifecycleHook")}
    for properties in beside.values():
        assert properties.pop("autoscalingGroupName") == group.properties["name"]
    initial = group.properties.get("initialLifecycleHooks", [])
    assert beside == {hook["name"]: hook for hook in initial}


@invariant
def draining_fits_into_the_notice(graph):
    hook = hook_of(graph, "TERMINATING")
    if hook is None:
        assert graph.of("CapacityProvider")  # ECS drains with a hook of its own
        (provider,) = graph.of("CapacityProvider")
        assert provider.properties["autoScalingGroupProvider"]["managedDraining"] == "ENABLED"
        longest = 120 if spot_possible(graph) else 7200
    else:
        longest = hook["heartbeatTimeout"]
        assert longest <= (120 if spot_possible(graph) else 7200)
    for group in graph.of("TargetGroup"):
        assert group.properties["deregistrationDelay"] <= longest


@invariant
def a_warm_pool_and_spot_exclude_each_other(graph):
    assert not (spot_possible(graph) and group_of(graph).properties.get("warmPool"))


@invariant
def readiness_is_seen(graph):
    """The node is asked, by HTTP or by gRPC: Triton is ready before its models are loaded."""
    asked = {
        "HTTP1": (str(contract.READINESS_PORT), contract.HEALTH_READY),
        "GRPC": (str(contract.GRPC_READINESS_PORT), contract.GRPC_HEALTH),
        None: (str(contract.READINESS_PORT), contract.HEALTH_READY),  # TCP
    }
    groups = graph.of("TargetGroup")
    assert bool(groups) == bool(graph.of("LoadBalancer"))
    for group in groups:
        check = group.properties["healthCheck"]
        assert check["protocol"] == "HTTP"
        assert (check["port"], check["path"]) == asked[group.properties.get("protocolVersion")]


@invariant
def boot_is_small_and_holds_no_secret(graph):
    data = user_data(graph)
    assert len(base64.b64decode(template_of(graph).properties["userData"])) <= 16 * 1024
    assert not re.search(r"AKIA[A-Z0-9]{16}|-----BEGIN|(?i:password|secret_access)", data)


@invariant
def images_are_pinned_by_digest(graph):
    """Every container's, and what is pulled and run on a server is the one image named there."""
    texts_ = files(graph).values()
    images = [container["image"] for container in containers(graph)]
    images += [name for text in texts_ for name in re.findall(r"^IMAGE=(.*)$", text, re.MULTILINE)]
    assert images
    for image in images:
        assert re.fullmatch(r"\S+@sha256:[0-9a-f]{64}", image), image
    for text in texts_:
        for command in re.findall(
            r"^\s*(?:exec )?docker .*\b(?:pull|run)\b.*$", text, re.MULTILINE
        ):
            assert command.endswith('"$IMAGE"'), command


@invariant
def containers_are_confined(graph):
    for container in containers(graph):
        assert container["readonlyRootFilesystem"] is True
        assert container["user"].startswith("1000")
        assert not container.get("privileged", False)
    if not graph.of("TaskDefinition"):
        for flag in ("--read-only", "--user", "--cap-drop"):
            assert flag in user_data(graph)
