"""What validation refuses, and that it lets everything else through."""

import pytest
from hypothesis import HealthCheck, find, given, settings

from infra.errors import SettingError
from infra.settings import Settings
from tests.configurations import configuration_of, settings_from, settings_of, valid_settings
from tests.wrong_settings import ARN, DEEP, OPEN, TASKS, WRONG

COMMITTED = ("dev", "staging", "prod")


def refused(stack: str, changes: dict[str, str]) -> SettingError:
    configuration = configuration_of(stack if stack in COMMITTED else "dev", **changes)
    with pytest.raises(SettingError) as caught:
        settings_from(configuration, stack)
    return caught.value


@pytest.mark.parametrize(("stack", "changes", "setting", "value", "said"), WRONG)
def test_a_wrong_setting_is_named_with_its_value_and_the_way_out(
    stack, changes, setting, value, said
):
    error = refused(stack, changes)
    lines = str(error).splitlines()
    assert len(lines) == len(error.problems)
    (line,) = [
        text for text in lines if text.startswith(f"{setting} is {value}: ") and said in text
    ]
    assert line.endswith(".")
    assert line.count(". ") >= 1  # what is wrong, and what to do


def test_each_wrong_configuration_has_a_message_of_its_own():
    said = [str(refused(stack, changes)) for stack, changes, *_ in WRONG]
    assert [text for text in said if said.count(text) > 1] == []
    assert len(WRONG) >= 60


def test_all_wrong_settings_are_said_at_once():
    error = refused("dev", {"zones": "9", "nat": "x", "drain_seconds": "0", "log_days": "2"})
    named = {problem.setting.removeprefix("slipway:") for problem in error.problems}
    assert named == {"zones", "nat", "drainSeconds", "logDays"}
    assert len(str(error).splitlines()) == 4


@pytest.mark.parametrize("stack", COMMITTED)
def test_the_committed_environments_are_valid(stack):
    assert settings_of(stack).environment == stack


@pytest.mark.parametrize(
    ("stack", "changes"),
    [
        ("staging", {"shape": "container", "warm_pool": "0"}),
        (
            "staging",
            {"shape": "container", "warm_pool": "0", "network_mode": "bridge", "hop_limit": "2"},
        ),
        ("staging", {"load_balancer": "network"}),
        ("staging", {"nat": "none", "interface_endpoints": "true"}),
        ("staging", {"auth": "mtls", "trust_store": "s3://example-pki/ca.pem", "public": "true"}),
        ("staging", {"drain_seconds": "300", "longest_request_seconds": "300"}),
        ("staging", {"sleep": "0 20 * * *", "wake": "*/15 6-8 1,15 JAN-JUN MON-FRI"}),
        ("staging", {"instance_types": '["g6.xlarge", "g4dn.xlarge"]', "model_gib": "16"}),
        ("staging", {"instance_types": '["m7i.2xlarge", "c7i.4xlarge"]'}),
        ("prod", {**TASKS, "refresh_min_healthy": "66"}),
        ("prod", {"image": ""}),
        ("prod", {"spot_percent": "0", "warm_pool": "3"}),
        ("prod", {"allowed_cidrs": '["198.51.100.0/24"]'}),
        ("prod", {"vpc_cidr": "192.168.4.0/22"}),
        ("prod", {"public": "false", "allowed_cidrs": '["10.0.0.0/8"]'}),
        ("prod", {"nat": "none"}),
        (
            "dev",
            {
                **OPEN,
                "zones": "1",
                "zone_names": '["eu-central-1b"]',
                "capacity_reservation": "cr-0123456789abcdef0",
            },
        ),
        ("prod", {"zone_names": '["eu-central-1c", "eu-central-1a", "eu-central-1b"]'}),
        ("prod", {"domain": DEEP, "certificate_arn": ARN.replace("us-east-1", "eu-central-1")}),
    ],
)
def test_what_aws_can_build_is_let_through(stack, changes):
    assert settings_of(stack, **changes)


@given(valid_settings())
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_generated_settings_are_valid_whatever_was_drawn(generated):
    assert generated.servers.min_servers <= generated.servers.max_servers


@pytest.mark.parametrize(
    "wanted",
    [
        lambda s: s.environment == "prod" and s.shape == "container" and s.servers.spot,
        lambda s: s.environment == "prod" and s.shape == "single",
        lambda s: s.servers.warm_pool and not s.servers.gpu,
        lambda s: s.servers.capacity_reservation.startswith("cr-"),
        lambda s: s.ingress.load_balancer == "network" and s.network.zones == 1,
        lambda s: s.ingress.public and s.ingress.auth == "mtls" and s.ingress.waf,
        lambda s: s.scaling.scale_on == "requests" and s.scaling.sleep,
        lambda s: s.servers.hop_limit == 2 and s.network.nat == "none",
        lambda s: s.ingress.auth == "jwt" and s.network.nat == "none",
        lambda s: not s.image and s.publisher.publisher_issuer,
    ],
)
def test_generated_settings_reach_every_corner(wanted):
    found = find(valid_settings(), wanted, settings=settings(max_examples=2000))
    assert isinstance(found, Settings)
