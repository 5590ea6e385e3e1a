"""Questions to AWS: data sources where it is asked, made-up answers where nobody is."""

import pulumi_aws as aws
import pytest

from slipway.stack.terraform.names import Catalogue
from slipway.stack.terraform.questions import answered
from slipway.stack.terraform.schema import Schema, write_schema
from slipway.stack.terraform.synthesis import synthesise
from tests.unit.stack.terraform.provider import (
    REQUIREMENT,
    attribute,
    body,
    recorded,
    resource_schema,
    text,
)

DATA = {
    "aws_vpc": resource_schema(cidr_block=attribute(how="computed"), default=attribute("bool")),
    "aws_iam_policy_document": {
        "version": 0,
        "block": body(json=attribute(how="computed")),
    },
}


@pytest.fixture
def schema(tmp_path):
    write_schema(text(data=DATA), tmp_path / "schema.zip")
    return Schema(tmp_path / "schema.zip")


def found(program, schema):
    return synthesise(recorded(program), Catalogue(schema), REQUIREMENT)


def in_the_default_network():
    network = aws.ec2.get_vpc(default=True)
    aws.sns.Topic("it", name="it", display_name=network.cidr_block)


def test_a_question_becomes_a_data_source_that_its_reader_refers_to(schema):
    document = found(in_the_default_network, schema).document
    ((label, asked),) = document["data"]["aws_vpc"].items()
    assert asked == {"default": True}
    topic = document["resource"]["aws_sns_topic"]["it"]
    assert topic["display_name"] == f"${{data.aws_vpc.{label}.cidr_block}}"


def test_the_same_question_is_one_and_another_is_another(schema):
    def program():
        for default in (True, True, False):
            aws.ec2.get_vpc(default=default)

    assert len(found(program, schema).document["data"]["aws_vpc"]) == 2


def test_an_answer_that_only_aws_has_is_named_as_made_up(schema):
    (gap,) = found(in_the_default_network, schema).gaps
    assert "made up" in gap.why
    assert "getVpc" in gap.urn


def test_a_question_is_no_resource(schema):
    assert len(found(in_the_default_network, schema).addresses) == 1


def test_a_plan_that_asks_nobody_reads_a_made_up_answer(schema):
    document = answered(found(in_the_default_network, schema).document, schema)
    assert "data" not in document
    ((name, answers),) = document["locals"].items()
    topic = document["resource"]["aws_sns_topic"]["it"]
    assert topic["display_name"] == f"${{local.{name}.cidr_block}}"
    assert set(answers) == {"cidr_block"}
    assert document == answered(found(in_the_default_network, schema).document, schema)


def test_what_the_provider_computes_itself_stays_a_question(schema):
    def program():
        document = aws.iam.get_policy_document()
        aws.sns.Topic("it", name="it", policy=document.json)

    of = found(program, schema)
    assert of.gaps == ()
    assert answered(of.document, schema) == {**of.document}


def test_a_question_that_the_provider_does_not_know_is_a_gap(schema):
    def program():
        aws.ec2.get_instance(instance_id="i-1")

    of = found(program, schema)
    assert "data" not in of.document
    assert "getInstance" in of.gaps[0].why


def test_a_text_that_looks_like_a_reference_and_is_none_stays(schema):
    def program():
        in_the_default_network()
        aws.sns.Topic("text", name="text", display_name="${data.aws_vpc.x.id}")

    topics = answered(found(program, schema).document, schema)["resource"]["aws_sns_topic"]
    assert topics["text"]["display_name"] == "$${data.aws_vpc.x.id}"
