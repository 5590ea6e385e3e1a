"""What storage, keys, images, names and messages cost."""

from collections.abc import Iterator
from decimal import Decimal

from slipway.stack.cost.lines import Basis, Line, Part, Unpriced, line, supposed, unpriced
from slipway.stack.cost.ranges import Range
from slipway.stack.cost.servers import running
from slipway.stack.graph import Resource

_ROTATIONS = 2
"""So many old versions of a key cost as much as the key; further ones nothing (from memory)."""


def bucket(resource: Resource, basis: Basis) -> Iterator[Line]:
    """What it stores, all in the standard class, and the requests to it."""
    use = basis.usage
    stored, writes, reads = use.bucket_gb, use.bucket_writes, use.bucket_reads
    yield line(
        resource,
        f"{stored} GB stored, {writes} writes, {reads} reads",
        Part(stored, "GB", basis.quote("s3_storage", resource)),
        Part(writes * Decimal("0.001"), "thousand writes", basis.quote("s3_writes", resource)),
        Part(reads * Decimal("0.001"), "thousand reads", basis.quote("s3_reads", resource)),
        assumptions=(
            supposed("GB in each bucket", stored),
            supposed("requests a month that write to each bucket", writes),
            supposed("requests a month that read each bucket", reads),
        ),
    )


def key(resource: Resource, basis: Basis) -> Iterator[Line]:
    """The key, its old versions where it is rotated, and requests."""
    rotated = bool(resource.properties.get("enableKeyRotation"))
    versions = Range.of(1, 1 + _ROTATIONS) if rotated else Range.of(1)
    requests = basis.usage.kms_requests
    yield line(
        resource,
        f"a KMS key{', rotated,' if rotated else ''} and {requests} requests",
        Part(versions, "versions", basis.quote("kms_key", resource)),
        Part(requests * Decimal("0.0001"), "× 10,000", basis.quote("kms_requests", resource)),
        assumptions=(
            supposed("requests a month to each key", requests),
            *(("A rotated key: none to two rotations have taken place",) if rotated else ()),
        ),
    )


def repository(resource: Resource, basis: Basis) -> Iterator[Line]:
    """The images in it."""
    stored = basis.usage.image_gb
    yield line(
        resource,
        f"{stored} GB of images",
        Part(stored, "GB", basis.quote("image_storage", resource)),
        assumptions=(supposed("GB of images in each repository", stored),),
    )


def parameter(resource: Resource, basis: Basis) -> Iterator[Line]:
    """Standard parameters are free of charge; `Intelligent-Tiering` makes them advanced if it has
    to.
    """
    tier = resource.properties.get("tier") or "Standard"
    if tier == "Standard":
        yield line(resource, "a standard parameter, free of charge")
        return
    amount = Range.of(1) if tier == "Advanced" else Range.of(0, 1)
    yield line(
        resource,
        f"a parameter of tier {tier}",
        Part(amount, "", basis.quote("advanced_parameter", resource)),
    )


def secret(resource: Resource, basis: Basis) -> Iterator[Line]:
    """By month; its requests cost too little to count."""
    yield line(resource, "a secret", Part(Range.of(1), "", basis.quote("secret", resource)))


def zone(resource: Resource, basis: Basis) -> Iterator[Line]:
    """A hosted zone of Route 53, also that of a private DNS namespace, and its queries."""
    queries = basis.usage.dns_queries
    yield line(
        resource,
        f"a hosted zone and {queries} queries",
        Part(Range.of(1), "zone", basis.quote("hosted_zone", resource)),
        Part(queries * Decimal("0.000001"), "million", basis.quote("dns_queries", resource)),
        assumptions=(supposed("queries a month to each hosted zone", queries),),
    )


def registered(resource: Resource, basis: Basis) -> Iterator[Line]:
    """Something that is registered with Cloud Map."""
    yield line(
        resource,
        "a resource registered with Cloud Map",
        Part(Range.of(1), "", basis.quote("cloud_map_resource", resource)),
    )


def discovery(resource: Resource, basis: Basis) -> Iterator[Line]:
    """A service of Cloud Map: servers register themselves where the stack registers nothing."""
    if basis.graph.of("aws:servicediscovery/instance:Instance"):
        yield line(resource, "what is registered is counted by itself")
        return
    number = running(basis).servers
    yield line(
        resource,
        f"servers registered with Cloud Map, {number} on average",
        Part(number, "servers", basis.quote("cloud_map_resource", resource)),
        assumptions=("Servers that no load balancer stands before register with Cloud Map",),
    )


def topic(resource: Resource, basis: Basis) -> Iterator[Line]:
    """What is published to it; what it sends is counted with its subscriptions."""
    sent = basis.usage.notifications
    yield line(
        resource,
        f"{sent} messages published",
        Part(sent * Decimal("0.000001"), "million", basis.quote("sns_publish", resource)),
        assumptions=(supposed("messages a month of each topic", sent),),
    )


def subscription(resource: Resource, basis: Basis) -> Iterator[Line | Unpriced]:
    """E-mails. What other protocols cost depends on where they lead."""
    protocol, sent = resource.properties.get("protocol"), basis.usage.notifications
    if protocol not in {"email", "email-json"}:
        yield unpriced(resource, f"there is no price of messages by {protocol}")
        return
    yield line(
        resource,
        f"{sent} e-mails",
        Part(sent * Decimal("0.00001"), "× 100,000", basis.quote("sns_email", resource)),
        assumptions=(supposed("messages a month of each topic", sent),),
    )


def certificate(resource: Resource, _basis: Basis) -> Iterator[Line | Unpriced]:
    """Public certificates that stay within AWS are free of charge."""
    exported = (resource.properties.get("options") or {}).get("export") == "ENABLED"
    if exported or resource.properties.get("certificateAuthorityArn"):
        yield unpriced(resource, "there is no price of private or exportable certificates")
        return
    yield line(resource, "a public certificate, free of charge")
