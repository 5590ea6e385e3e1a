"""What is stored is encrypted and closed."""

import json

from tests.invariants.reading import invariant, template_of


@invariant
def every_store_is_encrypted(graph):
    encrypted = {
        graph.target(c.properties["bucket"]).urn
        for c in graph.of("BucketServerSideEncryptionConfiguration")
    }
    assert encrypted == {bucket.urn for bucket in graph.of("aws:s3/bucket:Bucket")}
    for repository in graph.of("Repository"):
        (configuration,) = repository.properties["encryptionConfigurations"]
        assert configuration["encryptionType"] == "KMS"
    for topic in graph.of("Topic"):
        assert topic.properties["kmsMasterKeyId"]
    for logs in graph.of("LogGroup"):
        assert logs.properties["kmsKeyId"]
        assert logs.properties["retentionInDays"] > 0
    for key in graph.of("Key"):
        assert key.properties["enableKeyRotation"] is True


@invariant
def every_volume_is_encrypted(graph):
    for device in template_of(graph).properties["blockDeviceMappings"]:
        assert device["ebs"]["encrypted"] == "true"
        assert graph.target(device["ebs"]["kmsKeyId"]).type == "aws:kms/key:Key"


def _whole(graph, resources, policy):
    """Whether these are a policy's bucket and all its objects."""
    bucket, objects = resources
    of_policy = graph.target(policy.properties["bucket"]).urn
    return graph.target(bucket).urn == of_policy and objects == f"{bucket}/*"


@invariant
def every_bucket_is_closed(graph):
    closed = {
        graph.target(block.properties["bucket"]).urn
        for block in graph.of("BucketPublicAccessBlock")
        if all(
            block.properties[name] is True
            for name in (
                "blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets"
            )
        )
    }  # fmt: skip
    by_tls_alone = {
        graph.target(policy.properties["bucket"]).urn
        for policy in graph.of("BucketPolicy")
        for statement in json.loads(policy.properties["policy"])["Statement"]
        if {name: statement[name] for name in ("Effect", "Principal", "Action")}
        == {"Effect": "Deny", "Principal": "*", "Action": ["s3:*"]}
        and statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
        and _whole(graph, statement["Resource"], policy)
    }
    assert closed == by_tls_alone == {bucket.urn for bucket in graph.of("aws:s3/bucket:Bucket")}
