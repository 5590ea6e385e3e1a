"""The servers' log groups."""

import pytest

from infra.logs import LogNames, Logs, LogsArgs
from infra.names import Names
from slipway.stack.program import record

KEY = "arn:aws:kms:eu-central-1:123456789012:key/k"


@pytest.fixture(scope="module")
def recorded():
    made: list[Logs] = []

    def program() -> None:
        made.append(Logs("dev-logs", LogsArgs(Names("dev", "", ""), 30, KEY)))

    return record(program), made[0]


def test_both_groups_are_encrypted_and_expire(recorded):
    graph, _ = recorded
    groups = graph.of("LogGroup")
    assert len(groups) == 2
    for group in groups:
        assert group.properties["kmsKeyId"] == KEY
        assert group.properties["retentionInDays"] == 30


def test_the_names_are_plain_text_and_those_of_the_groups(recorded):
    graph, logs = recorded
    assert logs.names == LogNames("/slipway/dev/servers", "/slipway/dev/system")
    assert {g.properties["name"] for g in graph.of("LogGroup")} == {
        logs.names.server,
        logs.names.system,
    }
