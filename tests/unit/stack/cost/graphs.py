"""Small graphs to estimate, and recorded ones with something changed."""

from dataclasses import replace

from slipway.stack.graph import Graph, Reference, Resource

PROVIDER = "pulumi:providers:aws"
GROUP = "aws:autoscaling/group:Group"
TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
SCHEDULE = "aws:autoscaling/schedule:Schedule"
VOLUME = {"volumeType": "gp3", "volumeSize": 100}


def resource(type_, name="it", /, **properties):
    return Resource(
        urn=f"urn:pulumi:test::slipway::{type_}::{name}",
        type=type_,
        name=name,
        parent="",
        custom=True,
        properties=properties,
    )


def graph(*resources, region="us-east-1"):
    """References are `@name.property@`, of the one resource of that name."""
    provider = resource(PROVIDER, "aws", region=region)
    references = {
        f"@{r.name}.{output}@": Reference(r.urn, output)
        for r in resources
        for output in ("id", "arn", "name")
    }
    return Graph("slipway", "test", (provider, *resources), {}, references)


def group(types=("g6.xlarge",), least=1, most=1, base=0, on_demand=100, **more):
    return resource(
        GROUP,
        "group",
        name="servers",
        minSize=least,
        maxSize=most,
        mixedInstancesPolicy={
            "launchTemplate": {
                "launchTemplateSpecification": {"launchTemplateId": "@template.id@"},
                "overrides": [{"instanceType": name} for name in types],
            },
            "instancesDistribution": {
                "onDemandBaseCapacity": base,
                "onDemandPercentageAboveBaseCapacity": on_demand,
            },
        },
        **more,
    )


def template(ebs=None, **more):
    mapping = {"deviceName": "/dev/xvda", "ebs": VOLUME if ebs is None else ebs}
    return resource(TEMPLATE, "template", blockDeviceMappings=[mapping], **more)


def schedule(name, recurrence, least, most):
    return resource(
        SCHEDULE,
        name,
        autoscalingGroupName="servers",
        recurrence=recurrence,
        minSize=least,
        maxSize=most,
    )


def changed(of, type_, name="", **properties):
    """The graph with some properties of the resources of a type (and name) set to others."""
    return replace(
        of,
        resources=tuple(
            replace(r, properties={**r.properties, **properties})
            if r in of.of(type_) and name in {"", r.name}
            else r
            for r in of.resources
        ),
    )
