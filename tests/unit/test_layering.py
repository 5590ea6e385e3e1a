"""The direction of dependence, as DESIGN states it: a forbidden import fails here."""

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

BASE = {"contract", "errors", "files", "progress", "processes", "tensors", "recipe", "metrics",
        "artefact", "results", "interrupts", "dataset", "exhibits", "folder", "formats",
        "duplicates", "golden", "questions", "variants", "engines", "profiles",
        "hardware"}  # fmt: skip
MAY_IMPORT = {
    "__init__": {"contract"},
    "contract": set(),
    "errors": set(),
    "progress": set(),
    "processes": set(),
    "interrupts": set(),
    "files": {"errors"},
    "tensors": {"errors"},
    "metrics": {"errors", "tensors"},
    "recipe": {"errors", "tensors", "variants"},
    "dataset": {"tensors"},
    "exhibits": {"dataset", "errors", "tensors"},
    "questions": {"errors", "tensors"},
    "golden": {"errors", "tensors"},
    "folder": {"errors", "files", "recipe"},
    "formats": {"errors", "tensors"},
    "duplicates": {"errors", "tensors"},
    "variants": set(),
    "engines": {"errors"},
    "profiles": {"engines", "errors", "recipe", "tensors"},
    "hardware": set(),
    "artefact": {"contract", "engines", "errors", "files", "variants"},
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

HEAVY = {"torch", "onnx", "onnxruntime", "onnxscript", "onnxruntime_genai", "sklearn",
         "transformers", "tokenizers", "safetensors", "openvino", "torch_pruning", "pulumi",
         "pulumi_aws", "pulumi_policy"}  # fmt: skip
MAY_IMPORT_HEAVY = {
    "build": {
        "torch",
        "onnx",
        "onnxruntime",
        "onnxruntime_genai",
        "onnxscript",
        "transformers",
        "tokenizers",
        "safetensors",
        "openvino",
        "torch_pruning",
    },
    "stack": {"pulumi"},
}
ABOVE = {"scripts", "infra", "model_repo", "policy", "tests", "benchmarks"}
"""What uses the kit, or stands beside it; nothing of the kit imports it."""
SERVER_SIDE = "slipway/triton/backends"
"""Runs inside Triton, in the server's environment; nothing of the kit imports it."""


TYPES_ALONE = {"TYPE_CHECKING", "typing.TYPE_CHECKING"}


@dataclass(frozen=True)
class Import:
    """`for_types` says that it is made for the type checker alone, and not when the file runs."""

    module: str
    for_types: bool


def imports(path: Path, root: Path) -> Iterator[Import]:
    """Every module that a file imports anywhere, relative ones made absolute."""
    package = path.relative_to(root).with_suffix("").parts[:-1]
    tree = ast.parse(path.read_text())
    unrun = {
        node
        for branch in ast.walk(tree)
        if isinstance(branch, ast.If) and ast.unparse(branch.test) in TYPES_ALONE
        for statement in branch.body
        for node in ast.walk(statement)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            modules = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(package[: len(package) - node.level + 1]) if node.level else ""
            module = ".".join(filter(None, (base, node.module or "")))
            modules = [f"{module}.{alias.name}" for alias in node.names]
        else:
            continue
        yield from (Import(module, node in unrun) for module in modules)


def violations(root: Path) -> list[str]:
    found = []
    for path in sorted((root / "slipway").rglob("*.py")):
        name = path.relative_to(root).as_posix()
        if name.startswith(SERVER_SIDE):
            continue
        part = path.relative_to(root / "slipway").parts[0].removesuffix(".py")
        if part not in MAY_IMPORT:
            found.append(f"{name}: '{part}' has no place in the layering")
            continue
        for module in (each.module for each in imports(path, root)):
            parts = module.split(".")
            heavy = HEAVY - MAY_IMPORT_HEAVY.get(part, set())
            if parts[0] == "slipway" and len(parts) > 1:
                if parts[1] not in MAY_IMPORT[part] | {part}:
                    found.append(f"{name} imports {module}")
            elif parts[0] in heavy | ABOVE:
                found.append(f"{name} imports {module}")
    return found


OUTSIDE = {
    "infra/**/*.py": {"infra", "pulumi", "pulumi_aws", "slipway.contract"},
    "policy/*.py": {"pulumi_policy", "rules"},
    "policy/rules/**/*.py": {"policy.rules"},
}
"""What the files outside the kit may import besides the standard library. The pack's environment
has neither the kit nor the stack."""
BESIDES = {"infra/instance_refresh.py": {"boto3", "botocore"}}
"""What single files may import besides: this one is run by Pulumi's engine, against AWS."""
FOR_TYPES = {"policy/rules/**/*.py": {"slipway.stack.graph"}}
"""What they may name besides as a type."""


def strangers(root: Path, pattern: str) -> list[str]:
    found = []
    for path in sorted(root.glob(pattern)):
        name = path.relative_to(root).as_posix()
        everywhere = OUTSIDE[pattern] | BESIDES.get(name, set())
        for each in imports(path, root):
            allowed = everywhere | (FOR_TYPES.get(pattern, set()) if each.for_types else set())
            named = any(f"{each.module}.".startswith(f"{prefix}.") for prefix in allowed)
            if not named and each.module.split(".")[0] not in sys.stdlib_module_names:
                found.append(f"{name} imports {each.module}")
    return found


@pytest.mark.parametrize("pattern", OUTSIDE)
def test_the_stack_and_its_rules_keep_to_themselves(pattern):
    assert list(ROOT.glob(pattern))
    assert strangers(ROOT, pattern) == []


def written(root: Path, file: str, text: str) -> Path:
    path = root / file
    path.parent.mkdir(parents=True)
    path.write_text(text)
    return root


@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("infra/module.py", "import boto3"),
        ("infra/module.py", "from slipway.node.agent import Agent"),
        ("infra/module.py", "from slipway.stack.graph import Graph"),
        ("infra/boot/module.py", "from policy.rules import model"),
        ("policy/__main__.py", "import slipway.contract"),
        ("policy/__main__.py", "import pulumi_aws"),
        ("policy/__main__.py", "from infra.names import Names"),
        ("policy/another.py", "import yaml"),
        ("policy/rules/module.py", "import pulumi_policy"),
        ("policy/rules/module.py", "from infra.names import Names"),
        ("policy/rules/module.py", "import slipway.contract"),
        ("policy/rules/module.py", "from slipway.stack.graph import Graph"),
        ("policy/rules/module.py", "def f():\n    from slipway.stack.graph import Graph"),
        ("policy/rules/module.py", "if TYPE_CHECKING:\n    from slipway.contract import SCHEMA"),
        ("policy/rules/module.py", "if not TYPE_CHECKING:\n    import slipway.stack.graph"),
        ("policy/rules/module.py",
         "if TYPE_CHECKING:\n    pass\nelse:\n    import slipway.stack.graph"),
    ],
)  # fmt: skip
def test_a_stranger_in_the_stack_is_found(tmp_path, file, line):
    written(tmp_path, file, f"import json\n{line}\n")
    assert len([each for pattern in OUTSIDE for each in strangers(tmp_path, pattern)]) == 1


def test_the_rules_may_name_a_graph_as_a_type(tmp_path):
    text = (
        "if TYPE_CHECKING:\n    from slipway.stack.graph import Graph\nfrom .model import Stack\n"
    )
    written(tmp_path, "policy/rules/module.py", text)
    assert strangers(tmp_path, "policy/rules/**/*.py") == []


def test_the_program_is_short_and_only_ties_settings_to_the_stack():
    program = ROOT / "__main__.py"
    assert len(program.read_text().splitlines()) <= 40
    assert {each.module.split(".")[0] for each in imports(program, ROOT)} == {"pulumi", "infra"}


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
        ("check/perf.py", "import benchmarks.serving"),
        ("stack/policies.py", "from policy.rules.offline import check_graph"),
        ("stack/policies.py", "import pulumi_policy"),
        ("files.py", "from tests.stacks import ROOT"),
        ("__init__.py", "import torch"),
        ("stray.py", "import os"),
    ],
)
def test_a_planted_import_is_found(tmp_path, file, line):
    assert len(violations(written(tmp_path, f"slipway/{file}", line))) == 1


def test_what_runs_on_every_server_can_be_read_without_it(tmp_path):
    text = "from slipway.registry.store import Store\nimport tritonclient.grpc\n"
    assert violations(written(tmp_path, "slipway/node/agent.py", text)) == []
