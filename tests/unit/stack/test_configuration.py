"""Two files become the flat map that the Pulumi CLI hands to a program."""

import json
from pathlib import Path

import pytest

from slipway.errors import StackError
from slipway.stack.configuration import read_configuration, secret_keys, stacks

PROJECT = """
name: example
runtime: python
config:
  size: {type: integer, default: 3}
  on: {type: boolean, default: false}
  label: {type: string, default: ""}
  kinds: {type: array, items: {type: string}, default: [a, b]}
  wanted: {type: string}
  aws:region: {value: eu-central-1}
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "Pulumi.yaml").write_text(PROJECT)
    return tmp_path


def write(root: Path, text: str, stack: str = "dev") -> Path:
    (root / f"Pulumi.{stack}.yaml").write_text(text)
    return root


def test_defaults_are_filled_in_as_text_or_json(root):
    found = read_configuration(write(root, "config: {}"), "dev")
    assert found == {
        "example:size": "3",
        "example:on": "false",
        "example:label": "",
        "example:kinds": '["a","b"]',
        "aws:region": "eu-central-1",
    }


def test_a_stack_wins_over_defaults_and_overrides_over_both(root):
    write(root, "config:\n  example:size: 5\n  example:label: mine\n")
    found = read_configuration(root, "dev", {"example:label": "theirs", "aws:region": "us-east-1"})
    assert (found["example:size"], found["example:label"]) == ("5", "theirs")
    assert found["aws:region"] == "us-east-1"


@pytest.mark.parametrize(
    ("written", "handed_over"),
    [
        ("0.10", "0.10"),
        ("0042", "0042"),
        ("yes", "yes"),
        ('"5"', "5"),
        ("2026-01-02", "2026-01-02"),
        ("0 20 * * 1-5", "0 20 * * 1-5"),
        ("[1, x, true, 2026-01-02]", '[1,"x",true,"2026-01-02"]'),
        ("{a: {b: 1}}", '{"a":{"b":1}}'),
    ],
)
def test_a_scalar_is_handed_over_as_it_is_written(root, written, handed_over):
    found = read_configuration(write(root, f"config:\n  example:label: {written}\n"), "dev")
    assert found["example:label"] == handed_over


def test_a_key_without_a_namespace_is_the_projects(root):
    assert read_configuration(write(root, "config: {size: 4}"), "dev")["example:size"] == "4"


def test_a_secret_is_a_placeholder_and_is_listed(root):
    write(
        root,
        "config:\n  example:token: {secure: AAABcipher}\n"
        "  example:kinds: [{secure: AAABother}, plain]\n",
    )
    found = read_configuration(root, "dev")
    assert "AAAB" not in json.dumps(found)
    assert secret_keys(root, "dev", found) == ("example:kinds", "example:token")
    assert json.loads(found["example:kinds"])[1] == "plain"


def test_a_stack_without_a_file_is_answered_with_those_that_have_one(root):
    write(write(root, "", "staging"), "", "prod")
    assert stacks(root) == ("prod", "staging")
    with pytest.raises(StackError, match=r"no Pulumi.qa.yaml.*prod, staging"):
        read_configuration(root, "qa")


def test_without_a_project_file_there_is_no_project(tmp_path):
    with pytest.raises(StackError, match=r"no Pulumi.yaml.*root of a checkout"):
        read_configuration(tmp_path, "dev")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("config:\n  a: [1\n", "Pulumi.dev.yaml cannot be read"),
        ("- config", "no mapping"),
        ("config: [a]", "its config: is no mapping"),
        ("config: text", "its config: is no mapping"),
    ],
)
def test_a_broken_file_is_named_and_what_is_broken(root, text, said):
    with pytest.raises(StackError, match=said) as caught:
        read_configuration(write(root, text), "dev")
    assert caught.value.mend
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["", "config:\n", "secretsprovider: awskms://alias/x\n"])
def test_a_file_without_settings_leaves_the_defaults(root, text):
    assert read_configuration(write(root, text), "dev")["example:size"] == "3"
