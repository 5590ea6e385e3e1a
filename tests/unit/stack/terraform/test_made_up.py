"""Values in the place of what only AWS knows: always the same, of the right type, never half."""

import pytest

from slipway.stack.invokes import ACCOUNT
from slipway.stack.terraform.made_up import SHAPES, MadeUp
from tests.unit.stack.terraform.provider import RESOURCES, schema

REGION = "eu-central-1"
TOPIC = "aws_sns_topic.it"


@pytest.fixture(scope="module")
def made_up(tmp_path_factory):
    return MadeUp(schema(tmp_path_factory.mktemp("schema")), REGION)


def whole(made_up, address, after, unknown, given=()):
    type_ = address.split(".")[0]
    change = {"after": after, "after_unknown": unknown}
    return made_up.whole(type_, address, change, dict(given))


def test_a_value_is_always_the_same_and_another_for_another_resource(made_up):
    def text(address, path="xyz"):
        return made_up.value("string", address, path, {})

    assert text(TOPIC) == text(TOPIC)
    assert len({text(TOPIC), text("aws_sns_topic.other"), text(TOPIC, "uvw")}) == 3


@pytest.mark.parametrize(
    ("type_", "kind"),
    [
        ("string", str),
        ("number", int),
        ("bool", bool),
        (["list", "string"], list),
        (["set", "number"], list),
        (["map", "string"], dict),
        (["object", {"a": "string", "b": ["list", "bool"]}], dict),
        ("dynamic", type(None)),
    ],
)
def test_a_value_is_of_its_type(made_up, type_, kind):
    assert type(made_up.value(type_, TOPIC, "x", {})) is kind


def test_a_collection_is_empty_but_where_its_first_item_is_read(made_up):
    assert made_up.value(["list", "string"], TOPIC, "x", {}) == []
    (item,) = made_up.value(["list", "string"], TOPIC, "x", {}, one=True)
    assert isinstance(item, str)
    (one,) = made_up.value(["set", ["object", {"a": "string"}]], TOPIC, "x", {}, one=True)
    assert set(one) == {"a"}


def test_values_have_a_likely_form(made_up):
    def text(path, address=TOPIC):
        return made_up.value("string", address, path, {})

    assert text("arn").startswith(f"arn:aws:sns:{REGION}:{ACCOUNT}:")
    assert text("role_arn").startswith("arn:aws:")
    assert text("owner_id") == ACCOUNT
    assert text("dns_name").endswith(f".{REGION}.example.com")
    assert text("id", "aws_vpc.net").startswith("vpc-")


def test_shapes_are_followed_and_know_the_resource(made_up):
    def text(path, address, **known):
        return made_up.value("string", address, path, known)

    assert text("id", "aws_launch_template.it").startswith("lt-")
    assert text("arn", "aws_s3_bucket.it", bucket="b") == "arn:aws:s3:::b"
    assert text("id", "aws_s3_bucket.it", bucket="b") == "b"
    assert text("arn", "aws_iam_role.it", name="r") == f"arn:aws:iam::{ACCOUNT}:role/r"
    assert text("id", "aws_iam_role.it"), "never empty, where the name is unknown too"
    assert made_up.value("number", "aws_launch_template.it", "latest_version", {}) == 1
    record = "domain_validation_options.0.resource_record_type"
    assert text(record, "aws_acm_certificate.it") == "CNAME"


def test_every_field_of_a_shape_can_be_filled(made_up):
    for type_, shapes in SHAPES.items():
        for path, shape in shapes.items():
            if isinstance(shape, str):
                value = made_up.value("string", f"{type_}.it", path, {})
                assert value
                assert "{" not in value


def test_a_planned_resource_has_nothing_unknown(made_up):
    after, made = whole(
        made_up,
        TOPIC,
        {"name": "it", "display_name": None, "tags": {"a": "b"}},
        {"id": True, "arn": True, "tags": {}, "tags_all": {"c": True}},
    )
    assert after["name"] == "it"
    assert after["tags"] == {"a": "b"}
    assert after["display_name"] is None
    assert after["id"]
    assert after["arn"].startswith("arn:")
    assert set(after) == {*RESOURCES["aws_sns_topic"]["block"]["attributes"], "timeouts"}
    assert after["timeouts"] is None
    assert set(made) == {"id", "arn"}


def test_an_id_is_never_empty_for_any_type(made_up):
    for type_ in RESOURCES:
        after, _ = whole(made_up, f"{type_}.it", {}, {"id": True})
        assert after["id"], type_


def test_what_the_program_leaves_to_aws_is_empty(made_up):
    after, made = whole(made_up, TOPIC, {}, {"name": True, "tags_all": True})
    assert after["name"] == ""
    assert after["tags_all"] == {}
    assert set(made) == {"name", "tags_all"}
    rules, _ = whole(made_up, "aws_security_group.it", {}, {"ingress": True})
    assert rules["ingress"] == []


def test_what_a_reader_was_given_is_what_the_resource_has(made_up):
    given = {"arn": "arn:aws:sns:given", "name": "given"}
    after, made = whole(made_up, TOPIC, {}, {"arn": True, "name": True}, given.items())
    assert (after["arn"], after["name"]) == ("arn:aws:sns:given", "given")
    assert set(made) == {"arn", "name"}


def test_what_is_known_is_not_what_a_reader_was_given(made_up):
    after, made = whole(made_up, TOPIC, {"name": "known"}, {}, {"name": "given"}.items())
    assert after["name"] == "known"
    assert made == ()


def test_what_is_only_written_is_not_kept(made_up):
    after, _ = whole(made_up, "aws_ssm_parameter.it", {"value_wo": "x"}, {"value_wo": True})
    assert after["value_wo"] is None


def test_unknowns_within_blocks_and_lists_are_filled_and_named(made_up):
    after, made = whole(
        made_up,
        "aws_launch_template.it",
        {"block_device_mappings": [{"device_name": "a", "ebs": [{"volume_size": 8}]}]},
        {"block_device_mappings": [{"ebs": [{"volume_type": True}]}], "network_interfaces": True},
    )
    (mapping,) = after["block_device_mappings"]
    assert mapping["ebs"] == [{"volume_type": "", "volume_size": 8}]
    assert after["network_interfaces"] == []
    assert set(made) == {"block_device_mappings.0.ebs.0.volume_type", "network_interfaces"}
    found, made = whole(
        made_up,
        "aws_route53_record.it",
        {"records": ["a", None]},
        {"records": [False, True]},
    )
    assert found["records"][0] == "a"
    assert made == ("records.1",)
