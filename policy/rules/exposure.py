"""What can be reached from outside: the load balancer's two ports, and nothing else."""

from collections.abc import Iterator
from typing import Any

from .documents import statements
from .encryption import BUCKET, LOAD_BALANCER
from .model import UNKNOWN, Checked, Level, Rule, Stack, StackRule
from .values import absent, items, known, look, number, off, on, parsed, prop

_ANYWHERE = ("0.0.0.0/0", "::/0")
_PUBLIC_PORTS = (80.0, 443.0)
_SECURITY_GROUP = "aws:ec2/securityGroup:SecurityGroup"
_INGRESS_RULE = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
_OLD_RULE = "aws:ec2/securityGroupRule:SecurityGroupRule"
_ACCESS_BLOCK = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
_SWITCHES = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")


def _public_buckets(stack: Stack) -> Iterator[tuple[Checked, str]]:
    for bucket in stack.of(BUCKET):
        blocks = stack.referring(bucket, _ACCESS_BLOCK, "bucket", "bucket")
        if not blocks:
            yield bucket, "has no public access block: add one with all four switches on"
        for block in blocks:
            missing = [switch for switch in _SWITCHES if not on(prop(block, switch))]
            if missing:
                yield block, f"lets a bucket become public: set {', '.join(missing)}"


def _plain_http(stack: Stack) -> Iterator[tuple[Checked, str]]:
    for bucket in stack.of(BUCKET):
        policies = stack.referring(bucket, "aws:s3/bucketPolicy:BucketPolicy", "bucket", "bucket")
        documents = [parsed(prop(policy, "policy")) for policy in policies]
        if not any(not known(d) or _refuses_plain_http(d) for d in documents):
            yield (
                bucket,
                "accepts requests without TLS: deny them where aws:SecureTransport is false",
            )


def _refuses_plain_http(document: Any) -> bool:
    """Of everybody, for every action, on the bucket and on its objects."""
    return any(
        not statement.allows
        and statement.principals == ("*",)
        and not statement.inverted
        and {"*", "s3:*"} & set(statement.actions)
        and _all_of_a_bucket(statement.resources)
        and str(look(statement.conditions, "Bool", "aws:SecureTransport")).lower() == "false"
        for statement in statements(document)
    )


def _all_of_a_bucket(resources: tuple[str, ...]) -> bool:
    return "*" in resources or {name.endswith("/*") for name in resources} == {True, False}


def _open_ports(stack: Stack) -> Iterator[tuple[Checked, str]]:
    balancers = stack.of(LOAD_BALANCER)
    public = {urn for b in balancers for urn in b.refers.get("securityGroups", ())}
    for rule in stack.of(_INGRESS_RULE, _OLD_RULE):
        if rule.type == _OLD_RULE and prop(rule, "type") in ("egress", UNKNOWN):
            continue
        of_balancer = bool(public.intersection(rule.refers.get("securityGroupId", ())))
        if _open(rule.properties) and not (of_balancer and _public_port(rule.properties)):
            yield rule, _too_open(rule.properties)
    for group in stack.of(_SECURITY_GROUP):
        for rule in items(prop(group, "ingress")):
            if _open(rule) and not (group.urn in public and _public_port(rule)):
                yield group, _too_open(rule)


def _open(rule: Any) -> bool:
    sources = [look(rule, "cidrIpv4"), look(rule, "cidrIpv6")]
    sources += items(look(rule, "cidrBlocks")) + items(look(rule, "ipv6CidrBlocks"))
    return any(source in _ANYWHERE for source in sources if isinstance(source, str))


def _public_port(rule: Any) -> bool:
    first, last = look(rule, "fromPort"), look(rule, "toPort")
    if UNKNOWN in (first, last):
        return True
    return number(first) == number(last) and number(first) in _PUBLIC_PORTS


def _too_open(rule: Any) -> str:
    first, last = look(rule, "fromPort"), look(rule, "toPort")
    return (
        f"opens ports {first}-{last} to everybody: only a load balancer's 443, and its 80 to "
        "redirect, may be"
    )


def _public_addresses(resource: Checked) -> Iterator[str]:
    if resource.type == "aws:ec2/subnet:Subnet":
        if not off(prop(resource, "mapPublicIpOnLaunch")):
            yield "gives every server a public address: leave mapPublicIpOnLaunch out"
        return
    interfaces = (resource.properties, *items(prop(resource, "networkInterfaces")))
    if not all(off(look(each, "associatePublicIpAddress")) for each in interfaces):
        yield "gives servers a public address: clients come through the load balancer"


def _default_groups(stack: Stack) -> Iterator[tuple[Checked, str]]:
    kind = "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup"
    for vpc in stack.of("aws:ec2/vpc:Vpc"):
        if not stack.referring(vpc, kind, "vpcId"):
            yield vpc, "keeps AWS's default security group, which lets all through: empty it"
    for group in stack.of(kind):
        if items(prop(group, "ingress")) or items(prop(group, "egress")):
            yield group, "is used by whatever names no other: leave it without rules"


def _headers(resource: Checked) -> Iterator[str]:
    kind = prop(resource, "loadBalancerType")
    if (absent(kind) or kind == "application") and not on(
        prop(resource, "dropInvalidHeaderFields")
    ):
        yield "passes malformed headers on to the servers: set dropInvalidHeaderFields"


RULES = (
    StackRule("bucket-private", Level.MANDATORY, "No bucket can become public.", _public_buckets),
    StackRule(
        "bucket-tls-only", Level.MANDATORY, "Buckets refuse requests without TLS.", _plain_http
    ),
    StackRule(
        "no-open-port",
        Level.MANDATORY,
        "Only a load balancer's ports 443 and 80 are open to everybody.",
        _open_ports,
    ),
    Rule(
        "no-public-address",
        Level.MANDATORY,
        "No server has a public address.",
        (
            "aws:ec2/launchTemplate:LaunchTemplate",
            "aws:ec2/instance:Instance",
            "aws:ec2/subnet:Subnet",
        ),
        _public_addresses,
    ),
    StackRule(
        "default-security-group-empty",
        Level.MANDATORY,
        "The default security group of a VPC has no rules.",
        _default_groups,
    ),
    Rule(
        "invalid-headers-dropped",
        Level.MANDATORY,
        "Application load balancers drop malformed headers.",
        (LOAD_BALANCER,),
        _headers,
    ),
)
