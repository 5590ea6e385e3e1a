"""Asks the real AWS provider for a plan, with no server, no account and no credentials."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from slipway.stack.terraform import planfile
from slipway.stack.terraform.command import Terraform
from slipway.stack.terraform.questions import answered

_PLAN = "plan"

_OFFLINE = {
    "access_key": "offline",
    "secret_key": "offline",
    "skip_credentials_validation": True,
    "skip_requesting_account_id": True,
    "skip_metadata_api_check": "true",
    "skip_region_validation": True,
    "max_retries": 0,
}
_ONLINE_ONLY = ("profile", "allowed_account_ids", "forbidden_account_ids", "assume_role",
                "assume_role_with_web_identity", "shared_config_files",
                "shared_credentials_files")  # fmt: skip
"""Of a provider: who it is when it calls AWS, which it does not here."""


@dataclass(frozen=True)
class Question:
    """A configuration to plan, what it reads, and the state to plan it against."""

    document: Mapping[str, Any]
    variables: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    state: Mapping[str, Any] | None = None


def plan(terraform: Terraform, question: Question) -> dict[str, Any]:
    """Terraform's own JSON form of the plan, whole.

    Raises `StackError` with the provider's words where it refuses the configuration.
    """
    with _planned(terraform, question) as folder:
        return _shown(terraform, folder)


def changes(terraform: Terraform, question: Question) -> dict[str, Any]:
    """The plan's resource changes and outputs, in the same form, in half the time."""
    with _planned(terraform, question) as folder:
        found = planfile.read(folder / _PLAN)
        return found or _with_providers(_shown(terraform, folder))


@contextmanager
def _planned(terraform: Terraform, question: Question) -> Iterator[Path]:
    with TemporaryDirectory(prefix="slipway-plan-") as name:
        folder = Path(name)
        write(terraform, question, folder)
        quick = ("-refresh=false", "-lock=false", "-input=false", "-no-color")
        terraform.run(folder, "plan", *quick, f"-out={_PLAN}")
        yield folder


def _shown(terraform: Terraform, folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(terraform.run(folder, "show", "-json", _PLAN).stdout)
    return found


def _with_providers(shown: dict[str, Any]) -> dict[str, Any]:
    """Which provider, and which configuration of it, each resource has: as a state says it."""
    configured = shown["configuration"]
    keys = {r["address"]: r["provider_config_key"] for r in configured["root_module"]["resources"]}
    for change in shown["resource_changes"]:
        alias = configured["provider_config"].get(keys.get(change["address"]), {}).get("alias")
        source = f'provider["{change["provider_name"]}"]'
        change["provider"] = f"{source}.{alias}" if alias else source
    return shown


def write(terraform: Terraform, question: Question, folder: Path) -> None:
    """Lay out the files of a plan that calls nobody, in a folder that only we can read."""
    terraform.equip(folder)
    document = question.document
    if document.get("data"):
        document = answered(document, terraform.schema)
    (folder / "main.tf.json").write_text(json.dumps(offline(document), indent=1))
    for file, text in question.files.items():
        (folder / file).write_text(text)
    if question.variables:
        (folder / "secrets.auto.tfvars.json").write_text(json.dumps(dict(question.variables)))
    if question.state is not None:
        (folder / "terraform.tfstate").write_text(json.dumps(question.state))


def offline(document: Mapping[str, Any]) -> dict[str, Any]:
    """The document with providers that ask nobody who they are, and nothing that Terraform itself
    would refuse to plan: protection is judged by the review, moves and imports need a server.
    """
    providers = [
        {**{k: v for k, v in provider.items() if k not in _ONLINE_ONLY}, **_OFFLINE}
        for provider in document["provider"]["aws"]
    ]
    resources = {
        type_: {label: _unprotected(body) for label, body in bodies.items()}
        for type_, bodies in document.get("resource", {}).items()
    }
    kept = {k: v for k, v in document.items() if k not in {"moved", "import"}}
    found = {**kept, "provider": {"aws": providers}, "resource": resources}
    return {key: value for key, value in found.items() if value}


def _unprotected(body: Mapping[str, Any]) -> dict[str, Any]:
    cycles = [
        {k: v for k, v in cycle.items() if k != "prevent_destroy"}
        for cycle in body.get("lifecycle", [])
    ]
    kept = {k: v for k, v in body.items() if k != "lifecycle"}
    return {**kept, "lifecycle": cycles} if any(cycles) else kept
