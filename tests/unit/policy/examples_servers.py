"""Servers: how they start, are bought, and leave."""

import base64
import json

from policy.rules.model import UNKNOWN
from tests.unit.policy.examples import a, bad, good

REGISTRY = "1.dkr.ecr.eu-west-1.amazonaws.com/slipway"
PINNED = f"{REGISTRY}@sha256:{'0' * 64}"
LAUNCHING = "autoscaling:EC2_INSTANCE_LAUNCHING"
TERMINATING = "autoscaling:EC2_INSTANCE_TERMINATING"
TYPES = ("g6.xlarge", "g5.xlarge", "g4dn.xlarge")
ASG = a("Group", name="fleet")


def encoded(text):
    return base64.b64encode(text.encode()).decode()


def task(image, mode="host"):
    containers = json.dumps([{"name": "triton", "image": image}])
    return a("TaskDefinition", networkMode=mode, containerDefinitions=containers)


def template(**options):
    return a("LaunchTemplate", metadataOptions=options)


def group(*, percent=100, base=0, types=TYPES, version="3", environment="prod", **properties):
    mixed = {
        "instancesDistribution": {
            "onDemandBaseCapacity": base,
            "onDemandPercentageAboveBaseCapacity": percent,
            "spotAllocationStrategy": "price-capacity-optimized",
        },
        "launchTemplate": {
            "launchTemplateSpecification": {"launchTemplateId": "lt-1", "version": version},
            "overrides": [{"instanceType": name} for name in types],
        },
    }
    return a("Group", environment=environment, mixedInstancesPolicy=mixed, **properties)


def hook(transition, seconds, result="ABANDON"):
    return {
        "lifecycleTransition": transition,
        "heartbeatTimeout": seconds,
        "defaultResult": result,
    }


def rollout(environment="prod", **preferences):
    settings = {"MinHealthyPercentage": 100, "AutoRollback": True, **preferences}
    return a("Rollout", environment=environment, preferences=json.dumps(settings))


SPARING = ((1, 0), (2, 50), (3, 66), (4, 75), (10, 90), (30, 90), (12, 100))
"""How many servers there are, and the percent that stays."""


def replacing(servers, healthy):
    """A group and its rollout."""
    asg = a("Group", name="fleet", minSize=servers)
    if healthy is UNKNOWN:
        return asg, a("Rollout", refers={"group": asg}, preferences=UNKNOWN)
    preferences = json.dumps({"MinHealthyPercentage": healthy})
    return asg, a("Rollout", refers={"group": asg}, preferences=preferences)


def bringing(version):
    template = {"LaunchTemplateSpecification": {"Version": version}}
    desired = {"MixedInstancesPolicy": {"LaunchTemplate": template}}
    return a("Rollout", desired=json.dumps(desired))


def loading(gib, **properties):
    tags = [{"key": "ModelGiB", "value": str(gib), "propagateAtLaunch": False}]
    return a("Group", name="fleet", tags=tags, **properties)


def drained(seconds):
    return a("TargetGroup", deregistrationDelay=seconds)


EXAMPLES = (
    good("metadata-v2", template(httpTokens="required")),
    good("metadata-v2", a("LaunchTemplate", metadataOptions=UNKNOWN)),
    bad("metadata-v2", "IMDSv1", a("LaunchTemplate")),
    bad("metadata-v2", "IMDSv1", a("Instance", metadataOptions={"httpTokens": "optional"})),
    good("metadata-hop-limit", template(httpPutResponseHopLimit=1)),
    good("metadata-hop-limit", template(httpPutResponseHopLimit=2.0), task(PINNED, "bridge")),
    good("metadata-hop-limit", template(httpPutResponseHopLimit=UNKNOWN)),
    bad("metadata-hop-limit", "limit 2: set 1", template(httpPutResponseHopLimit=2)),
    bad("metadata-hop-limit", "limit 3", template(httpPutResponseHopLimit=3), task("i", "bridge")),
    bad("metadata-hop-limit", "limit None", a("Instance")),
    good("template-version-pinned", group(version="7")),
    good("template-version-pinned", group(version=UNKNOWN)),
    good("template-version-pinned", a("Group", launchTemplate={"id": "lt-1", "version": "12"})),
    bad("template-version-pinned", "$Latest", group(version="$Latest")),
    bad("template-version-pinned", "$Default", a("Group", launchTemplate={"id": "lt-1"})),
    good("machine-image-pinned", a("LaunchTemplate", imageId="ami-1"), a("Instance", ami=UNKNOWN)),
    bad("machine-image-pinned", "pin", a("LaunchTemplate", imageId="resolve:ssm:/aws/x")),
    bad("machine-image-pinned", "pin", a("Instance", ami="resolve:ssm:/aws/x")),
    good("container-image-pinned", task(PINNED), a("TaskDefinition", containerDefinitions=UNKNOWN)),
    good("container-image-pinned", a("LaunchTemplate", userData=encoded(f"docker run {PINNED}"))),
    good("container-image-pinned", a("Instance", userData="#!/bin/sh\nfree -m")),
    bad("container-image-pinned", ":latest", task(f"{REGISTRY}:latest")),
    bad("container-image-pinned", "runs slipway", task("slipway")),
    bad(
        "container-image-pinned",
        "tritonserver:26.07",
        a("LaunchTemplate", userData=encoded("docker run nvcr.io/nvidia/tritonserver:26.07-py3")),
    ),
    bad(
        "container-image-pinned",
        "@images.repositoryUrl@:v1",
        a("LaunchTemplate", userData=encoded("IMAGE=@images.repositoryUrl@:v1\n")),
    ),
    good("no-ssh-key", a("LaunchTemplate"), a("Instance")),
    bad("no-ssh-key", "Session Manager", a("LaunchTemplate", keyName="mine")),
    good("rollout-of-groups", ASG, a("Rollout", refers={"group": ASG})),
    bad("rollout-of-groups", "give it a Rollout", ASG),
    bad("rollout-of-groups", "give it a Rollout", ASG, a("Rollout", group="another")),
    bad(
        "rollout-of-groups",
        "leave it to a Rollout",
        a("Group", instanceRefresh={"strategy": "Rolling"}),
        a("Rollout", refers={"group": a("Group")}),
    ),
    good("rollout-rolls-back", rollout(AlarmSpecification={"Alarms": ["errors"]})),
    good("rollout-rolls-back", rollout(environment="dev")),
    good("rollout-rolls-back", a("Rollout", preferences=UNKNOWN)),
    bad("rollout-rolls-back", "set AutoRollback", rollout(environment="dev", AutoRollback=False)),
    bad("rollout-rolls-back", "set AutoRollback", rollout(environment="dev", AutoRollback=None)),
    bad("rollout-rolls-back", "name alarms", rollout()),
    *(good("rollout-spares-servers", *replacing(*few)) for few in SPARING),
    good("rollout-spares-servers", *replacing(0, 66), a("Service", desiredCount=3)),
    good("rollout-spares-servers", *replacing(0, 0), a("Service", desiredCount=UNKNOWN)),
    good("rollout-spares-servers", *replacing(12, UNKNOWN)),
    bad("rollout-spares-servers", "lose 2 of 3 servers at once: keep 66 %", *replacing(3, 33)),
    bad("rollout-spares-servers", "lose 2 of 2 servers at once: keep 50 %", *replacing(2, 0)),
    bad("rollout-spares-servers", "lose 2 of 12 servers at once: keep 90 %", *replacing(12, 80)),
    bad(
        "rollout-spares-servers",
        "lose 2 of 3 servers at once",
        *replacing(0, 33),
        a("Service", desiredCount=3),
    ),
    good("rollout-version-pinned", bringing("7"), a("Rollout", desired=UNKNOWN)),
    bad("rollout-version-pinned", "$Latest", bringing("$Latest")),
    bad("rollout-version-pinned", "$Default", a("Rollout", desired="{}")),
    good("warm-pool-without-spot", group(warmPool={"minSize": 1})),
    good("warm-pool-without-spot", group(percent=0, base=2, maxSize=2, warmPool={"minSize": 1})),
    good("warm-pool-without-spot", group(percent=UNKNOWN, warmPool={"minSize": 1})),
    bad("warm-pool-without-spot", "choose one", group(percent=50, warmPool={"minSize": 1})),
    good("on-demand-base", group(percent=0, base=1), group(percent=100)),
    good("on-demand-base", group(percent=0, environment="dev"), group(percent=0, base=UNKNOWN)),
    bad("on-demand-base", "at least one on demand", group(percent=0)),
    bad(
        "on-demand-base",
        "spot instances only",
        a("LaunchTemplate", instanceMarketOptions={"marketType": "spot"}),
    ),
    good("spot-interruptions", group(percent=0, capacityRebalance=True), group()),
    bad("spot-interruptions", "set capacityRebalance", group(percent=0)),
    bad(
        "spot-interruptions",
        "buys spot by lowest-price",
        a(
            "Group",
            capacityRebalance=True,
            mixedInstancesPolicy={
                "instancesDistribution": {"onDemandPercentageAboveBaseCapacity": 0}
            },
        ),
    ),
    good("spot-choice", group(percent=0), group(types=TYPES[:1])),
    bad("spot-choice", "of 2 instance type", group(percent=0, types=TYPES[:2])),
    good("launch-time", loading(20, initialLifecycleHooks=[hook(LAUNCHING, 1800)])),
    good("launch-time", loading(0, healthCheckGracePeriod=900, healthCheckType="ELB")),
    good("launch-time", loading(0, healthCheckGracePeriod=UNKNOWN, healthCheckType="ELB")),
    good(
        "launch-time",
        loading(20),
        a("LifecycleHook", refers={"autoscalingGroupName": ASG}, **hook(LAUNCHING, 1800)),
    ),
    good("launch-time", loading(2000, initialLifecycleHooks=[hook(LAUNCHING, 7200)])),
    bad(
        "launch-time",
        "after 600 s: it needs 1180 s",
        loading(20, initialLifecycleHooks=[hook(LAUNCHING, 600)]),
    ),
    bad(
        "launch-time",
        "ABANDON it",
        loading(1, initialLifecycleHooks=[hook(LAUNCHING, 1800, "CONTINUE")]),
    ),
    good("launch-time", loading(20)),
    good(
        "launch-time",
        *(loading(20), a("Service", loadBalancers=[{}], healthCheckGracePeriodSeconds=1800)),
    ),
    bad(
        "launch-time",
        "after 300 s",
        loading(0, healthCheckGracePeriod=300, healthCheckType="EBS,ELB"),
    ),
    bad("launch-time", "after None s", loading(0, healthCheckType="ELB")),
    bad(
        "launch-time",
        "tasks after 60 s, they need 1180 s",
        *(loading(20), a("Service", loadBalancers=[{}], healthCheckGracePeriodSeconds=60)),
    ),
    good("drain-time", drained(60), group(initialLifecycleHooks=[hook(TERMINATING, 100)])),
    good("drain-time", drained(60)),
    good("drain-time", drained(UNKNOWN), group(initialLifecycleHooks=[hook(TERMINATING, 100)])),
    bad(
        "drain-time",
        "for 180 s, but the server is gone after 100 s",
        drained(180),
        group(initialLifecycleHooks=[hook(TERMINATING, 100)]),
    ),
    bad(
        "drain-time",
        "for 300 s, but",
        *(a("TargetGroup"), group(initialLifecycleHooks=[hook(TERMINATING, 100)])),
    ),
    bad("drain-time", "a spot instance has 120 s", drained(150), group(percent=0)),
    bad(
        "drain-time",
        "longer than spot's notice",
        group(percent=0, initialLifecycleHooks=[hook(TERMINATING, 180)]),
    ),
)
