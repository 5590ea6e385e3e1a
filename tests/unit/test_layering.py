"""The direction of dependence, as DESIGN states it: a forbidden import fails here."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

BASE = {"contract", "errors", "files", "progress", "processes", "tensors", "recipe", "metrics",
        "artefact", "results", "interrupts"}  # fmt: skip
MAY_IMPORT = {
    "contract": set(),
    "errors": set(),
    "progress": set(),
    "processes": set(),
    "interrupts": set(),
    "files": {"errors"},
    "tensors": {"errors"},
    "metrics": {"errors", "tensors"},
    "recipe": {"errors", "tensors"},
    "artefact": {"contract", "errors", "files"},
    "results": set(),
    "terminal": {"errors", "interrupts", "progress"},
    "options": {"contract"},
    "build": BASE,
    "registry": BASE,
    "triton": BASE,
    "check": BASE,
    "report": BASE,
    "node": BASE | {"registry", "triton"},
    "stack": BASE,
}
"""The only parts of the kit that each part may import, besides itself."""

HEAVY = {"torch", "onnx", "onnxruntime", "onnxscript", "sklearn", "pulumi", "pulumi_aws"}
MAY_IMPORT_HEAVY = {
    "build": {"torch", "onnx", "onnxruntime", "onnxscript"},
    "stack": {"pulumi"},
}
SERVER_SIDE = "slipway/triton/backends"
"""Runs inside Triton, in the server's environment; nothing of the kit imports it."""


def imports(path: Path, root: Path) -> Iterator[str]:
    """Every module that a file imports anywhere, relative ones made absolute."""
    package = path.relative_to(root).with_suffix("").parts[:-1]
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(package[: len(package) - node.level + 1]) if node.level else ""
            module = ".".join(filter(None, (base, node.module or "")))
            yield from (f"{module}.{alias.name}" for alias in node.names)


def violations(root: Path) -> list[str]:
    found = []
    for path in sorted((root / "slipway").rglob("*.py")):
        name = path.relative_to(root).as_posix()
        if name.startswith(SERVER_SIDE) or name == "slipway/__init__.py":
            continue
        part = path.relative_to(root / "slipway").parts[0].removesuffix(".py")
        if part not in MAY_IMPORT:
            found.append(f"{name}: '{part}' has no place in the layering")
            continue
        for module in imports(path, root):
            parts = module.split(".")
            heavy = HEAVY - MAY_IMPORT_HEAVY.get(part, set())
            if parts[0] == "slipway" and len(parts) > 1:
                if parts[1] not in MAY_IMPORT[part] | {part}:
                    found.append(f"{name} imports {module}")
            elif parts[0] in heavy or parts[0] in {"scripts", "infra", "model_repo"}:
                found.append(f"{name} imports {module}")
    return found


OUTSIDE = {
    "infra": {"infra", "pulumi", "pulumi_aws", "slipway.contract"},
    "policy/rules": {"policy", "slipway.stack.graph"},
}
"""What each folder outside the kit may import besides the standard library. The rules name the
kit's graph as a type alone: the pack's own environment does not have the kit."""


def strangers(root: Path, folder: str) -> list[str]:
    found = []
    for path in sorted((root / folder).rglob("*.py")):
        for module in imports(path, root):
            first = module.split(".")[0]
            known = any(f"{module}.".startswith(f"{name}.") for name in OUTSIDE[folder])
            if not known and first not in sys.stdlib_module_names:
                found.append(f"{path.relative_to(root).as_posix()} imports {module}")
    return found


@pytest.mark.parametrize("folder", OUTSIDE)
def test_the_stack_and_its_rules_keep_to_themselves(folder):
    assert strangers(ROOT, folder) == []


@pytest.mark.parametrize(
    ("folder", "line"),
    [
        ("infra", "import boto3"),
        ("infra", "from slipway.node.agent import Agent"),
        ("infra", "from slipway.stack.graph import Graph"),
        ("policy/rules", "import pulumi_policy"),
        ("policy/rules", "from infra.names import Names"),
        ("policy/rules", "import slipway.contract"),
    ],
)
def test_a_stranger_in_the_stack_is_found(tmp_path, folder, line):
    (tmp_path / folder).mkdir(parents=True)
    (tmp_path / folder / "module.py").write_text(f"import json\n{line}\n")
    assert len(strangers(tmp_path, folder)) == 1


def test_the_program_is_short_and_only_ties_settings_to_the_stack():
    program = ROOT / "__main__.py"
    assert len(program.read_text().splitlines()) <= 40
    assert {module.split(".")[0] for module in imports(program, ROOT)} == {"pulumi", "infra"}


def test_the_kit_keeps_the_direction_of_dependence():
    assert violations(ROOT) == []


@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("node/agent.py", "import torch"),
        ("node/agent.py", "from slipway.build.train import train"),
        ("node/agent.py", "def f():\n    import onnxruntime"),
        ("contract.py", "from slipway import errors"),
        ("registry/store.py", "from slipway.node.agent import Agent"),
        ("registry/store.py", "from ..check import perf"),
        ("build/train.py", "import pulumi"),
        ("check/perf.py", "from scripts import build"),
        ("stray.py", "import os"),
    ],
)
def test_a_planted_import_is_found(tmp_path, file, line):
    path = tmp_path / "slipway" / file
    path.parent.mkdir(parents=True)
    path.write_text(line)
    assert len(violations(tmp_path)) == 1


def test_what_runs_on_every_server_can_be_read_without_it(tmp_path):
    path = tmp_path / "slipway" / "node" / "agent.py"
    path.parent.mkdir(parents=True)
    path.write_text("from slipway.registry.store import Store\nimport tritonclient.grpc\n")
    assert violations(tmp_path) == []
