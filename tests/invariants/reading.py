"""What several invariants read from a graph."""

import base64
import functools
import json
import re

import yaml

from slipway.stack.graph import texts

INVARIANTS = []
HAS_GPU = re.compile(r"(g|gr|p)\d")
"""EC2's families of instances with a GPU of NVIDIA's, at the start of a type."""


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


def files(graph):
    """What user data writes on a server: path to content."""
    return _files(user_data(graph))


@functools.cache
def _files(text):
    return {file["path"]: file["content"] for file in yaml.safe_load(text)["write_files"]}


def containers(graph):
    """The containers of all tasks, as ECS reads them."""
    return [
        container
        for task in graph.of("TaskDefinition")
        for container in json.loads(task.properties["containerDefinitions"])
    ]


def has_gpu(graph):
    """Whether servers have a GPU: all, or none."""
    overrides = group_of(graph).properties["mixedInstancesPolicy"]["launchTemplate"]["overrides"]
    types = [each["instanceType"] for each in overrides]
    (found,) = {bool(HAS_GPU.match(type_)) for type_ in types}
    return found


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
