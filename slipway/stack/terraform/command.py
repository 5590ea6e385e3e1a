"""Runs Terraform in a folder, where no call of it can leave this machine."""

import functools
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from slipway.errors import StackError
from slipway.files import canonical_json, sha256_of_bytes, staged_folder
from slipway.stack.terraform.names import Catalogue
from slipway.stack.terraform.schema import Schema, write_schema
from slipway.stack.terraform.tools import Tools

LOCK = ".terraform.lock.hcl"
_SCHEMA = "schema.zip"
_PATIENCE = 900
"""Seconds. A plan takes about 4, an apply to an emulator 2 minutes."""
_NOWHERE = "http://127.0.0.1:9"
"""A proxy that nothing answers: a provider that calls AWS while it plans fails at once."""


@dataclass(frozen=True)
class Terraform:
    """An executable, and a folder in which its AWS provider is installed."""

    tools: Tools
    home: Path

    @property
    def requirement(self) -> dict[str, Any]:
        """The `terraform` block of every configuration."""
        return {
            "required_providers": {
                "aws": {"source": "hashicorp/aws", "version": self.tools.version}
            }
        }

    @functools.cached_property
    def schema(self) -> Schema:
        return Schema(self.home / _SCHEMA)

    @functools.cached_property
    def catalogue(self) -> Catalogue:
        return Catalogue(self.schema)

    def run(
        self, folder: Path, *arguments: str, offline: bool = True, codes: tuple[int, ...] = (0,)
    ) -> "subprocess.CompletedProcess[str]":
        """Run in `folder`, which has to hold the lock file (`equip`).

        Raises `StackError` with Terraform's own words for an exit code that is not in `codes`.
        """
        environ = _environment(self.home, offline=offline)
        try:
            done = subprocess.run(
                [str(self.tools.terraform), *arguments],
                cwd=folder,
                env=environ,
                capture_output=True,
                text=True,
                check=False,
                timeout=_PATIENCE,
            )
        except subprocess.TimeoutExpired as hung:
            raise StackError(
                f"terraform {arguments[0]} does not end", why=f"{_PATIENCE} s have passed"
            ) from hung
        if done.returncode not in codes:
            raise StackError(
                f"terraform {arguments[0]} failed", why=_errors(done.stderr) or done.stdout[-500:]
            )
        return done

    def equip(self, folder: Path) -> None:
        """Make a folder one that Terraform takes as initialised."""
        shutil.copy(self.home / LOCK, folder / LOCK)


def prepare(tools: Tools, cache: Path) -> Terraform:
    """Install the provider below `cache` and read its schema, where that was not done before."""
    made_from = [str(tools.terraform), str(tools.mirror), tools.version]
    stat = tools.terraform.stat()
    key = sha256_of_bytes(canonical_json([*made_from, stat.st_size, stat.st_mtime_ns]))
    home = cache.resolve() / f"aws-{tools.version}-{key[:12]}"
    terraform = Terraform(tools, home)
    if not home.exists():
        home.parent.mkdir(parents=True, exist_ok=True)
        with staged_folder(home) as staged:
            _install(Terraform(tools, staged), staged)
    return terraform


def _install(terraform: Terraform, folder: Path) -> None:
    mirror = str(terraform.tools.mirror).replace("\\", "\\\\").replace('"', '\\"')
    (folder / "cli.tfrc").write_text(
        f'provider_installation {{\n  filesystem_mirror {{\n    path = "{mirror}"\n  }}\n}}\n'
    )
    (folder / "main.tf.json").write_bytes(canonical_json({"terraform": terraform.requirement}))
    terraform.run(folder, "init", "-input=false", "-no-color", "-backend=false")
    schema = terraform.run(folder, "providers", "schema", "-json").stdout
    write_schema(schema, folder / _SCHEMA)


def _environment(home: Path, *, offline: bool) -> dict[str, str]:
    """Nobody's credentials, profiles, Terraform settings or proxies."""
    kept: Mapping[str, str] = {
        name: value
        for name, value in os.environ.items()
        if not name.upper().startswith(("AWS_", "TF_")) and not name.upper().endswith("_PROXY")
    }
    nowhere = {"HTTP_PROXY": _NOWHERE, "HTTPS_PROXY": _NOWHERE} if offline else {}
    return {
        **kept,
        **nowhere,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "CHECKPOINT_DISABLE": "1",
        "TF_CLI_CONFIG_FILE": str(home / "cli.tfrc"),
        "TF_DATA_DIR": str(home / ".terraform"),
        "TF_IN_AUTOMATION": "1",
    }


def _errors(text: str) -> str:
    """Terraform's errors without its drawing, one after another."""
    plain = re.sub(r"[│╷╵]", " ", text)
    return " ".join(plain.split())[:2000]
