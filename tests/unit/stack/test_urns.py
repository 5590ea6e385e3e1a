"""Names of resources, and those they had: as Pulumi's engine resolves aliases."""

import pulumi
import pulumi_aws as aws
import pytest
from pulumi import Alias as PulumiAlias
from pulumi import ResourceOptions

from slipway.stack.program import record
from slipway.stack.urns import Alias, former, name_of, urn

STACK = "pulumi:pulumi:Stack"
ROOT = urn("dev", "slipway", STACK, "slipway-dev")
PART = urn("dev", "slipway", "slipway:infra:Part", "part", ROOT)
TOPIC = "aws:sns/topic:Topic"


def test_the_stack_is_in_no_name_and_every_other_parent_is():
    assert urn("dev", "slipway", TOPIC, "a", ROOT) == f"urn:pulumi:dev::slipway::{TOPIC}::a"
    assert PART == "urn:pulumi:dev::slipway::slipway:infra:Part::part"
    below = urn("dev", "slipway", TOPIC, "a", PART)
    assert below == f"urn:pulumi:dev::slipway::slipway:infra:Part${TOPIC}::a"
    assert urn("dev", "slipway", "x:y:Z", "b", below).split("::")[2] == (
        f"slipway:infra:Part${TOPIC}$x:y:Z"
    )


def test_a_name_may_hold_a_dollar_and_a_colon():
    assert name_of(urn("dev", "slipway", TOPIC, "a$b:c", ROOT)) == "a$b:c"


def of(*aliases, name="part-topic", parent=PART, parents=()):
    return former(urn("dev", "slipway", TOPIC, name, parent), TOPIC, parent, parents, aliases)


def test_without_an_alias_there_is_no_other_name():
    assert of() == ()


def test_an_alias_says_what_was_different():
    assert of(Alias(name="old")) == (urn("dev", "slipway", TOPIC, "old", PART),)
    assert of(Alias(type="x:y:Z")) == (urn("dev", "slipway", "x:y:Z", "part-topic", PART),)
    assert of(Alias(parent=ROOT)) == (urn("dev", "slipway", TOPIC, "part-topic", ROOT),)
    assert of(Alias(no_parent=True)) == (urn("dev", "slipway", TOPIC, "part-topic"),)
    assert of(Alias(stack="prod")) == (
        PART.replace(":dev:", ":prod:").replace("Part::part", f"Part${TOPIC}::part-topic"),
    )
    assert of(Alias(project="old"))[0].split("::")[1] == "old"
    assert of(Alias(urn="urn:pulumi:a::b::c::d")) == ("urn:pulumi:a::b::c::d",)


def test_an_alias_that_says_what_is_so_already_is_none():
    assert of(Alias(name="part-topic")) == ()


def test_a_child_follows_its_parents_former_name_and_place():
    older = urn("dev", "slipway", "slipway:old:Part", "older", ROOT)
    assert of(parents=[older]) == (urn("dev", "slipway", TOPIC, "older-topic", older),)
    assert of(name="topic", parents=[older]) == (urn("dev", "slipway", TOPIC, "topic", older),)


def test_an_alias_of_a_child_whose_parent_was_renamed_holds_below_both():
    older = urn("dev", "slipway", "slipway:old:Part", "older", ROOT)
    assert of(Alias(name="old"), parents=[older]) == (
        urn("dev", "slipway", TOPIC, "old", PART),
        urn("dev", "slipway", TOPIC, "older-topic", older),
        urn("dev", "slipway", TOPIC, "old", older),
    )


class Part(pulumi.ComponentResource):
    def __init__(self, name, opts=None):
        super().__init__("slipway:test:Part", name, None, opts)
        self.topic = aws.sns.Topic(f"{name}-topic", opts=ResourceOptions(parent=self))
        self.register_outputs({})


@pytest.mark.parametrize(
    ("alias", "before"),
    [
        (PulumiAlias(name="older"), ["slipway:test:Part::older"]),
        ("urn:pulumi:dev::slipway::x:y:Z::old", ["x:y:Z::old"]),
        (PulumiAlias(type_="slipway:old:Part"), ["slipway:old:Part::part"]),
    ],
)
def test_the_recorder_knows_the_former_names_of_a_component_and_of_its_children(alias, before):
    graph = record(lambda: Part("part", ResourceOptions(aliases=[alias])) and None)
    assert [a.split("::", 2)[2] for a in graph.named("part").aliases] == before
    (child,) = graph.named("part-topic").aliases
    type_, name = before[0].split("::")
    assert child.split("::", 2)[2].startswith(f"{type_}${TOPIC}::")
    assert name_of(child) == f"{name}-topic"


def test_a_grandchild_follows_too():
    class Outer(pulumi.ComponentResource):
        def __init__(self, name, opts=None):
            super().__init__("slipway:test:Outer", name, None, opts)
            Part(f"{name}-part", ResourceOptions(parent=self))

    options = ResourceOptions(aliases=[PulumiAlias(name="older")])
    graph = record(lambda: Outer("outer", options) and None)
    assert [name_of(a) for a in graph.named("outer-part-topic").aliases] == ["older-part-topic"]
