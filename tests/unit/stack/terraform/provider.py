"""A provider of a few types, as `terraform providers schema -json` writes one, and graphs."""

import json
from dataclasses import replace

from slipway.stack.consistency import settle
from slipway.stack.graph import Graph, Reference, Resource
from slipway.stack.outputs import FIRST, SECOND
from slipway.stack.program import record
from slipway.stack.terraform.names import Catalogue, camel, plurals
from slipway.stack.terraform.schema import Schema, write_schema
from slipway.stack.terraform.synthesis import synthesise

STRINGS = ["list", "string"]
REQUIREMENT = {"required_providers": {"aws": {"source": "hashicorp/aws", "version": "1.0.0"}}}


def attribute(type_="string", how="optional", **more):
    """`how`: required, optional, computed or both of the last."""
    return {"type": type_, **dict.fromkeys(how.split("+"), True), **more}


def block(attributes=(), blocks=None, mode="list", **fields):
    """A nested block."""
    return {"nesting_mode": mode, "block": body(attributes, blocks, **fields), "max_items": 0}


def body(attributes=(), blocks=None, **fields):
    """`attributes` are optional texts; `fields` say what they are."""
    return {
        "attributes": {**{name: attribute() for name in attributes}, **fields},
        "block_types": blocks or {},
    }


def resource_schema(attributes=(), blocks=None, version=0, **fields):
    """With what every resource has."""
    common = {
        "id": attribute(how="optional+computed"),
        "arn": attribute(how="computed"),
        "tags": attribute(["map", "string"]),
        "tags_all": attribute(["map", "string"], "optional+computed"),
    }
    return {"version": version, "block": body(attributes, blocks, **{**common, **fields})}


RULE = {"from_port": "number", "description": "string", "cidr_blocks": STRINGS}
OPTION = {"resource_record_name": "string", "resource_record_type": "string"}
RESOURCES = {
    "aws_vpc": resource_schema(
        ["cidr_block"], default_route_table_id=attribute(how="computed"), version=1
    ),
    "aws_sns_topic": resource_schema(
        ["display_name", "policy"],
        {"timeouts": block(["create", "delete"], mode="single")},
        name=attribute(how="optional+computed"),
        fifo_topic=attribute("bool"),
    ),
    "aws_sns_topic_subscription": resource_schema(["topic_arn", "protocol", "endpoint"]),
    "aws_ssm_parameter": resource_schema(
        ["type", "description", "insecure_value"],
        name=attribute(how="required"),
        value=attribute(sensitive=True, how="optional+computed"),
        value_wo=attribute(write_only=True),
        version=attribute("number", "computed"),
    ),
    "aws_security_group": resource_schema(
        ["vpc_id"], ingress=attribute(["set", ["object", RULE]], "optional+computed")
    ),
    "aws_launch_template": resource_schema(
        ["image_id", "user_data"],
        {
            "block_device_mappings": block(
                ["device_name"], {"ebs": block(["volume_type"], volume_size=attribute("number"))}
            ),
            "network_interfaces": block([], security_groups=attribute(["set", "string"])),
            "monitoring": block([], enabled=attribute("bool")),
        },
        latest_version=attribute("number", "computed"),
    ),
    "aws_acm_certificate": resource_schema(
        ["domain_name"],
        domain_validation_options=attribute(["set", ["object", OPTION]], "computed"),
    ),
    "aws_route53_zone": resource_schema(
        ["name", "comment"], name_servers=attribute(STRINGS, "computed")
    ),
    "aws_route53_record": resource_schema(
        ["zone_id", "name", "type"],
        ttl=attribute("number"),
        records=attribute(["set", "string"]),
    ),
    "aws_eks_cluster": resource_schema(
        ["name", "role_arn"],
        {"vpc_config": block([], subnet_ids=attribute(["set", "string"]))},
        certificate_authority=attribute(["list", ["object", {"data": "string"}]], "computed"),
        extra=attribute(["list", ["map", "string"]]),
    ),
    "aws_s3_object": resource_schema(["bucket", "key", "source", "content"]),
    "aws_lambda_function": resource_schema(
        ["filename", "role"],
        {"environment": block([], variables=attribute(["map", "string"]))},
        function_name=attribute(how="required"),
    ),
}
PROVIDER = body(
    ["region", "profile", "access_key"],
    {
        "default_tags": block([], tags=attribute(["map", "string"])),
        "assume_role": block(["role_arn"]),
    },
    max_retries=attribute("number"),
    skip_region_validation=attribute("bool"),
    skip_credentials_validation=attribute("bool"),
    allowed_account_ids=attribute(["set", "string"]),
)
TYPES = {
    "aws:ec2/vpc:Vpc": "aws_vpc",
    "aws:sns/topic:Topic": "aws_sns_topic",
    "aws:sns/topicSubscription:TopicSubscription": "aws_sns_topic_subscription",
    "aws:ssm/parameter:Parameter": "aws_ssm_parameter",
    "aws:ec2/securityGroup:SecurityGroup": "aws_security_group",
    "aws:ec2/launchTemplate:LaunchTemplate": "aws_launch_template",
    "aws:acm/certificate:Certificate": "aws_acm_certificate",
    "aws:route53/zone:Zone": "aws_route53_zone",
    "aws:route53/record:Record": "aws_route53_record",
    "aws:eks/cluster:Cluster": "aws_eks_cluster",
    "aws:s3/bucketObjectv2:BucketObjectv2": "aws_s3_object",
    "aws:lambda/function:Function": "aws_lambda_function",
}
"""By Pulumi's: only to say what the SDK would declare of them, were it as small."""
VPC, TOPIC, PARAMETER = "aws:ec2/vpc:Vpc", "aws:sns/topic:Topic", "aws:ssm/parameter:Parameter"


def text(resources=RESOURCES, data=None):
    """What Terraform prints."""
    found = {
        "provider": {"version": 0, "block": PROVIDER},
        "resource_schemas": resources,
        "data_source_schemas": data or {"aws_region": resource_schema(["name"])},
    }
    return json.dumps({"provider_schemas": {"registry.example.com/hashicorp/aws": found}})


def schema(folder):
    """It in a file, split."""
    write_schema(text(), folder / "schema.zip")
    return Schema(folder / "schema.zip")


def declared():
    """What the SDK of this provider would declare of each type."""
    found = {}
    for token, type_ in TYPES.items():
        of = RESOURCES[type_]["block"]
        several = {n for n, a in of["attributes"].items() if a["type"][0] in {"list", "set"}}
        found[token] = tuple(
            list(plurals(camel(name)))[1 if name in several and name[-1] != "s" else 0]
            for name in (*of["attributes"], *of["block_types"])
            if name not in {"id", "timeouts"}
        )
    return found


def resource(type_, name="it", /, **options):
    """`properties` and other fields of `Resource`."""
    fields = {"parent": "", "custom": True, "properties": {}, **options}
    return Resource(f"urn:pulumi:test::slipway::{type_}::{name}", type_, name, **fields)


def graph(*resources, outputs=None, region="eu-central-1", **more):
    """`@name.output@` refers to what is called so."""
    references = {
        f"@{r.name}.{output}@": Reference(r.urn, output)
        for r in resources
        for output in ("id", "arn", "name", "value")
    }
    return Graph(
        "slipway", "test", resources, outputs or {}, references,
        declared=declared(), region=region, **more,
    )  # fmt: skip


def recorded(program, **options):
    """The graph of a program, with what is declared cut to this provider."""
    settled = settle(*(record(program, outputs=o, **options) for o in (FIRST, SECOND)))
    assert settled.derived == ()
    return replace(settled.graph, declared=declared())


def synthesis(of, folder, **options):
    return synthesise(of, Catalogue(schema(folder)), REQUIREMENT, **options)
