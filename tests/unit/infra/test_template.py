import base64
import re

import pytest

from infra.template import Template, TemplateArgs, shared_memory_gib
from slipway.stack.program import record
from tests.servers import CPU_TYPES, IMAGE, LOGS, NAMES, PLACE, TIMINGS, server_settings


def template(shape="cluster", *types, discovery=None, **changes):
    """The graph, and the version that the component says."""
    said = []

    def program():
        args = TemplateArgs(
            shape=shape,
            settings=server_settings(*types, **changes),
            names=NAMES,
            place=PLACE,
            timings=TIMINGS,
            security_group_id="sg-1",
            key_arn="arn:key",
            profile_arn="arn:profile",
            image_uri=IMAGE,
            store_url="s3://bucket",
            logs=LOGS,
            discovery_service_id=discovery,
        )
        Template("dev-servers", args).version.apply(said.append)

    return record(program), said[0]


def properties(*args, **changes):
    (found,) = template(*args, **changes)[0].of("LaunchTemplate")
    return found.properties


def boot(*args, **changes):
    return base64.b64decode(properties(*args, **changes)["userData"]).decode()


def test_metadata_needs_a_token_and_reaches_no_further_than_it_must():
    assert properties()["metadataOptions"] == {
        "httpEndpoint": "enabled",
        "httpTokens": "required",
        "httpPutResponseHopLimit": 1,
        "instanceMetadataTags": "disabled",
    }
    bridged = properties("container", network_mode="bridge", hop_limit=2)
    assert bridged["metadataOptions"]["httpPutResponseHopLimit"] == 2


def test_the_root_volume_is_encrypted_with_our_key_and_as_fast_as_was_asked():
    (device,) = properties()["blockDeviceMappings"]
    assert device == {
        "deviceName": "/dev/xvda",
        "ebs": {
            "volumeType": "gp3",
            "volumeSize": 200,
            "iops": 6000,
            "throughput": 500,
            "encrypted": "true",
            "kmsKeyId": "arn:key",
            "deleteOnTermination": "true",
        },
    }


def test_no_server_has_a_public_address_or_a_key_pair():
    (interface,) = properties()["networkInterfaces"]
    assert interface["associatePublicIpAddress"] == "false"
    assert interface["securityGroups"] == ["sg-1"]
    assert "keyName" not in properties()
    assert "vpcSecurityGroupIds" not in properties(), "not beside an interface"


def test_servers_and_volumes_carry_the_tags_that_costs_are_told_apart_by():
    tagged = {each["resourceType"]: each["tags"] for each in properties()["tagSpecifications"]}
    assert {"instance", "volume"} <= set(tagged)
    for tags in tagged.values():
        assert tags["Environment"] == "dev"
        assert tags["Stack"] == "slipway-dev"
        assert tags["CostCenter"] == "4711"
        assert tags["Name"] == "slipway-dev"


def test_a_server_that_shuts_itself_down_is_gone():
    assert properties()["instanceInitiatedShutdownBehavior"] == "terminate"


def test_the_version_is_a_number_as_a_rollback_needs():
    graph, version = template()
    (resource,) = graph.of("LaunchTemplate")
    assert re.fullmatch(r"\d+", version)
    assert graph.target(version) is resource
    assert graph.references[version].property == "latestVersion"
    assert "resolve:" not in resource.properties["imageId"]
    assert resource.properties["updateDefaultVersion"] is False


def test_boot_is_told_what_was_only_known_while_the_stack_was_built():
    text = boot()
    assert text.startswith("#cloud-config\n")
    for told in (IMAGE, "s3://bucket", LOGS.server, LOGS.system):
        assert told in text
    assert "SLIPWAY_DISCOVERY_SERVICE" not in text
    assert "SLIPWAY_DISCOVERY_SERVICE=srv-1" in boot("single", discovery="srv-1")


def test_boot_is_told_how_long_leaving_may_take():
    text = boot()
    assert f"STOP_SECONDS={TIMINGS.stop_seconds}\\n" in text
    assert f"SLIPWAY_DRAIN={TIMINGS.drain}\\n" in text


@pytest.mark.parametrize("shape", ["cluster", "single", "container"])
@pytest.mark.parametrize("types", [(), CPU_TYPES])
def test_user_data_leaves_room_in_every_shape(shape, types):
    assert len(boot(shape, *types).encode()) <= 12_000


def test_shared_memory_fits_into_the_smallest_server():
    assert shared_memory_gib(server_settings("c7i.large", "m7i.8xlarge")) == 1
    assert shared_memory_gib(server_settings("g6.xlarge")) == 2
