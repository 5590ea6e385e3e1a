"""The recorder, with programs of a few lines: what they say is what is recorded."""

import json

import pulumi
import pulumi_aws as aws
import pytest
from pulumi import ResourceOptions
from pulumi.runtime.proto import resource_pb2 as pb

from slipway.errors import StackError
from slipway.stack.invokes import Invokes
from slipway.stack.program import record
from slipway.stack.recorder import Recorder


class Pair(pulumi.ComponentResource):
    """A bucket and its versioning."""

    def __init__(self, name, opts=None):
        super().__init__("slipway:test:Pair", name, None, opts)
        self.bucket = aws.s3.Bucket(
            f"{name}-bucket", opts=ResourceOptions(parent=self, protect=True)
        )
        aws.s3.BucketVersioning(
            f"{name}-versioning",
            bucket=self.bucket.id,
            versioning_configuration={"status": "Enabled"},
            opts=ResourceOptions(parent=self),
        )
        self.register_outputs({})


def test_inputs_are_recorded_under_the_names_that_aws_gives_them():
    graph = record(lambda: aws.ec2.Vpc("net", cidr_block="10.0.0.0/16") and None)
    assert graph.named("net").properties == {"cidrBlock": "10.0.0.0/16"}
    assert graph.named("net").type == "aws:ec2/vpc:Vpc"


def test_an_output_in_an_input_is_a_reference_that_can_be_followed():
    graph = record(lambda: Pair("pair") and None)
    value = graph.named("pair-versioning").properties["bucket"]
    assert value == "@pair-bucket.id@"
    assert graph.target(value) is graph.named("pair-bucket")


def test_a_reference_survives_json_and_concatenation():
    def program():
        bucket = aws.s3.Bucket("data")
        text = pulumi.Output.json_dumps({"Resource": pulumi.Output.concat(bucket.arn, "/blobs/*")})
        aws.s3.BucketPolicy("policy", bucket=bucket.id, policy=text)

    graph = record(program)
    policy = graph.named("policy").properties["policy"]
    assert json.loads(policy) == {"Resource": "@data.arn@/blobs/*"}
    assert [r.property for r in graph.referred(policy)] == ["arn"]


def test_parents_protection_and_dependencies_are_kept():
    def program():
        pair = Pair("pair")
        aws.ec2.Vpc("net", cidr_block="10.0.0.0/16", opts=ResourceOptions(depends_on=[pair.bucket]))

    graph = record(program)
    bucket = graph.named("pair-bucket")
    assert bucket.protect
    assert not graph.named("net").protect
    assert graph.by_urn(bucket.parent).name == "pair"
    assert "slipway:test:Pair$aws:s3/bucket:Bucket" in bucket.urn
    assert graph.named("net").depends_on == (bucket.urn,)


def test_numbers_and_nested_outputs_are_references_too():
    def program():
        template = aws.ec2.LaunchTemplate("template", image_id="ami-1")
        certificate = aws.acm.Certificate("cert", domain_name="a.example.com")
        option = certificate.domain_validation_options[0]
        aws.ssm.Parameter("version", type="String", value=template.latest_version.apply(str))
        aws.ssm.Parameter("record", type="String", value=option.resource_record_name)

    graph = record(program)
    version = graph.named("version").properties["value"]
    assert version.isdigit()
    assert graph.target(version).name == "template"
    assert graph.target(graph.named("record").properties["value"]).name == "cert"


def test_two_resources_of_one_name_and_different_types_keep_apart():
    def program():
        aws.ssm.Parameter("vpc", type="String", value=aws.ec2.Vpc("net").id)
        aws.ssm.Parameter("topic", type="String", value=aws.sns.Topic("net").id)

    graph = record(program)
    assert graph.target(graph.named("vpc").properties["value"]).type.endswith("Vpc")
    assert graph.target(graph.named("topic").properties["value"]).type.endswith("Topic")


def test_secrets_are_marked_where_they_are():
    def program():
        value = pulumi.Config("slipway").require_secret("token")
        aws.sns.Topic("token", name="topic", display_name=value)

    graph = record(program, config={"slipway:token": "hush"}, secrets=["slipway:token"])
    assert graph.named("token").secrets == ("displayName",)
    assert graph.named("token").properties == {"name": "topic", "displayName": "hush"}


def test_configuration_outputs_and_the_place_in_the_source_are_recorded():
    def program():
        pulumi.export("size", pulumi.Config("slipway").require_int("size"))
        aws.sns.Topic("topic")

    graph = record(program, config={"slipway:size": "3"}, stack="staging")
    assert graph.outputs == {"size": 3}
    assert graph.stack == "staging"
    assert graph.named("topic").source.startswith("test_recorder.py:")


def test_a_registration_without_a_place_in_the_source_has_an_empty_one():
    recorder = Recorder("slipway", "dev", Invokes())
    recorder.RegisterResource(pb.RegisterResourceRequest(type="slipway:test:Pair", name="pair"))
    assert recorder.graph().named("pair").source == ""


def test_two_resources_of_one_name_and_type_are_refused():
    def program():
        aws.sns.Topic("topic")
        aws.sns.Topic("topic")

    with pytest.raises(StackError, match="Two resources are called topic"):
        record(program)


def test_a_question_to_aws_without_an_offline_answer_is_recorded_and_can_be_followed():
    def program():
        instance = aws.ec2.get_instance(instance_id="i-1")
        aws.ssm.Parameter("address", type="String", insecure_value=instance.private_ip)

    graph = record(program)
    (question,) = graph.questions
    assert question.token == "aws:ec2/getInstance:getInstance"
    assert question.arguments == {"instanceId": "i-1"}
    (reference,) = graph.referred(graph.named("address").properties["insecureValue"])
    assert (reference.urn, reference.property) == (question.urn, "privateIp")


def test_a_question_to_somebody_else_is_named():
    with pytest.raises(StackError, match=r"asks for other:index:thing.*no offline answer"):
        record(lambda: pulumi.runtime.invoke("other:index:thing", {}) and None)


def test_reading_what_exists_is_refused():
    with pytest.raises(StackError, match=r"reads an existing aws:ec2/vpc:Vpc"):
        record(lambda: aws.ec2.Vpc.get("net", "vpc-1") and None)


def test_what_a_program_raises_comes_out_as_it_is():
    def program():
        aws.sns.Topic("topic")
        raise LookupError("a mistake of the program")

    with pytest.raises(LookupError, match="a mistake of the program"):
        record(program)
    assert record(lambda: None).of("Topic") == ()  # and nothing of it stays behind


def test_answers_depend_on_the_question_and_are_always_the_same():
    answers = Invokes("eu-central-1")
    ask = "aws:ssm/getParameter:getParameter"
    first, again = (answers.answer(ask, {"name": "/a"})["value"] for _ in range(2))
    assert first == again
    assert first != answers.answer(ask, {"name": "/b"})["value"]
