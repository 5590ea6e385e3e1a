"""The real policy pack: started as Pulumi's CLI starts it, and asked over gRPC."""

import os
import re
import subprocess
import threading

import grpc
import pytest
from google.protobuf import empty_pb2
from pulumi.runtime.proto import analyzer_pb2 as pb
from pulumi.runtime.proto import analyzer_pb2_grpc

from policy.rules.catalogue import ALL
from tests.stacks import ROOT, evaluated

PATIENCE = 60
"""Seconds for a start, or an answer, on a busy machine."""
UNKNOWN_TEXT = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""How Pulumi writes a text that is not known yet."""
BUCKET = "aws:s3/bucket:Bucket"
TOPIC = "aws:sns/topic:Topic"


@pytest.fixture(scope="module")
def pack():
    """The pack's process. Without its environment tests are skipped, under CI they fail."""
    settings = (ROOT / "policy/PulumiPolicy.yaml").read_text()
    (named,) = re.findall(r"virtualenv: (\S+)", settings)
    python = ROOT / "policy" / named / "bin/python"
    if not python.exists() and os.environ.get("CI") != "true":
        pytest.skip(f"{python} is missing: python3 scripts/bootstrap.py dev")
    # What Pulumi's own starter of packs (pulumi-analyzer-policy-python) runs. The engine's address
    # is only used for messages, of which there are none.
    process = subprocess.Popen(
        [python, "-u", "-m", "pulumi.policy", "127.0.0.1:1", "."],
        cwd=ROOT / "policy",
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    too_late = threading.Timer(PATIENCE, process.kill)
    too_late.start()
    try:
        port = process.stdout.readline().strip()
        too_late.cancel()
        assert port.isdigit(), process.stderr.read()
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            yield analyzer_pb2_grpc.AnalyzerStub(channel)
    finally:
        too_late.cancel()
        process.kill()
        process.communicate()


def struct(properties):
    request = pb.AnalyzeRequest()
    request.properties.update(properties)
    return request.properties


def urn(type_, name="it"):
    return f"urn:pulumi:prod::slipway::{type_}::{name}"


def analyze(pack, type_, properties, *, protect=False):
    request = pb.AnalyzeRequest(
        type=type_,
        urn=urn(type_),
        name="it",
        properties=struct(properties),
        options=pb.AnalyzerResourceOptions(protect=protect),
    )
    return pack.Analyze(request, timeout=PATIENCE).diagnostics


def test_it_offers_every_rule_at_its_level(pack):
    info = pack.GetAnalyzerInfo(empty_pb2.Empty(), timeout=PATIENCE)
    levels = {policy.name: policy.enforcementLevel for policy in info.policies}
    assert info.name == "slipway"
    assert info.supportsConfig
    assert levels == {rule.name: pb.EnforcementLevel.Value(rule.level.name) for rule in ALL}


def test_a_resource_that_breaks_a_rule_is_reported(pack):
    (found,) = analyze(pack, TOPIC, {"name": "alerts"})
    assert found.policyName == "topic-encrypted"
    assert found.enforcementLevel == pb.MANDATORY
    assert found.urn == urn(TOPIC)
    assert "set kmsMasterKeyId" in found.message


def test_a_resource_that_breaks_none_passes(pack):
    assert not analyze(pack, TOPIC, {"kmsMasterKeyId": "alias/slipway"})
    assert not analyze(pack, BUCKET, {"bucket": "b"}, protect=True)


def test_protection_is_seen(pack):
    assert [d.policyName for d in analyze(pack, BUCKET, {"bucket": "b"})] == ["data-protected"]


def test_what_is_not_known_yet_neither_fails_nor_skips_a_rule(pack):
    assert not analyze(pack, TOPIC, {"kmsMasterKeyId": UNKNOWN_TEXT})
    volumes = [
        {"ebs": {"encrypted": "true", "kmsKeyId": UNKNOWN_TEXT}},
        {"ebs": {"encrypted": "false"}},
    ]
    template = {
        "imageId": UNKNOWN_TEXT,
        "blockDeviceMappings": volumes,
        "metadataOptions": {"httpTokens": "required", "httpPutResponseHopLimit": 1},
        "tagSpecifications": UNKNOWN_TEXT,
    }
    (found,) = analyze(pack, "aws:ec2/launchTemplate:LaunchTemplate", template)
    assert found.policyName == "volume-encrypted"


def test_a_rule_can_be_switched_off(pack):
    off = pb.PolicyConfig(enforcementLevel=pb.DISABLED)
    try:
        pack.Configure(
            pb.ConfigureAnalyzerRequest(policyConfig={"topic-encrypted": off}), timeout=PATIENCE
        )
        assert not analyze(pack, TOPIC, {})
    finally:
        pack.Configure(pb.ConfigureAnalyzerRequest(), timeout=PATIENCE)
    assert analyze(pack, TOPIC, {})


def as_sent(resource):
    """A recorded resource as the engine sends it."""
    related = {
        name: pb.AnalyzerPropertyDependencies(urns=urns)
        for name, urns in resource.property_dependencies.items()
        if urns
    }
    return pb.AnalyzerResource(
        type=resource.type,
        urn=resource.urn,
        name=resource.name,
        properties=struct(resource.properties),
        options=pb.AnalyzerResourceOptions(protect=resource.protect),
        propertyDependencies=related,
    )


def test_prod_passes_and_a_bucket_that_was_opened_does_not(pack):
    graph = evaluated("prod")
    sent = [as_sent(resource) for resource in graph.resources]
    answer = pack.AnalyzeStack(pb.AnalyzeStackRequest(resources=sent), timeout=PATIENCE)
    assert [d.message for d in answer.diagnostics] == []
    for resource in sent:
        request = pb.AnalyzeRequest(
            type=resource.type,
            urn=resource.urn,
            name=resource.name,
            properties=resource.properties,
            options=resource.options,
        )
        assert not pack.Analyze(request, timeout=PATIENCE).diagnostics
    closed = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
    opened = [resource for resource in sent if resource.type != closed]
    answer = pack.AnalyzeStack(pb.AnalyzeStackRequest(resources=opened), timeout=PATIENCE)
    buckets = {r.urn for r in graph.of("Bucket")}
    assert {d.policyName for d in answer.diagnostics} == {"bucket-private"}
    assert {d.urn for d in answer.diagnostics} == buckets
