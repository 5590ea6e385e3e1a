"""A checkout on disk to a graph: its settings, its secrets, its own modules."""

import sys

import pytest

from slipway.errors import StackError
from slipway.stack.load import load
from slipway.stack.policies import findings
from slipway.stack.program import program_at, record
from tests.stacks import ROOT, evaluated

TOPIC = "import pulumi_aws as aws\ndef topic():\n    aws.sns.Topic('{name}')\n"


@pytest.fixture(autouse=True)
def forgotten():
    """What a test imports is not there for the next one."""
    before = set(sys.modules)
    yield
    for name in set(sys.modules) - before:
        if name.startswith(("parts", "own_")):
            del sys.modules[name]


def project(folder, program, config=""):
    folder.mkdir(exist_ok=True)
    (folder / "Pulumi.yaml").write_text("name: slipway\nruntime: python\n")
    (folder / "Pulumi.dev.yaml").write_text(f"config:\n  aws:region: eu-central-1\n{config}")
    (folder / "__main__.py").write_text(program)
    return folder


def with_parts(folder, name):
    project(folder, "from parts import topic\ntopic()\n")
    (folder / "parts.py").write_text(TOPIC.format(name=name))
    return folder


SECRETIVE = """
import pulumi
import pulumi_aws as aws
from pulumi.runtime import is_config_secret

config = pulumi.Config("slipway")
for name in ("token", "label"):
    secret = is_config_secret(config.full_key(name))
    value = config.require_secret(name) if secret else config.require(name)
    aws.sns.Topic(name, display_name=value)
"""


def test_a_setting_that_is_encrypted_is_a_secret_to_the_program(tmp_path):
    config = "  slipway:token: {secure: AAABcipher}\n  slipway:label: plain\n"
    graph = load(project(tmp_path, SECRETIVE, config), "dev")
    assert graph.named("token").secrets == ("displayName",)
    assert graph.named("label").secrets == ()


def test_the_program_of_a_folder_is_run_with_its_own_modules(tmp_path):
    with_parts(tmp_path, "mine")
    for _ in range(2):
        assert record(program_at(tmp_path)).named("mine").source == "parts.py:3"
    assert str(tmp_path) not in sys.path


def test_a_second_checkout_whose_modules_have_the_same_names_is_refused(tmp_path):
    first, second = with_parts(tmp_path / "a", "mine"), with_parts(tmp_path / "b", "theirs")
    load(first, "dev")
    with pytest.raises(StackError, match="module parts is imported already") as caught:
        load(second, "dev")
    assert str(first / "parts.py") in caught.value.why
    assert f"PYTHONPATH={second}" in caught.value.mend
    assert str(second) not in sys.path


def test_a_module_deep_in_a_second_checkout_is_seen_too(tmp_path):
    for folder in (tmp_path / "a", tmp_path / "b"):
        project(folder, "from own_parts.inner import topic\ntopic()\n")
        (folder / "own_parts").mkdir()
        (folder / "own_parts/inner.py").write_text(TOPIC.format(name=folder.name))
    load(tmp_path / "a", "dev")
    with pytest.raises(StackError, match=r"own_parts\.inner"):
        load(tmp_path / "b", "dev")


def test_a_second_checkout_of_other_names_is_run(tmp_path):
    load(with_parts(tmp_path / "a", "mine"), "dev")
    other = project(tmp_path / "b", "import own_things\n")
    (other / "own_things.py").write_text("import pulumi_aws as aws\naws.sns.Topic('theirs')\n")
    assert load(other, "dev").named("theirs")


def test_the_rules_of_a_second_checkout_are_refused(tmp_path):
    graph = evaluated("dev")
    assert findings(ROOT, graph) == ()
    (tmp_path / "policy/rules").mkdir(parents=True)
    (tmp_path / "policy/rules/offline.py").write_text("def check_graph(graph):\n    return ()\n")
    with pytest.raises(StackError, match=r"policy\.rules\.offline is imported already"):
        findings(tmp_path, graph)


def test_a_checkout_may_be_reached_through_a_link(tmp_path):
    (tmp_path / "policy").symlink_to(ROOT / "policy")
    assert findings(tmp_path, evaluated("dev")) == ()
