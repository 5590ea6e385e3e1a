"""Rolling replacements, in the process in which Pulumi's engine runs them, against moto's API."""

import json
import subprocess
import sys
import threading

import boto3
import grpc
import pytest
from google.protobuf import struct_pb2
from pulumi.dynamic.dynamic import PROVIDER_KEY, serialize_provider
from pulumi.runtime.proto import provider_pb2 as pb
from pulumi.runtime.proto import provider_pb2_grpc
from pulumi.runtime.rpc import UNKNOWN

from infra.instance_refresh import InstanceRefresh
from tests.aws_servers import REGION, as_of_aws, moto_server
from tests.moto_refreshes import installed
from tests.stacks import ROOT, evaluated

PATIENCE = 60


@pytest.fixture(scope="module")
def moto():
    with moto_server() as url:
        yield url


@pytest.fixture
def refreshes(monkeypatch, moto):
    as_of_aws(monkeypatch)
    monkeypatch.setenv("AWS_ENDPOINT_URL", moto)
    return installed(monkeypatch)


@pytest.fixture
def host(refreshes):
    """The provider's process, as `pulumi-resource-pulumi-python` starts it in a project."""
    process = subprocess.Popen(
        [sys.executable, "-u", "-m", "pulumi.dynamic"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    too_late = threading.Timer(PATIENCE, process.kill)
    too_late.start()
    try:
        port = process.stdout.readline().strip()
        assert port.isdigit(), process.stderr.read()
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            stub = provider_pb2_grpc.ResourceProviderStub(channel)
            stub.Configure(pb.ConfigureRequest())
            yield stub
    finally:
        too_late.cancel()
        process.kill()
        process.communicate()


@pytest.fixture(scope="module")
def declared():
    """What prod declares, with places for the template's id and version."""
    (rollout,) = evaluated("prod").of("pulumi-python:dynamic/slipway:Rollout")
    return rollout.properties


@pytest.fixture
def group(refreshes, declared):
    """prod's group with the first version of a template; refreshed to a version by `wanted`."""
    ec2 = boto3.client("ec2", region_name=REGION)
    auto = boto3.client("autoscaling", region_name=REGION)
    template = ec2.create_launch_template(
        LaunchTemplateName="servers",
        LaunchTemplateData={"ImageId": "ami-12c6146b", "InstanceType": "g6.xlarge"},
    )["LaunchTemplate"]["LaunchTemplateId"]

    def wanted(version):
        desired = json.loads(declared["desired"])
        specification = desired["MixedInstancesPolicy"]["LaunchTemplate"]
        specification["LaunchTemplateSpecification"] = {
            "LaunchTemplateId": template,
            "Version": str(version),
        }
        return declared | {"region": REGION, "desired": json.dumps(desired)}

    auto.create_auto_scaling_group(
        AutoScalingGroupName=declared["group"],
        MinSize=0,
        MaxSize=1,
        AvailabilityZones=[f"{REGION}a"],
        MixedInstancesPolicy=json.loads(wanted(1)["desired"])["MixedInstancesPolicy"],
    )
    yield wanted
    auto.delete_auto_scaling_group(AutoScalingGroupName=declared["group"], ForceDelete=True)
    ec2.delete_launch_template(LaunchTemplateId=template)
    auto.close()
    ec2.close()


@pytest.fixture
def version(group, declared):
    """The version of the template that the group starts servers with."""

    def read():
        client = boto3.client("autoscaling", region_name=REGION)
        names = [declared["group"]]
        (found,) = client.describe_auto_scaling_groups(AutoScalingGroupNames=names)[
            "AutoScalingGroups"
        ]
        client.close()
        policy = found["MixedInstancesPolicy"]["LaunchTemplate"]
        return int(policy["LaunchTemplateSpecification"]["Version"])

    return read


def plain(properties):
    sent = struct_pb2.Struct()
    sent.update(properties)
    return sent


def struct(properties):
    return plain({**properties, PROVIDER_KEY: serialize_provider(InstanceRefresh())})


def changes(host, old, new):
    request = pb.DiffRequest(id="servers", olds=struct(old), news=struct(new))
    return host.Diff(request).changes == pb.DiffResponse.DIFF_SOME


def update(host, old, new):
    host.Update(pb.UpdateRequest(id="servers", olds=struct(old), news=struct(new)))


def test_a_group_that_was_just_made_has_what_is_desired(host, refreshes, group):
    created = host.Create(pb.CreateRequest(properties=struct(group(1))))
    assert created.id == group(1)["group"]
    assert refreshes.known == []
    assert not changes(host, group(1), group(1))


def test_a_refresh_brings_the_new_version_and_the_group_keeps_the_old_one_to_go_back_to(
    host, refreshes, group, version, declared
):
    assert changes(host, group(1), group(2))
    update(host, group(1), group(2))
    (refresh,) = refreshes.known
    assert version() == 1, "what AWS would roll back to"
    assert refresh["DesiredConfiguration"] == json.loads(group(2)["desired"])
    assert refresh["Preferences"] == json.loads(declared["preferences"])
    assert not changes(host, group(2), group(2)), "under way"
    refreshes.end("Successful")
    assert version() == 2
    assert not changes(host, group(2), group(2))


def test_after_a_rollback_the_next_update_tries_again(host, refreshes, group, version):
    update(host, group(1), group(2))
    refreshes.end("RollbackSuccessful")
    assert version() == 1
    assert changes(host, group(2), group(2))
    update(host, group(2), group(2))
    assert [each["Status"] for each in refreshes.known] == ["InProgress", "RollbackSuccessful"]


@pytest.mark.parametrize("under_way", ["InProgress", "RollbackInProgress"])
def test_a_later_version_does_not_wait_for_the_one_before(host, refreshes, group, under_way):
    update(host, group(1), group(2))
    refreshes.known[0]["Status"] = under_way
    update(host, group(2), group(3))
    assert [each["Status"] for each in refreshes.known] == ["InProgress", "Cancelled"]
    assert refreshes.known[0]["DesiredConfiguration"] == json.loads(group(3)["desired"])


def test_a_version_that_a_preview_does_not_know_yet_is_another_one(host, group):
    assert changes(host, group(1), group(1) | {"desired": UNKNOWN})


def test_other_preferences_alone_wait_for_the_next_refresh(host, group):
    assert not changes(host, group(1), group(1) | {"preferences": "{}"})


def test_what_aws_refuses_is_what_the_update_fails_with(host, refreshes, group, version):
    with pytest.raises(grpc.RpcError, match="Unknown parameter in Preferences"):
        update(host, group(1), group(2) | {"preferences": json.dumps({"Hurry": True})})
    assert (refreshes.known, version()) == ([], 1)


def test_the_profile_is_the_one_of_the_stacks_configuration(host, group):
    host.Configure(pb.ConfigureRequest(args=plain({"aws:profile": "of-prod"})))
    with pytest.raises(grpc.RpcError, match=r"The config profile \(of-prod\) could not be found"):
        update(host, group(1), group(2))
