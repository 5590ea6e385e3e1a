"""Pulumi.yaml and the settings say the same, and what the program reads is what was declared."""

import json
from pathlib import Path

import pytest
import yaml

from infra.config import fields
from infra.errors import SettingError, camel
from infra.instances import InstanceType
from slipway.stack.configuration import read_configuration
from tests.configurations import ROOT, configuration_of, settings_from, settings_of

PROJECT = yaml.safe_load((ROOT / "Pulumi.yaml").read_text())
TYPES = {
    str: {"type": "string"},
    int: {"type": "integer"},
    bool: {"type": "boolean"},
    tuple[str, ...]: {"type": "array", "items": {"type": "string"}},
    tuple[int, ...]: {"type": "array", "items": {"type": "integer"}},
    tuple[InstanceType, ...]: {"type": "array", "items": {"type": "string"}},
}
PYTHON = {"string": str, "integer": int, "boolean": bool, "array": list}


def declaration(root: Path, name: str) -> dict[str, str]:
    """A project of its own whose stack holds nothing but `name`."""
    (root / "Pulumi.yaml").write_text((ROOT / "Pulumi.yaml").read_text())
    (root / f"Pulumi.{name}.yaml").write_text(
        "config:\n  aws:region: eu-central-1\n  slipway:owner: ml-platform\n"
    )
    return read_configuration(root, name)


def test_every_field_is_declared_and_nothing_else():
    assert sorted(PROJECT["config"]) == sorted(camel(name) for name in fields())


@pytest.mark.parametrize("name", sorted(fields()))
def test_a_declaration_has_the_type_of_its_field_a_default_and_a_description(name):
    declared = PROJECT["config"][camel(name)]
    expected = TYPES[fields()[name]]
    assert {key: declared[key] for key in expected} == expected
    assert type(declared["default"]) is PYTHON[declared["type"]]
    assert len(declared["description"]) > 10
    assert set(declared) == {*expected, "default", "description"}


@pytest.mark.parametrize("stack", ["dev", "staging", "prod"])
def test_a_stack_sets_only_what_is_declared_and_differs_from_the_default(stack):
    config = yaml.safe_load((ROOT / f"Pulumi.{stack}.yaml").read_text())["config"]
    for key, value in config.items():
        namespace, _, name = key.partition(":")
        assert namespace == "slipway" or key == "aws:region"
        if namespace == "slipway" and name not in {"protect", "shape"}:  # said on purpose
            assert PROJECT["config"][name]["default"] != value, key


def test_a_region_and_an_owner_are_enough(tmp_path):
    settings = settings_from(declaration(tmp_path, "dev"))
    assert (settings.shape, settings.servers.max_servers, settings.servers.spot) == (
        "single",
        1,
        False,
    )


def test_values_arrive_with_their_types():
    settings = settings_of("prod")
    assert settings.image == "0.1.0"
    assert settings.cost_center == "4712"
    assert settings.ingress.public is True
    assert settings.servers.max_servers == 12
    assert settings.servers.refresh_checkpoints == (10, 50, 100)
    assert [kind.name for kind in settings.servers.instance_types][:2] == [
        "g6.2xlarge",
        "g5.2xlarge",
    ]


def test_a_missing_region_is_said_beside_what_else_is_wrong():
    configuration = configuration_of("dev", zones="7")
    del configuration["aws:region"]
    with pytest.raises(SettingError) as caught:
        settings_from(configuration)
    first, second = str(caught.value).splitlines()
    assert first.startswith("aws:region is empty: ")
    assert "pulumi config set aws:region" in first
    assert second.startswith("slipway:zones is 7: ")


def test_a_setting_that_nobody_declared_a_default_of_is_said_so():
    configuration = configuration_of("dev")
    del configuration["slipway:imagesKept"]
    with pytest.raises(SettingError, match=r"slipway:imagesKept is missing: Pulumi\.yaml declares"):
        settings_from(configuration)


def test_configuration_of_a_program_started_by_the_cli_is_looked_through_as_well(monkeypatch):
    """The CLI hands it over in the environment, where a misspelt key is as wrong."""
    configuration = {**configuration_of("dev"), "slipway:drainSecond": "60"}
    monkeypatch.setenv("PULUMI_CONFIG", json.dumps(configuration))
    with pytest.raises(SettingError, match="Did you mean slipway:drainSeconds"):
        settings_from({})


def test_settings_of_other_programs_are_left_alone():
    assert settings_from({**configuration_of("dev"), "other:max": "1"})


def test_the_account_that_is_meant_comes_from_the_providers_own_settings():
    assert (settings_of("dev").profile, settings_of("dev").allowed_accounts) == ("", ())
    named = {"aws:profile": "sandbox", "aws:allowedAccountIds": '["123456789012"]'}
    settings = settings_from({**configuration_of("dev"), **named})
    assert (settings.profile, settings.allowed_accounts) == ("sandbox", ("123456789012",))


def test_other_settings_of_the_provider_are_refused_and_not_shown():
    """The program makes the provider itself, which would heed none of them."""
    configuration = {**configuration_of("dev"), "aws:secretKey": "s3cr3t"}
    with pytest.raises(SettingError, match="aws:secretKey is set: ") as caught:
        settings_from(configuration)
    assert "s3cr3t" not in str(caught.value)
