"""Where Terraform and its AWS provider are looked for; and what is said where they are not."""

import pytest

from slipway import contract
from slipway.errors import StackError
from slipway.stack.terraform import tools
from slipway.stack.terraform.tools import STILL_WORKS, find

HERE = "linux_amd64"


@pytest.fixture(autouse=True)
def machine(monkeypatch):
    monkeypatch.setattr("platform.system", lambda: "Linux")
    monkeypatch.setattr("platform.machine", lambda: "x86_64")


@pytest.fixture
def environ(tmp_path):
    """Of somebody who has Terraform and nothing else."""
    executable = tmp_path / "bin/terraform"
    executable.parent.mkdir()
    executable.touch(mode=0o755)
    (tmp_path / "home").mkdir()
    none = str(tmp_path / "none")
    return {"PATH": str(executable.parent), "HOME": str(tmp_path / "home"), "XDG_DATA_DIRS": none}


def unpacked(mirror, *versions, platform=HERE, registry="registry.example.com"):
    for version in versions:
        folder = mirror / registry / "hashicorp/aws" / version / platform
        folder.mkdir(parents=True)
    return mirror


def packed(mirror, version, platform=HERE):
    folder = mirror / "registry.example.com/hashicorp/aws"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"terraform-provider-aws_{version}_{platform}.zip").touch()
    return mirror


def test_without_terraform_it_is_said_what_is_missing_and_what_still_works(tmp_path):
    with pytest.raises(StackError) as raised:
        find({"PATH": str(tmp_path)}, ())
    assert raised.value.what == "There is no terraform"
    assert STILL_WORKS in raised.value.mend


def test_without_a_provider_it_is_said_for_which_machine_and_how_to_get_one(environ):
    with pytest.raises(StackError) as raised:
        find(environ, ())
    assert "no copy of Terraform's AWS provider" in raised.value.what
    assert HERE in raised.value.why
    assert contract.ENV_PROVIDERS in raised.value.mend
    assert STILL_WORKS in raised.value.mend


def test_the_folder_that_the_variable_names_is_the_only_one(environ, tmp_path):
    unpacked(tmp_path / "home/.terraform.d/plugins", "9.0.0")
    mirror = unpacked(tmp_path / "named", "5.1.0")
    found = find({**environ, contract.ENV_PROVIDERS: str(mirror)}, ())
    assert (found.mirror, found.version) == (mirror, "5.1.0")
    assert found.terraform == tmp_path / "bin/terraform"
    empty = str(tmp_path / "empty")
    with pytest.raises(StackError) as raised:
        find({**environ, contract.ENV_PROVIDERS: empty}, ())
    assert empty in raised.value.why


IMPLIED = {
    "home": (".terraform.d/plugins", {}),
    "a Mac": ("Library/Application Support/io.terraform/plugins", {}),
    "data": (".local/share/terraform/plugins", {}),
}


@pytest.mark.parametrize("place", IMPLIED)
def test_the_folders_in_which_terraform_looks_are_looked_in(environ, tmp_path, place):
    mirror = unpacked(tmp_path / "home" / IMPLIED[place][0], "5.1.0")
    assert find(environ, ()).mirror == mirror


def test_the_folders_of_xdg_are_looked_in_in_their_order(environ, tmp_path):
    second = unpacked(tmp_path / "two/terraform/plugins", "6.0.0")
    places = {"XDG_DATA_DIRS": f"{tmp_path / 'one'}:{tmp_path / 'two'}"}
    assert find({**environ, **places}, ()).mirror == second
    first = unpacked(tmp_path / "one/terraform/plugins", "5.0.0")
    assert find({**environ, **places}, ()).mirror == first
    own = unpacked(tmp_path / "data/terraform/plugins", "4.0.0")
    places["XDG_DATA_HOME"] = str(tmp_path / "data")
    assert find({**environ, **places}, ()).mirror == own


@pytest.mark.parametrize("below", [".", "plugins"])
def test_system_folders_are_looked_in_last_and_a_level_deeper(environ, tmp_path, below):
    mirror = unpacked(tmp_path / "system" / below, "5.1.0")
    found = find(environ, (str(tmp_path / "missing"), str(tmp_path / "system")))
    assert (found.mirror.resolve(), found.version) == (mirror.resolve(), "5.1.0")
    own = unpacked(tmp_path / "home/.terraform.d/plugins", "4.0.0")
    assert find(environ, (str(tmp_path / "system"),)).mirror == own


def test_the_newest_of_several_is_newest_by_number(environ, tmp_path):
    mirror = tmp_path / "named"
    unpacked(mirror, "5.9.0", "5.100.0", "5.10.2")
    found = find({**environ, contract.ENV_PROVIDERS: str(mirror)}, ())
    assert found.version == "5.100.0"


def test_packed_and_unpacked_ones_count_alike(environ, tmp_path):
    mirror = packed(packed(unpacked(tmp_path / "named", "5.9.0"), "5.10.0"), "5.8.0")
    assert find({**environ, contract.ENV_PROVIDERS: str(mirror)}, ()).version == "5.10.0"


def test_what_is_for_another_machine_or_no_version_does_not_count(environ, tmp_path):
    mirror = unpacked(tmp_path / "named", "9.0.0", platform="darwin_arm64")
    packed(mirror, "8.0.0", platform="linux_arm64")
    unpacked(mirror, "7.0.0-beta1", "latest")
    named = {**environ, contract.ENV_PROVIDERS: str(mirror)}
    with pytest.raises(StackError, match="no copy"):
        find(named, ())
    packed(mirror, "5.0.0")
    assert find(named, ()).version == "5.0.0"


def test_another_providers_folder_does_not_count(environ, tmp_path):
    (
        tmp_path / "home/.terraform.d/plugins/registry.example.com/hashicorp/random/1.0.0" / HERE
    ).mkdir(parents=True)
    with pytest.raises(StackError, match="no copy"):
        find(environ, ())


@pytest.mark.parametrize(
    ("system", "machine", "platform"),
    [
        ("Linux", "x86_64", "linux_amd64"),
        ("Linux", "aarch64", "linux_arm64"),
        ("Darwin", "arm64", "darwin_arm64"),
        ("Windows", "AMD64", "windows_amd64"),
        ("FreeBSD", "riscv64", "freebsd_riscv64"),
    ],
)
def test_the_machine_is_named_as_terraform_does(
    monkeypatch, environ, tmp_path, system, machine, platform
):
    monkeypatch.setattr("platform.system", lambda: system)
    monkeypatch.setattr("platform.machine", lambda: machine)
    unpacked(tmp_path / "home/.terraform.d/plugins", "5.0.0", platform=platform)
    assert find(environ, ()).version == "5.0.0"


def test_the_system_folders_are_absolute():
    assert all(folder.startswith("/") for folder in tools.SYSTEM_FOLDERS)
