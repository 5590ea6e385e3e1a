"""What Pulumi, or AWS, refuses to delete."""

from collections.abc import Iterator, Mapping

from slipway.stack.exposure.view import View, on
from slipway.stack.graph import Graph, Resource, texts
from slipway.stack.teardown.obstacle import Effect, Obstacle

_GUARDS: Mapping[str, str] = {
    "aws:lb/loadBalancer:LoadBalancer": "enableDeletionProtection",
    "aws:rds/instance:Instance": "deletionProtection",
    "aws:rds/cluster:Cluster": "deletionProtection",
    "aws:dynamodb/table:Table": "deletionProtectionEnabled",
    "aws:cloudwatch/logGroup:LogGroup": "deletionProtectionEnabled",
    "aws:ec2/instance:Instance": "disableApiTermination",
}
"""By type: the input by which AWS itself refuses to delete."""
_HOLDERS: Mapping[str, tuple[str, str]] = {
    "aws:s3/bucket:Bucket": ("forceDestroy", "objects"),
    "aws:ecr/repository:Repository": ("forceDelete", "images"),
    "aws:route53/zone:Zone": ("forceDestroy", "records that the stack does not make"),
    "aws:backup/vault:Vault": ("forceDestroy", "recovery points"),
}
"""By type: the input that empties it first, and what it holds."""


def refusals(view: View) -> Iterator[Obstacle]:
    """What is protected, guarded, locked, or not empty as far as can be known."""
    for check in (_protected, _guarded, _full, _locked, _registered):
        yield from check(view)


def _protected(view: View) -> Iterator[Obstacle]:
    for resource in view.graph.resources:
        if not resource.protect:
            continue
        first = len(_dependants(view.graph, resource.urn))
        stops = "Pulumi refuses to delete it, so that the preview fails and nothing is deleted"
        half = f"; without a preview, the {first} resources that need it go first" if first else ""
        mend = (
            f"Run pulumi state unprotect '{resource.urn}', or switch the protection off and update"
        )
        yield Obstacle(Effect.BLOCKS, resource.urn, f"It is protected: {stops}{half}", mend)


def _dependants(graph: Graph, urn: str) -> set[str]:
    """All that needs a resource, however indirectly: a destroy deletes these before it."""
    found: set[str] = set()
    waiting = {urn}
    while waiting:
        at = waiting.pop()
        needing = {r.urn for r in graph.resources if at in _needs(r)} - found
        found |= needing
        waiting |= needing
    return found


def _needs(resource: Resource) -> set[str]:
    by_property = {urn for urns in resource.property_dependencies.values() for urn in urns}
    return by_property | set(resource.depends_on)


def _guarded(view: View) -> Iterator[Obstacle]:
    for type_, guard in _GUARDS.items():
        for resource in view.graph.of(type_):
            if on(resource.properties.get(guard)):
                why = f"AWS refuses to delete it as long as its {guard} is true"
                mend = "Switch that off in the program and update, or at AWS"
                yield Obstacle(Effect.BLOCKS, resource.urn, why, mend)


def _full(view: View) -> Iterator[Obstacle]:
    versioned = {
        owner
        for owner, versioning in view.owned("BucketVersioning", "bucket", "aws:s3/bucket:Bucket")
        if (versioning.properties.get("versioningConfiguration") or {}).get("status") != "Disabled"
    }
    for type_, (force, what) in _HOLDERS.items():
        for identity, resource in view.of(type_).items():
            if on(resource.properties.get(force)):
                continue
            also = ", of which old versions and delete markers count" * (identity in versioned)
            why = (
                f"AWS deletes it only empty, and its {force} is not true: it blocks if it holds "
                f"{what}{also}"
            )
            mend = f"Empty it first, or set {force} to true and update before the destroy"
            yield Obstacle(Effect.MAY_BLOCK, resource.urn, why, mend)


def _locked(view: View) -> Iterator[Obstacle]:
    locks = view.owned("BucketObjectLockConfiguration", "bucket", "aws:s3/bucket:Bucket")
    locked = {owner for owner, _ in locks} | {
        identity
        for identity, bucket in view.of("aws:s3/bucket:Bucket").items()
        if on(bucket.properties.get("objectLockEnabled"))
    }
    for identity in locked & view.resources.keys():
        why = "Objects may be locked: in compliance mode nobody can delete them before their time"
        mend = "Wait until the last lock has ended, or keep the bucket"
        yield Obstacle(Effect.MAY_BLOCK, view.resources[identity].urn, why, mend)


def _registered(view: View) -> Iterator[Obstacle]:
    """Cloud Map services in which others than the stack register."""
    policies = view.graph.of("RolePolicy", "aws:iam/policy:Policy")
    may = any(
        "servicediscovery:RegisterInstance" in text or "servicediscovery:*" in text
        for policy in policies
        for text in texts(policy.properties)
    )
    tasks = view.graph.of("aws:ecs/service:Service")
    by_tasks = view.referred([task.properties.get("serviceRegistries") for task in tasks])
    for identity, service in view.of("aws:servicediscovery/service:Service").items():
        if (may or identity in by_tasks) and not on(service.properties.get("forceDestroy")):
            why = "Servers register themselves in it: it blocks while one is registered"
            mend = "Stop the servers first, or set forceDestroy to true and update"
            yield Obstacle(Effect.MAY_BLOCK, service.urn, why, mend)
