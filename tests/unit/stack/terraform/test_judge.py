"""How base and head are laid beside each other; the provider's part is played here."""

from dataclasses import replace
from types import SimpleNamespace

import pytest

from slipway.stack.pairing import Pairing, pair
from slipway.stack.terraform import judge as judging
from slipway.stack.terraform.judge import judge
from slipway.stack.terraform.names import Catalogue
from tests.unit.stack.terraform.provider import (
    PARAMETER,
    REQUIREMENT,
    TOPIC,
    VPC,
    graph,
    resource,
    schema,
)


class Provider:
    """Creates all where there is no state; otherwise compares addresses and bodies."""

    def __init__(self):
        self.questions = []

    def __call__(self, _terraform, question):
        self.questions.append(question)
        wanted = {
            f"{type_}.{label}": body
            for type_, bodies in question.document.get("resource", {}).items()
            for label, body in bodies.items()
        }
        there = {f"{r['type']}.{r['name']}" for r in (question.state or {}).get("resources", ())}
        kinds = {True: "no-op", False: "create"}
        found = [self.change(a, kinds[a in there], body) for a, body in wanted.items()]
        found += [self.change(a, "delete", {}) for a in sorted(there - wanted.keys())]
        return {"resource_changes": found, "planned_values": {"outputs": {}}}

    def change(self, address, action, body):
        return {
            "address": address,
            "type": address.split(".")[0],
            "mode": "managed",
            "provider": 'provider["x/hashicorp/aws"]',
            "change": {
                "actions": [action],
                "before": {},
                "after": body,
                "after_unknown": {"id": True},
                "before_sensitive": {},
                "after_sensitive": {},
            },
        }


@pytest.fixture
def provider(monkeypatch):
    played = Provider()
    monkeypatch.setattr(judging, "changes", played)
    return played


@pytest.fixture
def terraform(tmp_path):
    known = schema(tmp_path)
    return SimpleNamespace(schema=known, catalogue=Catalogue(known), requirement=REQUIREMENT)


def actions(terraform, base, head, pairing=None):
    found = judge(terraform, base, head, pairing or pair(base, head))
    assert found.unstable == {}
    return {urn: verdict.action for urn, verdict in found.verdicts.items()}


def test_what_is_written_the_same_is_not_planned(terraform, provider):
    both = graph(resource(TOPIC))
    changed = replace(both, outputs={"new": "x"})
    assert actions(terraform, both, changed) == {}
    assert provider.questions == []


def test_the_base_is_planned_from_nothing_and_against_itself_and_the_head_against_it(
    terraform, provider
):
    base = graph(resource(TOPIC, "a"), resource(TOPIC, "b", properties={"policy": "@a.arn@"}))
    head = graph(resource(TOPIC, "a"), resource(VPC, "net"))
    assert actions(terraform, base, head) == {
        base.resources[1].urn: "delete",
        head.resources[1].urn: "create",
    }
    first, *others = provider.questions
    assert first.state is None
    assert "locals" in first.document
    assert len(others) == 2
    assert all(question.state is not None for question in others)
    assert not any("moved" in question.document for question in others)


def test_what_was_renamed_is_where_it_is_now(terraform, provider):
    base = graph(resource(TOPIC, "old", properties={"displayName": "x"}))
    alias = base.resources[0].urn
    head = graph(resource(TOPIC, "new", aliases=(alias,), properties={"displayName": "y"}))
    assert actions(terraform, base, head) == {}
    assert actions(terraform, base, head, Pairing({})) == {
        alias: "delete",
        head.resources[0].urn: "create",
    }


def test_what_became_another_type_is_deleted_and_made_anew(terraform, provider):
    base = graph(resource(TOPIC, "it"))
    alias = base.resources[0].urn
    head = graph(resource(PARAMETER, "it", aliases=(alias,)))
    assert actions(terraform, base, head) == {alias: "delete", head.resources[0].urn: "create"}


def test_what_is_gone_keeps_apart_from_what_is_called_so_now(terraform, provider):
    older = resource(TOPIC, "it")
    base = graph(replace(older, urn=f"{older.urn}-older"))
    head = graph(older)
    found = actions(terraform, base, replace(head, resources=(older, resource(VPC, "net"))))
    assert found[base.resources[0].urn] == "delete"
    assert found[older.urn] == "create"


def test_a_change_that_the_unchanged_base_has_too_is_told(terraform, monkeypatch):
    class Restless(Provider):
        def change(self, address, action, body):
            change = super().change(address, action, body)
            if action == "no-op":
                change["change"] |= {"actions": ["update"], "before": {"a": 1}, "after": {"a": 2}}
            return change

    monkeypatch.setattr(judging, "changes", Restless())
    base = graph(resource(TOPIC, "a"))
    head = graph(resource(TOPIC, "a", properties={"displayName": "x"}))
    found = judge(terraform, base, head, pair(base, head))
    assert found.unstable[base.resources[0].urn].action == "update"


def test_how_far_it_is_is_told(terraform, provider):
    told = []
    base, head = graph(resource(TOPIC, "a")), graph(resource(TOPIC, "b"))
    judge(terraform, base, head, pair(base, head), lambda *said: told.append(said))
    assert [done for done, _, _ in told] == sorted(done for done, _, _ in told)
    assert told[-1][0] == told[-1][1]
