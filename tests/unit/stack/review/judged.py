"""Judgements by hand, and the names of a small provider."""

from slipway.stack.pairing import Pairing
from slipway.stack.review.planned import outcomes
from slipway.stack.terraform.differences import Difference
from slipway.stack.terraform.judge import Judgement
from slipway.stack.terraform.names import naming
from slipway.stack.terraform.schema import Block
from slipway.stack.terraform.synthesis import Synthesis
from slipway.stack.terraform.verdicts import Verdict

STRINGS = ["list", "string"]


def _block(mode, **attributes):
    fields = {name: {"type": type_, "optional": True} for name, type_ in attributes.items()}
    return {"nesting_mode": mode, "block": {"attributes": fields}}


NAMES = naming(
    Block(
        {
            name: {"type": type_, "optional": True}
            for name, type_ in {
                "arn": "string",
                "name": "string",
                "max_size": "number",
                "default_version": "number",
                "subnet_ids": STRINGS,
                "tags": ["map", "string"],
                "tags_all": ["map", "string"],
            }.items()
        },
        {
            "versioning_configuration": _block("list", status="string", mfa_delete="string"),
            "load_balancer": _block("set", target_group_arn="string", container_port="number"),
            "policy": _block("list", statement="string"),
        },
    )
)


class Named:
    """In the place of a catalogue: every type has these names."""

    def resource(self, _type):
        return NAMES


def address(resource):
    return f"aws_thing.{resource.name}"


def verdict(resource, action="update", *differences, **fields):
    """`differences` are (path, before, after)."""
    found = tuple(Difference(*each) for each in differences)
    return Verdict(address(resource), action, differences=found, **fields)


def judgement(base, head, *verdicts, gaps=((), ()), unstable=(), unplanned=()):
    """`verdicts` and `unstable` are (resource, verdict); `unplanned` are names that no plan has."""

    def side(graph, of):
        there = [r for r in graph.resources if r.custom and r.name not in unplanned]
        return Synthesis({}, {r.urn: address(r) for r in there}, {}, {}, tuple(of))

    told, wanted = ({r.urn: v for r, v in each} for each in (verdicts, unstable))
    return Judgement(side(base, gaps[0]), side(head, gaps[1]), told, wanted)


def paired(base, head, **renamed):
    """By URN, and names of the head to those of the base."""
    known = {resource.urn for resource in base.resources}
    former = {r.urn: r.urn for r in head.resources if r.urn in known}
    return Pairing(
        former | {head.named(new).urn: base.named(old).urn for new, old in renamed.items()}
    )


def told(base, head, *verdicts, pairing=None, **more):
    """The outcomes of these verdicts."""
    found = judgement(base, head, *verdicts, **more)
    return outcomes(found, base, head, pairing or paired(base, head), Named())
