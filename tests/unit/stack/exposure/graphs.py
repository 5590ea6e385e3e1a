"""Small graphs by hand, and changed ones."""

import json
from dataclasses import replace

from slipway.stack.exposure import delta
from slipway.stack.graph import REFERENCE, Graph, Reference, Resource, texts

TOKENS = {
    "Bucket": "aws:s3/bucket:Bucket",
    "Group": "aws:ec2/securityGroup:SecurityGroup",
    "In": "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
    "Out": "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule",
    "Rule": "aws:ec2/securityGroupRule:SecurityGroupRule",
    "Vpc": "aws:ec2/vpc:Vpc",
    "Subnet": "aws:ec2/subnet:Subnet",
    "Balancer": "aws:lb/loadBalancer:LoadBalancer",
    "Listener": "aws:lb/listener:Listener",
    "ListenerRule": "aws:lb/listenerRule:ListenerRule",
    "Template": "aws:ec2/launchTemplate:LaunchTemplate",
    "Role": "aws:iam/role:Role",
    "RolePolicy": "aws:iam/rolePolicy:RolePolicy",
    "Key": "aws:kms/key:Key",
}


def resource(kind, name, /, **properties):
    """A resource of a short kind above, or of a token, with these inputs."""
    type_ = TOKENS.get(kind, kind)
    options = {key: properties.pop(key) for key in ("protect", "retain_on_delete", "depends_on",
               "timeouts", "parent", "property_dependencies") if key in properties}  # fmt: skip
    return Resource(
        urn=f"urn:pulumi:test::slipway::{type_}::{name}",
        type=type_,
        name=name,
        custom=True,
        properties=properties,
        **{"parent": "", **options},
    )


def graph(*resources):
    """A graph in which `@name.property@` refers to the resource of that name."""
    urns = {each.name: each.urn for each in resources}
    references = {
        token: Reference(urns[name], of)
        for each in resources
        for text in texts(each.properties)
        for token in REFERENCE.findall(text)
        for name, _, of in [token.strip("@").rpartition(".")]
        if name in urns
    }
    return Graph("slipway", "test", tuple(resources), {}, references)


def changed(base, name, type_="", **properties):
    """The same graph with some inputs of one resource changed; None takes one away."""
    old = base.named(name, type_)
    now = {key: v for key, v in {**old.properties, **properties}.items() if v is not None}
    new = replace(old, properties=now)
    return replace(base, resources=tuple(new if r is old else r for r in base.resources))


def without(base, *names):
    return replace(base, resources=tuple(r for r in base.resources if r.name not in names))


def policy(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def statement(action, on="*", effect="Allow", **more):
    return {"Effect": effect, "Action": action, "Resource": on, **more}


def opened(base, head, **options):
    """What becomes possible, as sentences."""
    return [finding.said for finding in delta(base, head, **options) if finding.wider]


def closed(base, head, **options):
    return [finding.said for finding in delta(base, head, **options) if not finding.wider]
