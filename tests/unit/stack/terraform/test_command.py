"""Terraform's executable played by a few lines of shell: what it is given, what becomes of it."""

import json
import os
import stat
from pathlib import Path

import pytest

from slipway.errors import StackError
from slipway.stack.terraform.command import LOCK, Terraform, prepare
from slipway.stack.terraform.tools import Tools
from tests.unit.stack.terraform.provider import text

PLAYED = """#!/bin/sh
echo "$*" >> "{log}"
case "$1" in
  init) echo locked > .terraform.lock.hcl ;;
  providers) cat "{schema}" ;;
  environment) env ;;
  fail) echo "│ Error: it
│ failed ╷" >&2; exit 3 ;;
  fail-silently) echo "said here"; exit 3 ;;
esac
"""


@pytest.fixture
def played(tmp_path):
    """Tools with such an executable; what it was asked is in `log`."""
    (tmp_path / "schema.json").write_text(text())
    executable = tmp_path / "terraform"
    executable.write_text(PLAYED.format(log=tmp_path / "log", schema=tmp_path / "schema.json"))
    executable.chmod(executable.stat().st_mode | stat.S_IXUSR)
    return Tools(executable, tmp_path / 'a "mirror"', "5.1.0")


def asked(tmp_path):
    log = tmp_path / "log"
    return log.read_text().splitlines() if log.exists() else []


def test_the_provider_is_installed_and_its_schema_read_once(played, tmp_path):
    terraform = prepare(played, tmp_path / "cache")
    assert [line.split()[0] for line in asked(tmp_path)] == ["init", "providers"]
    assert "aws_vpc" in terraform.schema.index
    assert (terraform.home / LOCK).read_text() == "locked\n"
    assert json.loads((terraform.home / "main.tf.json").read_text()) == {
        "terraform": terraform.requirement
    }
    assert terraform.requirement["required_providers"]["aws"]["version"] == "5.1.0"
    again = prepare(played, tmp_path / "cache")
    assert again.home == terraform.home
    assert len(asked(tmp_path)) == 2


def test_another_terraform_or_provider_is_prepared_anew(played, tmp_path):
    first = prepare(played, tmp_path / "cache").home
    newer = Tools(played.terraform, played.mirror, "5.2.0")
    assert prepare(newer, tmp_path / "cache").home != first
    os.utime(played.terraform, (1, 1))
    assert prepare(played, tmp_path / "cache").home != first


def test_the_mirror_is_named_in_terraforms_own_settings(played, tmp_path):
    home = prepare(played, tmp_path / "cache").home
    assert f'path = "{tmp_path}/a \\"mirror\\""' in (home / "cli.tfrc").read_text()


def test_an_installation_that_fails_leaves_nothing(played, tmp_path):
    played.terraform.write_text("#!/bin/sh\necho 'Error: no such version' >&2\nexit 1\n")
    with pytest.raises(StackError) as raised:
        prepare(played, tmp_path / "cache")
    assert raised.value.what == "terraform init failed"
    assert raised.value.why == "Error: no such version"
    assert list((tmp_path / "cache").iterdir()) == []


@pytest.fixture
def terraform(played, tmp_path):
    return Terraform(played, tmp_path / "home")


def environment(terraform, folder, **options):
    said = terraform.run(folder, "environment", **options).stdout
    return dict(line.split("=", 1) for line in said.splitlines() if "=" in line)


def test_terraform_gets_nobodys_credentials_settings_or_proxies(terraform, tmp_path, monkeypatch):
    for name in (
        "AWS_ACCESS_KEY_ID",
        "AWS_PROFILE",
        "TF_LOG",
        "TF_VAR_x",
        "no_proxy",
        "Https_Proxy",
    ):
        monkeypatch.setenv(name, "mine")
    monkeypatch.setenv("KEPT", "mine")
    found = environment(terraform, tmp_path)
    assert [name for name, value in found.items() if value == "mine"] == ["KEPT"]
    assert found["HTTPS_PROXY"] == found["HTTP_PROXY"] == "http://127.0.0.1:9"
    assert found["AWS_EC2_METADATA_DISABLED"] == "true"
    assert found["AWS_SHARED_CREDENTIALS_FILE"] == found["AWS_CONFIG_FILE"] == os.devnull
    assert found["CHECKPOINT_DISABLE"] == "1"
    assert Path(found["TF_DATA_DIR"]).parent == Path(found["TF_CLI_CONFIG_FILE"]).parent


def test_a_server_on_this_machine_can_be_reached_where_it_is_asked_for(terraform, tmp_path):
    assert "HTTPS_PROXY" not in environment(terraform, tmp_path, offline=False)


def test_an_error_is_terraforms_own_words_without_its_drawing(terraform, tmp_path):
    with pytest.raises(StackError) as raised:
        terraform.run(tmp_path, "fail")
    assert raised.value.what == "terraform fail failed"
    assert raised.value.why == "Error: it failed"
    with pytest.raises(StackError, match="said here"):
        terraform.run(tmp_path, "fail-silently")


def test_a_code_that_is_expected_is_no_error(terraform, tmp_path):
    assert terraform.run(tmp_path, "fail", codes=(0, 3)).returncode == 3


def test_a_folder_is_equipped_with_the_lock(played, tmp_path):
    terraform = prepare(played, tmp_path / "cache")
    folder = tmp_path / "folder"
    folder.mkdir()
    terraform.equip(folder)
    assert (folder / LOCK).read_text() == "locked\n"
