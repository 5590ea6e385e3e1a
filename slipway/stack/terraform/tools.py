"""Terraform and a copy of its AWS provider on this machine: where they are.

The provider is looked for where it needs no network: in the folder that SLIPWAY_TERRAFORM_PROVIDERS
names, in the folders where Terraform itself looks, and in `registry*/hashicorp/aws` a level or two
below the usual system folders.
"""

import os
import platform
import re
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from slipway import contract
from slipway.errors import StackError

SYSTEM_FOLDERS = ("/opt", "/usr/local", "/usr/local/share", "/usr/share", "/usr/lib", "/srv")
STILL_WORKS = "show, draw, teardown, diff --preview and the rules of check work without it."
_MACHINES = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}
_PACKED = re.compile(r"terraform-provider-aws_(\d+\.\d+\.\d+)_(\w+)\.zip")
_VERSION = re.compile(r"\d+\.\d+\.\d+")


@dataclass(frozen=True)
class Tools:
    """`mirror` is a folder as Terraform's `filesystem_mirror` wants it; `version` the newest AWS
    provider in it for this machine.
    """

    terraform: Path
    mirror: Path
    version: str


def find(
    environ: Mapping[str, str] = os.environ, systems: tuple[str, ...] = SYSTEM_FOLDERS
) -> Tools:
    """Raises `StackError` that says what of the two is missing."""
    found = shutil.which("terraform", path=environ.get("PATH"))
    if found is None:
        raise StackError(
            "There is no terraform",
            why="no folder of PATH has it",
            mend=f"Install Terraform 1.5 or newer. {STILL_WORKS}",
        )
    named = environ.get(contract.ENV_PROVIDERS)
    for mirror in [Path(named)] if named else _mirrors(environ, systems):
        if versions := _versions(mirror):
            return Tools(Path(found), mirror, max(versions, key=_numbers))
    looked = f"in {named}" if named else "in Terraform's plugin folders"
    raise StackError(
        "There is no copy of Terraform's AWS provider",
        why=f"nothing {looked} is <registry>/hashicorp/aws for {_platform()}",
        mend="Run terraform providers mirror FOLDER where a configuration requires hashicorp/aws, "
        f"and set {contract.ENV_PROVIDERS}=FOLDER. {STILL_WORKS}",
    )


def _mirrors(environ: Mapping[str, str], systems: tuple[str, ...]) -> Iterator[Path]:
    home = Path(environ.get("HOME") or "~").expanduser()
    data = environ.get("XDG_DATA_HOME") or str(home / ".local/share")
    shared = environ.get("XDG_DATA_DIRS") or "/usr/local/share:/usr/share"
    yield home / ".terraform.d/plugins"
    yield home / "Library/Application Support/io.terraform/plugins"
    yield Path("/Library/Application Support/io.terraform/plugins")
    for folder in (data, *shared.split(":")):
        yield Path(folder, "terraform/plugins")
    for system in systems:
        for pattern in ("registry*/hashicorp/aws", "*/registry*/hashicorp/aws"):
            yield from (found.parents[2] for found in sorted(Path(system).glob(pattern)))


def _versions(mirror: Path) -> set[str]:
    """Versions for this machine, unpacked or packed, below any registry's name."""
    if not mirror.is_dir():
        return set()
    versions = set()
    for provider in mirror.glob("*/hashicorp/aws"):
        for entry in provider.iterdir():
            packed = _PACKED.fullmatch(entry.name)
            if packed and packed[2] == _platform():
                versions.add(packed[1])
            elif _VERSION.fullmatch(entry.name) and (entry / _platform()).is_dir():
                versions.add(entry.name)
    return versions


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in version.split("."))


def _platform() -> str:
    machine = platform.machine().lower()
    return f"{platform.system().lower()}_{_MACHINES.get(machine, machine)}"
