"""What Pulumi and AWS want of any program."""

from slipway.stack.graph import REFERENCE, texts
from tests.invariants.reading import invariant, kind

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""What Pulumi writes for an output that nobody gave a value."""
RANDOM = len("-abcdef0")
"""What Pulumi adds to a logical name to make a name."""
LONGEST = {
    "LoadBalancer": 32,
    "TargetGroup": 32,
    "Role": 64,
    "InstanceProfile": 128,
    "Bucket": 63,
    "Group": 255,
    "LaunchTemplate": 128,
    "Topic": 256,
    "TrustStore": 32,
    "WebAcl": 128,
    "SecurityGroup": 255,
    "Repository": 256,
    "Cluster": 255,
    "Budget": 100,
    "MetricAlarm": 255,
    "LogGroup": 512,
    "Parameter": 1011,
    "CapacityProvider": 255,
    "Dashboard": 255,
}
"""Characters that AWS allows in a name, by kind (Terraform AWS provider's and AWS's API models)."""


@invariant
def every_reference_resolves(graph):
    for resource in graph.resources:
        for text in texts(resource.properties):
            assert UNKNOWN not in text, resource.name
            for token in REFERENCE.findall(text):
                assert token in graph.references or "example.com" in token, (resource.name, token)


@invariant
def everything_has_a_component_and_the_one_provider(graph):
    for resource in graph.resources:
        if not resource.custom or resource.type.startswith("pulumi:"):
            continue
        assert graph.by_urn(resource.parent).type.startswith("slipway:"), resource.name
        by_program = resource.type.startswith("pulumi-python:")
        assert by_program or "::aws::" in resource.provider, resource.name


@invariant
def names_are_within_aws_limits(graph):
    for resource in graph.resources:
        longest = LONGEST.get(kind(resource))
        if longest and resource.custom:
            given = resource.properties.get("name") or resource.properties.get("bucket")
            length = len(given) if given else len(resource.name) + RANDOM
            assert length <= longest, (resource.type, given or resource.name)
        if kind(resource) == "Bucket":
            assert resource.name == resource.name.lower()


@invariant
def data_is_protected_in_prod(graph):
    if graph.stack != "prod":
        return
    for resource in graph.of("aws:s3/bucket:Bucket", "aws:kms/key:Key", "Repository"):
        assert resource.protect, resource.name
        assert not resource.properties.get("forceDestroy")
        assert not resource.properties.get("forceDelete")
    for balancer in graph.of("LoadBalancer"):
        assert balancer.properties["enableDeletionProtection"] is True


@invariant
def outputs_are_there(graph):
    assert {"endpoint", "bucket", "store", "dashboard", "group"} <= set(graph.outputs)
