"""Pulumi's names and Terraform's: by rule, and where no rule helps by a table."""

import pytest

from slipway.stack.terraform.names import (
    ARGUMENTS,
    Catalogue,
    camel,
    inner,
    naming,
    plurals,
    snake,
)
from slipway.stack.terraform.schema import block
from tests.unit.stack.terraform.provider import (
    PROVIDER,
    RESOURCES,
    TYPES,
    attribute,
    declared,
    schema,
)
from tests.unit.stack.terraform.provider import body as block_of


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory):
    return Catalogue(schema(tmp_path_factory.mktemp("schema")))


@pytest.mark.parametrize(
    ("terraform", "pulumi"),
    [
        ("log_group_name", "logGroupName"),
        ("id", "id"),
        ("ipv6_cidr_block", "ipv6CidrBlock"),
        ("s3_bucket", "s3Bucket"),
    ],
)
def test_a_name_is_written_in_camel_case(terraform, pulumi):
    assert camel(terraform) == pulumi


@pytest.mark.parametrize(
    ("pulumi", "terraform"),
    [
        ("TargetGroup", "target_group"),
        ("DBInstance", "db_instance"),
        ("BucketV2", "bucket_v2"),
        ("getPolicyDocument", "get_policy_document"),
        ("Vpc", "vpc"),
    ],
)
def test_a_type_is_written_in_snake_case(pulumi, terraform):
    assert snake(pulumi) == terraform


@pytest.mark.parametrize(
    ("one", "several"),
    [
        ("subnet", "subnets"),
        ("policy", "policies"),
        ("key", "keys"),
        ("address", "addresses"),
        ("patch", "patches"),
        ("box", "boxes"),
        ("analysis", "analyses"),
        ("index", "indices"),
        ("matrix", "matrices"),
        ("quantum", "quanta"),
    ],
)
def test_what_holds_several_may_be_called_by_its_plural(one, several):
    assert several in plurals(one)
    assert next(plurals(one)) == one


def test_a_plural_is_a_name_only_of_what_holds_several():
    of = block(block_of(["one"], several=attribute(["list", "string"])))
    assert naming(of).of == {"one": "one", "several": "several", "severals": "several"}


def test_an_exact_name_wins_over_a_plural():
    of = block(block_of(["subnets"], subnet=attribute(["list", "string"])))
    names = naming(of)
    assert names.of["subnets"] == "subnets"
    assert names.of["subnet"] == "subnet"


def test_what_was_renamed_by_hand_is_in_a_table(catalogue):
    names = catalogue.resource("aws_lambda_function").of
    assert names["code"] == "filename"
    assert names["name"] == "function_name"
    assert set(ARGUMENTS) >= {"aws_lambda_function", "aws_sns_topic_subscription"}


@pytest.mark.parametrize("token", TYPES)
def test_every_type_is_found_by_rule(catalogue, token):
    assert catalogue.type_of(token, declared()[token]) == TYPES[token]


def test_a_type_whose_module_is_a_part_of_its_name_is_found(catalogue):
    properties = ["name", "displayName", "policy", "fifoTopic", "tags", "arn", "tagsAll"]
    assert catalogue.type_of("aws:sns/topicV2:TopicV2", properties) == "aws_sns_topic"
    assert catalogue.type_of("aws:messaging/topic:SomeTopic", properties) == "aws_sns_topic"


def test_a_type_that_shares_nothing_is_not_found(catalogue):
    assert catalogue.type_of("aws:qldb/ledger:Ledger", ["permissionsMode", "kmsKey"]) is None
    assert catalogue.type_of("random:index/password:RandomPassword", ["name"]) is None
    assert catalogue.type_of("aws:only-two", []) is None


def test_a_type_of_the_same_name_with_other_properties_is_not_taken(catalogue):
    assert catalogue.type_of("aws:vpc/vpc:Vpc", ["quite", "different", "things"]) is None


def test_a_region_of_its_own_does_not_make_a_type_unlike(catalogue):
    properties = [*declared()["aws:ec2/vpc:Vpc"], "region"]
    assert catalogue.type_of("aws:ec2/vpc:Vpc", properties) == "aws_vpc"


def test_a_function_is_a_data_source(catalogue):
    assert catalogue.data_type_of("aws:index/getRegion:getRegion") == "aws_region"
    assert catalogue.data_type_of("aws:index/getNothing:getNothing") is None
    assert catalogue.data("aws_region").of["name"] == "name"
    assert catalogue.provider.of["maxRetries"] == "max_retries"
    assert set(catalogue.provider.block.names) == {
        *PROVIDER["attributes"],
        *PROVIDER["block_types"],
    }


@pytest.mark.parametrize(
    ("type_", "form"),
    [
        ("string", "plain"),
        ("dynamic", "plain"),
        (["list", "string"], "list"),
        (["set", ["list", "string"]], "list"),
        (["map", "string"], "map"),
        (["object", {"a": "string"}], "object"),
        (["set", ["object", {"a": "string"}]], "objects"),
    ],
)
def test_a_type_has_a_form(type_, form):
    assert inner(type_).form == form


def test_a_block_within_a_type_has_its_own_names(catalogue):
    names = catalogue.resource("aws_launch_template")
    mappings = names.inner("block_device_mappings")
    assert mappings.form == "blocks"
    assert mappings.names.of["deviceName"] == "device_name"
    assert mappings.names.inner("ebs").names.of["volumeSize"] == "volume_size"
    assert set(RESOURCES["aws_launch_template"]["block"]["block_types"]) >= {"monitoring"}
