import pytest

from infra import instance_refresh
from infra.instance_refresh import _end_active, _within


class Refreshing:
    """A group whose refreshes have these statuses, one more at each look; the last one stays."""

    def __init__(self, *statuses):
        self.statuses = list(statuses)
        self.cancelled = 0

    def describe_instance_refreshes(self, AutoScalingGroupName):  # noqa: N803 - AWS's name
        status = self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]
        return {"InstanceRefreshes": [{"Status": status}, {"Status": "Successful"}]}

    def cancel_instance_refresh(self, AutoScalingGroupName):  # noqa: N803 - AWS's name
        self.cancelled += 1


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(instance_refresh, "_PAUSE", 0.001)
    monkeypatch.setattr(instance_refresh, "_PATIENCE", 0.05)


@pytest.mark.parametrize("status", ["Pending", "InProgress", "Baking", "RollbackInProgress"])
def test_a_refresh_under_way_is_cancelled_once_and_waited_for(status):
    client = Refreshing(status, status, "Cancelling", "Cancelled")
    _end_active(client, "slipway-prod")
    assert client.cancelled == 1


@pytest.mark.parametrize("status", ["Successful", "Failed", "Cancelled", "RollbackFailed"])
def test_what_is_over_is_left_alone(status):
    client = Refreshing(status)
    _end_active(client, "slipway-prod")
    assert client.cancelled == 0


def test_a_refresh_that_does_not_end_is_named_with_the_way_to_look_at_it():
    with pytest.raises(TimeoutError) as error:
        _end_active(Refreshing("Cancelling"), "slipway-prod")
    said = str(error.value)
    assert "The instance refresh of slipway-prod is Cancelling" in said
    assert "describe-instance-refreshes --auto-scaling-group-name slipway-prod`" in said


@pytest.mark.parametrize(
    ("desired", "actual", "same"),
    [
        ({"a": 1}, {"a": 1, "added": "by AWS"}, True),
        ({"a": 1}, {"a": 2}, False),
        ({"a": 1}, {}, False),
        ({"a": {"b": "1"}}, {"a": {"b": "1", "c": 2}}, True),
        ({"a": {"b": "1"}}, {"a": None}, False),
        ([{"a": 1}], [{"a": 1, "b": 2}], True),
        ([{"a": 1}, {"a": 2}], [{"a": 2}, {"a": 1}], False),
        ([{"a": 1}], [{"a": 1}, {"a": 2}], False),
        ([], None, False),
    ],
)
def test_a_group_has_what_is_desired_whatever_aws_adds(desired, actual, same):
    assert _within(desired, actual) is same
