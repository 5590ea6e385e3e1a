"""Every rule: what it lets through, what it objects to, and that nothing odd trips it."""

import ast
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from infra.rollout import Rollout
from policy.rules import serving
from policy.rules.catalogue import ALL
from policy.rules.model import UNKNOWN, Rule, Stack
from slipway import contract
from slipway.stack.recorder import _sdk_class
from tests.stacks import evaluated
from tests.unit.policy import (
    examples_access,
    examples_servers,
    examples_storage,
    examples_traffic,
)
from tests.unit.policy.examples import TOKENS, a

THEMES = (examples_storage, examples_access, examples_servers, examples_traffic)
EXAMPLES = tuple(example for theme in THEMES for example in theme.EXAMPLES)
FOLDER = Path(__file__).parents[3] / "policy/rules"
ROLLOUT = f"pulumi-python:{Rollout._resource_type_name}"
RULES = {rule.name: rule for rule in ALL}
ODD = (None, UNKNOWN, "", "x", 0, -1, 2.5, True, False, [], {}, [None], [UNKNOWN], [[]], {"a": []},
       {"Statement": [None, {"Effect": "Allow"}]}, '{"Statement": 7}', "[1", "\x00")  # fmt: skip


def names(examples):
    return [f"{e.rule}-{'bad' if e.says else 'good'}" for e in examples]


@pytest.mark.parametrize("example", EXAMPLES, ids=names(EXAMPLES))
def test_an_example_is_judged_as_it_should_be(example):
    messages = [v.message for v in RULES[example.rule].violations(example.stack)]
    if not example.says:
        assert messages == []
    else:
        (message,) = messages
        assert example.says in message


@pytest.mark.parametrize("name", RULES)
def test_every_rule_has_an_example_of_both_kinds(name):
    kinds = {bool(example.says) for example in EXAMPLES if example.rule == name}
    assert kinds == {True, False}


def test_every_rule_has_a_name_of_its_own_and_a_sentence():
    assert len(RULES) == len(ALL)
    assert all(rule.description.endswith(".") for rule in ALL)


def test_a_violation_names_the_rule_the_level_and_the_resource():
    (violation,) = RULES["topic-encrypted"].violations(Stack((a("Topic"),)))
    assert violation.rule == "topic-encrypted"
    assert violation.level.value == "mandatory"
    assert violation.urn == "urn:pulumi:prod::slipway::aws:sns/topic:Topic::it"


def test_the_rules_ask_for_readiness_where_the_contract_says_that_nodes_tell_it():
    assert (serving.READINESS_PORT, serving.READY) == (
        contract.READINESS_PORT,
        contract.HEALTH_READY,
    )
    assert (serving.GRPC_READINESS_PORT, serving.GRPC_HEALTH) == (
        contract.GRPC_READINESS_PORT,
        contract.GRPC_HEALTH,
    )


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.py")), ids=lambda path: path.stem)
def test_the_rules_need_nothing_but_python(path):
    """They run in the pack's environment and in the project's: what they share is Python alone."""
    tree = ast.parse(path.read_text())
    names = {a.name for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names}
    froms = [n for n in ast.walk(tree) if isinstance(n, ast.ImportFrom) and not n.level]
    names |= {n.module for n in froms}
    for_types = {"slipway.stack.graph"} if path.stem == "offline" else set()
    assert {name.partition(".")[0] for name in names - for_types} <= sys.stdlib_module_names


@pytest.mark.parametrize("type_", sorted({t for r in ALL if isinstance(r, Rule) for t in r.types}))
def test_every_type_that_a_rule_judges_exists(type_):
    if type_ != "*" and not type_.startswith("pulumi:providers"):
        assert type_ == ROLLOUT or _sdk_class(type_)


def written(kind):
    """The properties of a type that any example sets."""
    resources = (r for example in EXAMPLES for r in example.stack.resources)
    return {key for r in resources if r.type == TOKENS[kind] for key in r.properties}


@pytest.mark.parametrize("kind", sorted(set(TOKENS) - {"aws"}))
def test_the_examples_use_properties_that_exist(kind):
    if TOKENS[kind] == ROLLOUT:
        (declared,) = evaluated("prod").of(ROLLOUT)
        known = set(declared.properties)
    else:
        known = {
            getattr(attribute.fget, "_pulumi_name", name)
            for name, attribute in vars(_sdk_class(TOKENS[kind])).items()
            if isinstance(attribute, property)
        }
    assert written(kind) <= known


def spoiled(value, by):
    """A value with each of its parts, however deep, replaced by each of the others."""
    yield from by
    if isinstance(value, Mapping):
        for key, inner in value.items():
            for other in spoiled(inner, by):
                yield {**value, key: other}
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            for other in spoiled(inner, by):
                yield [*value[:index], other, *value[index + 1 :]]


def spoiled_stacks(example, by):
    """An example, spoiled in one place. What resources are matched by stays: where Pulumi does not
    know a name, it knows the reference.
    """
    for index, resource in enumerate(example.stack.resources):
        for key, value in resource.properties.items():
            if key in {"bucket", "arn", "name"}:
                continue
            for other in spoiled(value, by):
                resources = list(example.stack.resources)
                resources[index] = replace(resource, properties={**resource.properties, key: other})
                yield Stack(tuple(resources))


@pytest.mark.parametrize("name", RULES)
def test_no_property_however_odd_trips_a_rule(name):
    rule = RULES[name]
    for example in (e for e in EXAMPLES if e.rule == name):
        for stack in spoiled_stacks(example, ODD):
            assert all(violation.message for violation in rule.violations(stack))


@pytest.mark.parametrize("name", RULES)
def test_a_rule_does_not_object_to_what_is_not_known(name):
    rule = RULES[name]
    for example in (e for e in EXAMPLES if e.rule == name and not e.says):
        for stack in spoiled_stacks(example, (UNKNOWN,)):
            assert list(rule.violations(stack)) == []
