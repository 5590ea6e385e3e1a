"""Pulumi's states as a graph like a recorded one."""

import pytest

from slipway.stack.graph import Reference
from slipway.stack.review.states import graph_of, plain, state_of

P = "urn:pulumi:prod::slipway::"
VPC, SUBNET = f"{P}aws:ec2/vpc:Vpc::net", f"{P}aws:ec2/subnet:Subnet::net"
BUCKET, POLICY = f"{P}aws:s3/bucket:Bucket::models", f"{P}aws:s3/bucketPolicy:BucketPolicy::policy"
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"


def state(urn, inputs=None, outputs=None, **more):
    return {**state_of(None, urn), "inputs": inputs or {}, "outputs": outputs or {}, **more}


def linked(value, *depends, of=()):
    """A property that depends on resources, as the graph has it."""
    it = state(POLICY, {"p": value}, propertyDependencies={"p": list(depends)})
    found = graph_of([*of, it])
    return found.by_urn(POLICY).properties["p"], found.references


RANGE = {"cidrBlock": "10.0.0.0/16"}
NET = state(VPC, RANGE, {**RANGE, "ownerId": "123456789012"}, id="vpc-0123456789")
MODELS = state(BUCKET, {"bucket": "models-1", "__defaults": []},
               {"arn": "arn:aws:s3:::models-1", "bucket": "models-1"}, id="models-1")  # fmt: skip


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("vpc-0123456789", "@net.id@"),
        (["vpc-0123456789", 7, None], ["@net.id@", 7, None]),
        ({"a": "vpc-0123456789"}, {"a": "@net.id@"}),
        ("in vpc-0123456789!", "in @net.id@!"),
        ("123456789012", "@net.ownerId@"),
        ("of 123456789012", "of 123456789012"),
        ("10.0.0.0/16", "10.0.0.0/16"),  # the program gave it
        (UNKNOWN, "@net.unknown@"),
    ],
)
def test_what_another_resource_gave_out_is_a_reference_to_it(value, said):
    found, references = linked(value, VPC, of=[NET])
    assert found == said
    assert {reference.urn for reference in references.values()} <= {VPC}


def test_an_arn_is_told_from_the_identifier_within_it():
    found, references = linked("arn:aws:s3:::models-1/*", BUCKET, of=[MODELS])
    assert found == "@models.arn@/*"
    assert references == {"@models.arn@": Reference(BUCKET, "arn")}


def test_a_name_that_pulumi_chose_is_one_that_nobody_gave():
    chosen = {"name": "net-1a2b3c4"}
    of = state(VPC, {**chosen, "__defaults": ["name"]}, chosen, id="vpc-0123456789")
    assert linked("net-1a2b3c4", VPC, of=[of])[0] == "@net.name@"
    given = state(VPC, {**chosen, "__defaults": []}, chosen, id="vpc-0123456789")
    assert linked("net-1a2b3c4", VPC, of=[given])[0] == "net-1a2b3c4"


def test_what_depends_on_nothing_is_as_it_is():
    assert linked("vpc-0123456789", of=[NET]) == ("vpc-0123456789", {})


def test_what_depends_on_something_that_is_not_there_refers_to_nothing():
    assert linked("vpc-0123456789", VPC) == ("vpc-0123456789", {})
    assert linked(UNKNOWN, VPC) == ("@unknown@", {})


def test_what_depends_on_two_and_is_unknown_refers_to_neither():
    assert linked(UNKNOWN, VPC, BUCKET, of=[NET, MODELS]) == ("@unknown@", {})


def test_two_resources_of_one_name_have_references_of_their_own():
    of = [state(VPC, id="vpc-0123456789"), state(SUBNET, id="subnet-0123456789")]
    found, references = linked(["vpc-0123456789", "subnet-0123456789"], VPC, SUBNET, of=of)
    assert [references[token].urn for token in found] == [VPC, SUBNET]


def test_a_short_or_secret_output_is_looked_for_nowhere():
    of = state(VPC, outputs={"a": "x", "b": "[secret]"}, id="1")
    assert linked(["x", "1", "[secret]"], VPC, of=[of])[0] == ["x", "1", "[secret]"]


def test_a_state_becomes_a_resource():
    it = state(BUCKET, {"a": 1, "__defaults": []}, parent=VPC, protect=True, retainOnDelete=True,
               dependencies=[VPC], provider="p::1")  # fmt: skip
    (found,) = graph_of([it]).resources
    assert (found.name, found.type, found.parent) == ("models", "aws:s3/bucket:Bucket", VPC)
    assert (found.protect, found.retain_on_delete, found.depends_on) == (True, True, (VPC,))
    assert (found.properties, found.provider) == ({"a": 1}, "p::1")


def test_region_stack_and_outputs_are_read():
    root = f"{P}pulumi:pulumi:Stack::slipway-prod"
    provider = f"{P}pulumi:providers:aws::default"
    found = graph_of(
        [
            state(root, outputs={"url": "https://a", "token": "[secret]"}, custom=False),
            state(provider, {"region": "eu-central-1"}),
        ]
    )
    assert (found.stack, found.project, found.region) == ("prod", "slipway", "eu-central-1")
    assert found.outputs == {"url": "https://a", "token": "[secret]"}
    assert found.output_secrets == ("token",)


def test_no_states_make_an_empty_graph():
    found = graph_of([])
    assert (found.resources, found.stack, found.outputs) == ((), "", {})


def test_secrets_are_hidden_and_their_paths_known():
    secret = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270",
              "plaintext": '"hunter2"'}  # fmt: skip
    value = {"a": [secret, 1], "b": {"c": "[secret]"}, "__defaults": ["a"]}
    assert plain(value) == ({"a": ["[secret]", 1], "b": {"c": "[secret]"}}, ("a[0]", "b.c"))


def test_a_state_that_was_left_out_names_its_resource():
    urn = f"{P}slipway:infra:Store$aws:s3/bucket:Bucket::models"
    assert state_of(None, urn) == {"urn": urn, "type": "aws:s3/bucket:Bucket", "custom": True}


def test_what_a_state_leaves_out_is_read_from_its_name():
    found = state_of({"custom": True, "type": None, "parent": None, "inputs": {"a": 1}}, BUCKET)
    assert found == {**state_of(None, BUCKET), "inputs": {"a": 1}}
    assert state_of({}, BUCKET)["custom"] is False  # as Pulumi writes a component


@pytest.mark.parametrize(
    "found", [[], "x", 7, {"inputs": [1]}, {"type": 7}, {"dependencies": "x"}, {"urn": ["x"]}]
)
def test_anything_else_is_no_state(found):
    with pytest.raises(TypeError):
        state_of(found, BUCKET)
