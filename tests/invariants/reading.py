"""What several invariants read from a graph."""

import base64
import json

from slipway.stack.graph import texts

INVARIANTS = []


def invariant(check):
    """A function that takes a graph and asserts one thing that holds for every stack."""
    INVARIANTS.append(check)
    return check


def kind(resource):
    return resource.type.rpartition(":")[2]


def documents(graph):
    """Every policy document: (resource, statement), whatever property holds it."""
    for resource in graph.resources:
        for text in texts(resource.properties):
            if text.startswith("{") and '"Statement"' in text:
                for statement in json.loads(text)["Statement"]:
                    yield resource, statement


def listed(value):
    return value if isinstance(value, list) else [value]


def group_of(graph):
    (group,) = graph.of("aws:autoscaling/group:Group")
    return group


def template_of(graph):
    (template,) = graph.of("LaunchTemplate")
    return template


def user_data(graph):
    return base64.b64decode(template_of(graph).properties["userData"]).decode()


def spot_possible(graph):
    distribution = group_of(graph).properties["mixedInstancesPolicy"]["instancesDistribution"]
    maximum = group_of(graph).properties["maxSize"]
    percent = distribution.get("onDemandPercentageAboveBaseCapacity", 100)
    return percent < 100 and distribution.get("onDemandBaseCapacity", 0) < maximum


def hook_of(graph, transition):
    for hook in group_of(graph).properties.get("initialLifecycleHooks", []):
        if hook["lifecycleTransition"] == f"autoscaling:EC2_INSTANCE_{transition}":
            return hook
    return None
