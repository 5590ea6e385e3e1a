"""Three environments in three shapes, and every valid configuration: all keep every invariant."""

import json
from dataclasses import replace

import pulumi
import pytest
from hypothesis import Phase, given, settings

from infra.stack import deploy
from slipway.errors import StackError
from slipway.stack.invokes import Invokes
from slipway.stack.load import load
from slipway.stack.program import program_at, record
from tests.configurations import configuration_of, valid_settings
from tests.invariants import INVARIANTS, encryption, identity, network, program
from tests.stacks import ENVIRONMENTS, ROOT, SHAPES, evaluated

WITHOUT_SERVERS = (
    encryption.every_store_is_encrypted,
    encryption.every_bucket_is_closed,
    identity.no_allowed_action_has_a_wildcard,
    identity.a_wildcard_resource_is_where_aws_knows_no_other,
    identity.nobody_is_trusted_blindly,
    network.only_the_load_balancer_is_open_to_the_world,
    program.every_reference_resolves,
    program.names_are_within_aws_limits,
    program.data_is_protected_in_prod,
)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("environment", ENVIRONMENTS)
@pytest.mark.parametrize("invariant", INVARIANTS, ids=lambda check: check.__name__)
def test_an_invariant_holds_in_every_environment_and_shape(invariant, environment, shape):
    invariant(evaluated(environment, shape))


# Without shrinking: an example takes a tenth of a second, and its settings are printed as they are.
@settings(max_examples=30, deadline=None, phases=[Phase.explicit, Phase.generate])
@given(valid_settings())
def test_every_configuration_that_validation_lets_through_keeps_every_invariant(chosen):
    chosen = replace(chosen, image=chosen.image or "0.1.0")

    def program():
        for name, value in deploy(chosen).items():
            pulumi.export(name, value)

    graph = record(program, stack=chosen.environment)
    for invariant in INVARIANTS:
        invariant(graph)


def test_the_provider_is_told_whose_account_is_meant():
    graph = load(
        ROOT, "dev", {"aws:profile": "sandbox", "aws:allowedAccountIds": '["123456789012"]'}
    )
    provider = graph.named("aws", "pulumi:providers:aws").properties
    assert provider["profile"] == "sandbox"
    assert json.loads(provider["allowedAccountIds"]) == ["123456789012"]
    assert "profile" not in load(ROOT, "dev").named("aws", "pulumi:providers:aws").properties


def test_zones_are_those_that_are_named_in_their_order():
    graph = load(ROOT, "staging", {"slipway:zoneNames": '["eu-central-1c", "eu-central-1a"]'})
    zones = [subnet.properties["availabilityZone"] for subnet in graph.of("Subnet")]
    assert list(dict.fromkeys(zones)) == ["eu-central-1c", "eu-central-1a"]


def test_zones_that_the_region_has_not_are_refused():
    with pytest.raises(StackError, match=r"no eu-central-1f\. Choose from eu-central-1a, "):
        load(ROOT, "staging", {"slipway:zoneNames": '["eu-central-1f", "eu-central-1a"]'})


def test_a_zone_in_trouble_keeps_its_subnets():
    """Asked for those available alone, AWS would leave it out, and all after it would move up."""
    asked = []

    class Asked(Invokes):
        def answer(self, token, arguments):
            asked.append((token, arguments))
            return super().answer(token, arguments)

    configuration = configuration_of("dev")
    record(program_at(ROOT), stack="dev", config=configuration, invokes=Asked("eu-central-1"))
    (arguments,) = [a for token, a in asked if token.endswith(":getAvailabilityZones")]
    assert "state" not in arguments


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_without_an_image_there_is_a_place_to_push_one_and_no_server(environment):
    graph = load(ROOT, environment, {"slipway:image": ""})
    assert not graph.of("aws:autoscaling/group:Group", "LoadBalancer", "MetricAlarm")
    assert "imageRepository" in graph.outputs
    for invariant in WITHOUT_SERVERS:
        invariant(graph)
