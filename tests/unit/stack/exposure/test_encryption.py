"""What is stored encrypted, and with whose key."""

import pytest

from slipway.stack.exposure import Kind, Severity, delta
from tests.stacks import evaluated
from tests.unit.stack.exposure.graphs import changed, closed, graph, opened, resource, without

OWN = "@key.arn@"


def stack(kind, **properties):
    return graph(resource("Key", "key", enableKeyRotation=True), resource(kind, "it", **properties))


VOLUME = {"encrypted": "true"}
KINDS = {
    "aws:cloudwatch/logGroup:LogGroup": ({"kmsKeyId": OWN}, {}, "a key of AWS"),
    "aws:sns/topic:Topic": ({"kmsMasterKeyId": OWN}, {}, "not encrypted"),
    "aws:sqs/queue:Queue": ({"kmsMasterKeyId": OWN}, {"sqsManagedSseEnabled": False}, "not enc"),
    "aws:secretsmanager/secret:Secret": ({"kmsKeyId": OWN}, {}, "a key of AWS"),
    "aws:ebs/volume:Volume": ({**VOLUME, "kmsKeyId": OWN}, {"encrypted": False}, "not encrypted"),
    "aws:efs/fileSystem:FileSystem": ({**VOLUME, "kmsKeyId": OWN}, VOLUME, "a key of AWS"),
    "aws:ssm/parameter:Parameter": (
        {"type": "SecureString", "keyId": OWN},
        {"type": "String"},
        "a key of AWS",
    ),
    "aws:ecr/repository:Repository": (
        {"encryptionConfigurations": [{"encryptionType": "KMS", "kmsKey": OWN}]},
        {},
        "a key of AWS",
    ),
    "Template": (
        {"blockDeviceMappings": [{"ebs": {**VOLUME, "kmsKeyId": OWN}}]},
        {"blockDeviceMappings": [{"ebs": {**VOLUME, "kmsKeyId": OWN}}, {"ebs": {}}]},
        "not encrypted",
    ),
}


@pytest.mark.parametrize("kind", KINDS)
def test_what_loses_the_key_of_the_stack_is_said(kind):
    with_, without_, now = KINDS[kind]
    base, head = stack(kind, **with_), stack(kind, **without_)
    (finding,) = delta(base, head)
    assert "it is no longer encrypted with the stack's key: it is " in finding.said
    assert now in finding.said
    assert finding.kind == Kind.ENCRYPTION
    assert finding.severity == (Severity.HIGH if "not" in now else Severity.MEDIUM)
    assert delta(base, base) == ()
    (said,) = closed(head, base)
    assert said.endswith("it is now encrypted with the stack's key")


def test_a_bucket_that_names_no_key_has_one_of_aws():
    rule = {"applyServerSideEncryptionByDefault": {"kmsMasterKeyId": OWN}}
    own = resource(
        "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
        "encryption",
        bucket="@it.id@",
        rules=[rule],
    )
    bare = stack("Bucket")
    base = graph(*bare.resources, own)
    assert opened(base, bare) == [
        "the bucket it is no longer encrypted with the stack's key: it is encrypted with a key of "
        "AWS"
    ]
    inline = stack("Bucket", serverSideEncryptionConfiguration={"rule": rule})
    assert delta(base, inline) == ()


def test_an_alias_is_the_key_that_it_stands_for_and_another_key_is_not_compared():
    topic = "aws:sns/topic:Topic"
    alias = resource("aws:kms/alias:Alias", "alias", targetKeyId="@key.keyId@")
    by_key = graph(*stack(topic, kmsMasterKeyId=OWN).resources, alias)
    by_alias = graph(*stack(topic, kmsMasterKeyId="@alias.name@").resources, alias)
    assert delta(by_key, by_alias) == ()
    (finding,) = delta(by_key, stack(topic, kmsMasterKeyId="arn:aws:kms:other"))
    assert not finding.certain
    aws_own = stack(topic, kmsMasterKeyId="alias/aws/sns")
    (said,) = opened(by_key, aws_own)
    assert said.endswith(
        "no longer encrypted with the stack's key: it is encrypted with a key of AWS"
    )


def test_volumes_that_are_not_written_out_are_not_judged():
    unknown = stack("Template")
    known = stack("Template", blockDeviceMappings=[{"ebs": VOLUME}])
    assert delta(graph(resource("Key", "key", enableKeyRotation=True)), unknown) == ()
    assert [f.certain for f in delta(known, unknown)] == [False]


def test_a_new_topic_without_encryption_is_said():
    base = graph(resource("Key", "key", enableKeyRotation=True))
    assert opened(base, stack("aws:sns/topic:Topic")) == ["the new topic it is not encrypted"]
    assert opened(base, stack("aws:sns/topic:Topic", kmsMasterKeyId=OWN)) == []


def test_a_key_that_is_no_longer_rotated_is_said():
    base = graph(resource("Key", "key", enableKeyRotation=True))
    assert opened(base, changed(base, "key", enableKeyRotation=False)) == [
        "the key key is no longer rotated"
    ]


def test_the_real_store_without_its_encryption_is_found():
    base = evaluated("prod")
    assert opened(base, without(base, "prod-store-encryption")) == [
        "the bucket prod-store-bucket is no longer encrypted with the stack's key: it is encrypted "
        "with a key of AWS"
    ]
