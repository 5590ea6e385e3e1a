"""The environment's key: rotated, protected, and used by exactly whom it should be."""

import json

import pytest

from infra.key import EncryptionKey, EncryptionKeyArgs
from infra.names import Names
from infra.place import Place
from slipway.stack.graph import Graph
from slipway.stack.program import record

PLACE = Place("eu-central-1", "123456789012", "aws", ("eu-central-1a",))
ROOT = "arn:aws:iam::123456789012:root"
ROLE = "@dev-key-autoscaling.arn@"


def key(*, protect: bool = True) -> Graph:
    args = EncryptionKeyArgs(Names("dev", "team", "42"), PLACE, protect)

    def program() -> None:
        EncryptionKey("dev-key", args)

    return record(program)


@pytest.fixture(scope="module")
def graph() -> Graph:
    return key()


@pytest.fixture(scope="module")
def statements(graph) -> dict[str, dict]:
    written = json.loads(graph.named("dev-key-key").properties["policy"])["Statement"]
    return {statement["Sid"]: statement for statement in written}


def test_the_key_rotates_and_is_slow_to_delete(graph):
    properties = graph.named("dev-key-key").properties
    assert properties["enableKeyRotation"] is True
    assert properties["deletionWindowInDays"] == 30
    assert graph.named("dev-key-alias").properties["name"] == "alias/slipway-dev"


@pytest.mark.parametrize("protect", [True, False])
def test_protection_is_the_settings_decision(protect):
    assert key(protect=protect).named("dev-key-key").protect is protect


def test_no_action_is_a_wildcard_and_nobody_is_everybody(statements):
    for statement in statements.values():
        assert statement["Effect"] == "Allow"
        assert not [action for action in statement["Action"] if "*" in action]
        assert all(action.startswith("kms:") for action in statement["Action"])
        assert "*" not in json.dumps(statement["Principal"])


def test_the_account_can_administer_and_use_the_key_by_iam(statements):
    assert statements["Administration"]["Principal"] == {"AWS": ROOT}
    assert {"kms:PutKeyPolicy", "kms:ScheduleKeyDeletion", "kms:CancelKeyDeletion"} <= set(
        statements["Administration"]["Action"]
    )
    assert statements["UseByIdentities"]["Principal"] == {"AWS": ROOT}
    assert {"kms:Decrypt", "kms:GenerateDataKey"} <= set(statements["UseByIdentities"]["Action"])


def test_grants_are_for_services_of_aws_alone(statements):
    granting = [s for s in statements.values() if "kms:CreateGrant" in s["Action"]]
    assert {s["Sid"] for s in granting} == {"GrantsToServices", "VolumesOfAutoScaling"}
    for statement in granting:
        assert statement["Condition"] == {"Bool": {"kms:GrantIsForAWSResource": "true"}}


def test_a_repository_that_is_deleted_gives_its_grant_back(statements):
    """The condition of making a grant is none that KMS knows when one is retired."""
    (retiring,) = [s for s in statements.values() if "kms:RetireGrant" in s["Action"]]
    assert "Condition" not in retiring


def test_volumes_are_made_by_a_role_of_this_environment_that_exists_before_the_key(
    graph, statements
):
    role = graph.named("dev-key-autoscaling").properties
    assert role["awsServiceName"] == "autoscaling.amazonaws.com"
    assert role["customSuffix"] == "slipway-dev"
    assert statements["UseByAutoScaling"]["Principal"] == {"AWS": ROLE}
    assert statements["VolumesOfAutoScaling"]["Principal"] == {"AWS": ROLE}
    order = [resource.name for resource in graph.resources]
    assert order.index("dev-key-autoscaling") < order.index("dev-key-key")


def test_cloudwatch_logs_uses_it_for_this_environments_groups_alone(statements):
    logs = statements["LogGroups"]
    assert logs["Principal"] == {"Service": "logs.eu-central-1.amazonaws.com"}
    assert logs["Condition"]["ArnLike"] == {
        "kms:EncryptionContext:aws:logs:arn": [
            "arn:aws:logs:eu-central-1:123456789012:log-group:/slipway/dev/*",
            "arn:aws:logs:eu-central-1:123456789012:log-group:aws-waf-logs-slipway-dev",
        ]
    }


def test_alarms_and_budgets_of_this_account_reach_an_encrypted_topic(statements):
    alerts = statements["AlertsToTopic"]
    assert alerts["Principal"]["Service"] == ["cloudwatch.amazonaws.com", "budgets.amazonaws.com"]
    assert alerts["Condition"]["StringEquals"] == {"aws:SourceAccount": "123456789012"}
    assert alerts["Condition"]["ArnLike"]["aws:SourceArn"] == [
        "arn:aws:cloudwatch:eu-central-1:123456789012:alarm:*",
        "arn:aws:budgets::123456789012:*",
    ]
    assert sorted(alerts["Action"]) == ["kms:Decrypt", "kms:GenerateDataKey"]
