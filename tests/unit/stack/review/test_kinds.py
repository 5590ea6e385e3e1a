"""Every name in the tables is one of the SDK's: it is read, not imported."""

import importlib.util
import re
from functools import cache
from pathlib import Path

import pytest

from slipway.stack.review.kinds import DATA, HARMLESS, TRAFFIC
from slipway.stack.review.properties import _RULES

_SPEC = importlib.util.find_spec("pulumi_aws")
SDK = Path(_SPEC.origin).parent
OURS = {"pulumi-python:dynamic/slipway:Rollout"}
TYPES = sorted({*DATA, *TRAFFIC, *HARMLESS, *_RULES} - OURS)
PREFIXES = [(t, prefix) for t, rules in _RULES.items() if t not in OURS for prefix in rules]


def snake(name):
    return re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", name).lower()


@cache
def module_of(token):
    _, path, _ = token.split(":")
    folder, name = path.split("/")
    return (SDK / folder / f"{snake(name)}.py").read_text()


def declared(token):
    """What the class of a resource calls its properties."""
    kind = token.rpartition(":")[2]
    body = module_of(token).partition(f"class {kind}(pulumi.CustomResource)")[2]
    found = re.findall(r"@pulumi\.getter(?:\(name=\"(\w+)\"\))?\s+def (\w+)", body)
    return {camel or plain for camel, plain in found}


@pytest.mark.parametrize("token", TYPES)
def test_a_type_is_one_of_the_sdks(token):
    assert f"'{token}'" in module_of(token)


@pytest.mark.parametrize(("token", "prefix"), PREFIXES)
def test_a_property_with_a_rule_is_declared_by_the_sdk(token, prefix):
    first, *inner = prefix.split(".")
    assert first in declared(token)
    for name in inner:  # of an object, whose class is named after where it is
        kind = token.rpartition(":")[2]
        arguments = f"class {kind}{first[0].upper()}{first[1:]}Args:"
        inputs = (SDK / token.split(":")[1].split("/")[0] / "_inputs.py").read_text()
        assert f"def {snake(name)}(" in inputs.partition(arguments)[2].partition("\nclass ")[0]


def test_a_name_of_nobody_would_be_noticed():
    assert "sizeOfIt" not in declared("aws:autoscaling/group:Group")
    assert {"maxSize", "tags"} <= declared("aws:autoscaling/group:Group")
    with pytest.raises(FileNotFoundError):
        module_of("aws:s3/pail:Pail")


def test_no_type_is_in_two_tables():
    assert not DATA.keys() & TRAFFIC.keys()
    assert not HARMLESS.keys() & (DATA.keys() | TRAFFIC.keys())


def test_the_rollout_is_what_the_program_calls_it():
    source = Path(__file__).parents[4].joinpath("infra/rollout.py").read_text()
    assert 'pulumi.dynamic.Resource, module="slipway", name="Rollout"' in source
    assert all(f'"{name}": pulumi' in source for name in ("desired", "preferences"))
