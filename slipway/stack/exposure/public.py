"""What keeps things from being public: of buckets, addresses, subnets and instance metadata."""

from collections.abc import Iterator, Mapping
from typing import Any

from slipway.stack.exposure.finding import Exposed, Kind, Severity, found, listing
from slipway.stack.exposure.view import View, items, name_of, on, shared
from slipway.stack.graph import Resource

_BUCKET = "aws:s3/bucket:Bucket"
_TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
_INSTANCE = "aws:ec2/instance:Instance"
_BLOCKS = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
_PUBLIC_ACLS = {"public-read", "public-read-write", "authenticated-read"}


def public(base: View, head: View) -> Iterator[Exposed]:
    """What can be made, or is, public in one graph and not in the other."""
    yield from _buckets(base, head)
    yield from _lists(base, head)
    yield from _addresses(base, head)
    yield from _subnets(base, head)
    yield from _metadata(base, head)


def _found(identity: str, said: str, severity: Severity, wider: bool) -> Exposed:
    return found(Kind.PUBLIC, identity, said, severity, wider=wider)


def _blocks(view: View) -> dict[str, set[str]]:
    """By bucket: what its public access block has switched on."""
    return {
        owner: {name for name in _BLOCKS if on(block.properties.get(name))}
        for owner, block in view.owned("BucketPublicAccessBlock", "bucket", _BUCKET)
    }


def _buckets(base: View, head: View) -> Iterator[Exposed]:
    """A bucket without a block can be opened by its policy or its ACL."""
    before, after = _blocks(base), _blocks(head)
    there = head.of(_BUCKET).keys()
    for bucket in sorted(there):
        old = before.get(bucket, set()) if bucket in base.resources else set(_BLOCKS)
        new = after.get(bucket, set())
        for wider, names in ((True, old - new), (False, new - old)):
            if names:
                no = "no longer" if bucket in base.resources else "new and not"
                no = no if wider else "now"
                said = f"the bucket {name_of(bucket)} is {no} kept from being public"
                detail = f" ({'off' if wider else 'on'}: {', '.join(sorted(names))})"
                yield _found(bucket, said + detail, Severity.HIGH, wider)
    yield from _account(base, head)


def _account(base: View, head: View) -> Iterator[Exposed]:
    type_ = "aws:s3/accountPublicAccessBlock:AccountPublicAccessBlock"
    before, after = (
        {
            identity: {n for n in _BLOCKS if on(r.properties.get(n))}
            for identity, r in v.of(type_).items()
        }
        for v in (base, head)
    )
    for identity in sorted(before.keys() | after.keys()):
        old, new = before.get(identity, set()), after.get(identity, set())
        for wider, names in ((True, old - new), (False, new - old)):
            if names:
                no = "no longer" if wider else "now"
                said = f"all buckets of the account are {no} kept from being public"
                yield _found(identity, f"{said}: {listing(sorted(names))}", Severity.HIGH, wider)


def _lists(base: View, head: View) -> Iterator[Exposed]:
    """ACLs of buckets, and whether they count."""
    before, after = _open_lists(base), _open_lists(head)
    for bucket in sorted(before ^ after):
        wider = bucket in after
        opens = "opens it" if wider else "no longer opens it"
        said = f"the ACL of the bucket {name_of(bucket)} {opens}"
        yield _found(bucket, said, Severity.CRITICAL, wider)
    owned, owned_now = _enforced(base), _enforced(head)
    for bucket in sorted(base.of(_BUCKET).keys() & head.of(_BUCKET).keys()):
        if (bucket in owned) != (bucket in owned_now):
            wider = bucket in owned
            count = "count again" if wider else "no longer count"
            said = f"ACLs of the bucket {name_of(bucket)} {count}"
            yield _found(bucket, said, Severity.MEDIUM, wider)


def _open_lists(view: View) -> set[str]:
    own = {
        owner: acl.properties.get("acl")
        for owner, acl in view.owned("BucketAcl", "bucket", _BUCKET)
    }
    inline = {
        identity: bucket.properties.get("acl") for identity, bucket in view.of(_BUCKET).items()
    }
    return {bucket for bucket, acl in [*inline.items(), *own.items()] if acl in _PUBLIC_ACLS}


def _enforced(view: View) -> set[str]:
    """Buckets whose owner owns every object, so that ACLs do not count: S3's default, too."""
    others = {
        owner
        for owner, controls in view.owned("BucketOwnershipControls", "bucket", _BUCKET)
        if controls.properties.get("rule", {}).get("objectOwnership") != "BucketOwnerEnforced"
    }
    return set(view.of(_BUCKET)) - others


def _addresses(base: View, head: View) -> Iterator[Exposed]:
    """Servers, tasks and addresses."""
    before, after = _addressed(base), _addressed(head)
    for identity in sorted(before.keys() | after.keys()):
        if before.get(identity, False) != after.get(identity, False):
            wider = after.get(identity, False)
            verb = "has a public address" if wider else "no longer has a public address"
            said = f"{name_of(identity)} {'now ' * wider}{verb}"
            yield _found(identity, said, Severity.HIGH, wider)
    for identity, old, new in shared(base, head, "Subnet"):
        was, is_ = (on(of.properties.get("mapPublicIpOnLaunch")) for of in (old, new))
        if was != is_:
            no = "now" if is_ else "no longer"
            said = f"what starts in the subnet {name_of(identity)} {no} gets a public address"
            yield _found(identity, said, Severity.HIGH, is_)


def _addressed(view: View) -> dict[str, bool]:
    found_ = {
        identity: any(on(card.get("associatePublicIpAddress")) for card in _cards(resource))
        for identity, resource in view.of(_TEMPLATE, _INSTANCE).items()
    }
    for identity, service in view.of("aws:ecs/service:Service").items():
        network = service.properties.get("networkConfiguration") or {}
        found_[identity] = on(network.get("assignPublicIp"))
    for association in [*view.graph.of("EipAssociation"), *view.graph.of("Eip")]:
        of = association.properties
        for identity in view.referred([of.get("instanceId"), of.get("instance")]):
            found_[identity] = True
    return found_


def _cards(resource: Resource) -> list[Mapping[str, Any]]:
    return [resource.properties, *items(resource.properties.get("networkInterfaces"))]


def _subnets(base: View, head: View) -> Iterator[Exposed]:
    """Subnets that have a route to an internet gateway."""
    before, after = _outward(base), _outward(head)
    for subnet in sorted(base.of("Subnet").keys() & head.of("Subnet").keys() & (before ^ after)):
        wider = subnet in after
        has = "now has" if wider else "no longer has"
        said = f"the subnet {name_of(subnet)} {has} a route to and from the internet"
        yield _found(subnet, said, Severity.HIGH, wider)


def _outward(view: View) -> set[str]:
    gateways = view.of("InternetGateway").keys()
    tables = {
        owner
        for owner, route in view.owned("Route", "routeTableId", "RouteTable", "DefaultRouteTable")
        if view.referred(route.properties.get("gatewayId")) & gateways
    }
    tables |= {
        identity
        for identity, table in view.of("RouteTable", "DefaultRouteTable").items()
        for route in items(table.properties.get("routes"))
        if view.referred(route.get("gatewayId")) & gateways
    }
    return {
        subnet
        for table, link in view.owned("RouteTableAssociation", "routeTableId", "RouteTable")
        if table in tables
        for subnet in view.referred(link.properties.get("subnetId"))
    }


def _metadata(base: View, head: View) -> Iterator[Exposed]:
    """Whether a request forged on a server can get at the credentials of its role."""
    for identity, old, new in shared(base, head, _TEMPLATE, _INSTANCE):
        before, after = (of.properties.get("metadataOptions") or {} for of in (old, new))
        was, is_ = (_tokens(of) for of in (before, after))
        if was != is_:
            no = "no longer" if was else "now"
            said = f"the servers of {name_of(identity)} {no} insist on IMDSv2"
            yield _found(identity, said, Severity.HIGH, was)
        hops, hops_now = (_hops(of) for of in (before, after))
        if hops != hops_now:
            said = (
                f"the credentials of the servers of {name_of(identity)} reach {hops_now} network "
                f"hop{'s' * (hops_now != 1)} instead of {hops}"
            )
            yield _found(identity, said, Severity.MEDIUM, hops_now > hops)


def _tokens(options: Mapping[str, Any]) -> bool:
    """Whether metadata is off, or asks for a session's token."""
    return options.get("httpEndpoint") == "disabled" or options.get("httpTokens") == "required"


def _hops(options: Mapping[str, Any]) -> int:
    return int(options.get("httpPutResponseHopLimit") or 1)
