"""Through boto3, against an HTTP server that speaks Auto Scaling's protocol."""

import pytest

from slipway.errors import FleetError
from slipway.node.fleet.hooks import AutoScalingHooks
from tests.aws_servers import AutoScalingService, as_of_aws, serving


@pytest.fixture
def service(monkeypatch):
    as_of_aws(monkeypatch)
    with serving(AutoScalingService({"launch"})) as service:
        monkeypatch.setenv("AWS_ENDPOINT_URL_AUTO_SCALING", service.url)
        yield service


@pytest.fixture
def hooks(service):
    hooks = AutoScalingHooks("slipway-dev", "i-1")
    yield hooks
    if "_client" in vars(hooks):
        hooks._client.close()


def test_a_hook_is_told_to_go_on(hooks, service):
    assert hooks.complete("launch")
    assert service.told == [("CompleteLifecycleAction", "launch", "CONTINUE")]
    assert service.waiting == set()


def test_a_hook_that_is_done_or_expired_is_no_error(hooks):
    assert hooks.complete("launch")
    assert not hooks.complete("launch")
    hooks.heartbeat("launch")


def test_a_heartbeat_leaves_the_hook_waiting(hooks, service):
    hooks.heartbeat("launch")
    assert service.told == [("RecordLifecycleActionHeartbeat", "launch", None)]
    assert service.waiting == {"launch"}


def test_an_instance_that_has_to_be_replaced_is_unhealthy(hooks, service):
    hooks.replace()
    assert service.told == [("SetInstanceHealth", "i-1", "Unhealthy")]


def test_a_refusal_is_an_error_of_ours(hooks, service):
    service.refusal = "AccessDenied"
    with pytest.raises(FleetError, match="AccessDenied"):
        hooks.complete("launch")


def test_no_service_at_all_is_an_error_of_ours(hooks, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL_AUTO_SCALING", "http://127.0.0.1:9")
    with pytest.raises(FleetError, match="Could not connect"):
        hooks.complete("launch")
