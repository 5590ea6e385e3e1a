"""Resources, graphs, verdicts and reviews by hand."""

from slipway.stack.cost.difference import Change, Difference
from slipway.stack.cost.ranges import NOTHING, Range
from slipway.stack.exposure.finding import Exposed, Kind, Severity
from slipway.stack.graph import REFERENCE, Graph, Reference, Resource, texts
from slipway.stack.review.impact import About, Consequence, Grade
from slipway.stack.review.outcome import Action, Changed, Outcome, Source
from slipway.stack.review.review import Review, Reviewed

VPC = "aws:ec2/vpc:Vpc"
BUCKET = "aws:s3/bucket:Bucket"
GROUP = "aws:autoscaling/group:Group"
TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
ROLLOUT = "pulumi-python:dynamic/slipway:Rollout"
STACK = "pulumi:pulumi:Stack"


def urn(type_, name):
    return f"urn:pulumi:test::slipway::{type_}::{name}"


def resource(type_, name="it", /, properties=None, **options):
    """An AWS resource, unless `custom` says that it is a component."""
    fields = {"parent": "", "custom": True, "properties": properties or {}, **options}
    return Resource(urn=urn(type_, name), type=type_, name=name, **fields)


def graph(*resources, outputs=None, **more):
    """`@name.property@` in a property refers to what is called so."""
    urns = {each.name: each.urn for each in resources}
    tokens = {t for r in resources for text in texts(r.properties) for t in REFERENCE.findall(text)}
    references = {}
    for token in tokens:
        name, _, of = token.strip("@").rpartition(".")
        if name in urns:
            references[token] = Reference(urns[name], of)
    references |= more.pop("references", {})
    return Graph("slipway", "test", tuple(resources), outputs or {}, references, **more)


def outcome(type_=BUCKET, name="it", action=Action.UPDATED, *changed, **fields):
    """`changed` are (property, before, after)."""
    return Outcome(
        urn(type_, name),
        action,
        fields.pop("source", Source.PROVIDER),
        tuple(Changed(*each) for each in changed),
        **fields,
    )


def reviewed(of=None, *consequences, **fields):
    """`consequences` are (grade, sentence[, about])."""
    of = of or outcome()
    return Reviewed(
        **{
            "outcome": of,
            "name": of.urn.rpartition("::")[2],
            "kind": "Bucket",
            "component": "",
            "consequences": tuple(Consequence(*each) for each in consequences),
            "exposed": (),
            "before": NOTHING,
            "after": NOTHING,
            "place": "bucket.py:7",
            **fields,
        }
    )


def review(*resources, **fields):
    """A review of these; nothing else in it, if `fields` do not say so."""
    return Review(
        **{
            "stack": "test",
            "base": "main (01234567)",
            "head": "working tree",
            "resources": resources,
            "elsewhere": (),
            "cost": costs(),
            "assumptions": (),
            "broken": (),
            "mended": (),
            "outputs": (),
            "undecided": (),
            "source": Source.PROVIDER,
            **fields,
        }
    )


def costs(before=100, after=100, *names):
    """USD a month; `names` are those of what changes, each by the whole difference."""
    sides = Range.of(before), Range.of(after)
    changes = [Change(urn(BUCKET, name), name, *sides, (), ()) for name in names]
    return Difference(*sides, tuple(changes), ())


def exposed(
    severity=Severity.HIGH, said="anybody can read it", name="it", kind=Kind.NETWORK, **more
):
    wider = severity > Severity.NONE
    return Exposed(kind, urn(BUCKET, name), wider, said, severity, **more)


LOST = (Grade.HIGH, "data is lost: the objects in it", About.DATA)
STOPPED = (Grade.HIGH, "traffic is interrupted: servers go", About.TRAFFIC)
LOOK = (Grade.MEDIUM, "others are told when it goes off")
FINE = (Grade.LOW, "only the key's name")
