import socket
from datetime import UTC, datetime

import pytest

from slipway.errors import FleetError
from slipway.node.fleet.metadata import InstanceMetadata, Interruption
from tests.aws_servers import MetadataService, serving


@pytest.fixture
def service():
    known = {"instance-id": "i-1", "local-ipv4": "10.0.0.7"}
    with serving(MetadataService(known)) as service:
        yield service


def test_an_instance_learns_what_it_is_with_one_token(service):
    metadata = InstanceMetadata(service.url)
    assert metadata.instance_id() == "i-1"
    assert metadata.address() == "10.0.0.7"
    assert service.tokens == 1


def test_an_expired_token_is_replaced(service):
    metadata = InstanceMetadata(service.url)
    metadata.instance_id()
    service.valid = "another"
    assert metadata.instance_id() == "i-1"
    assert service.tokens == 2


def test_what_is_not_there_is_none(service):
    metadata = InstanceMetadata(service.url)
    assert metadata.target_state() is None
    assert metadata.interruption() is None


def test_the_target_state_is_that_of_the_group(service):
    service.values["autoscaling/target-lifecycle-state"] = "Warmed:Stopped"
    assert InstanceMetadata(service.url).target_state() == "Warmed:Stopped"


def test_a_spot_notice_says_what_and_when(service):
    service.values["spot/instance-action"] = (
        '{"action": "terminate", "time": "2031-05-06T12:02:00Z"}'
    )
    at = datetime(2031, 5, 6, 12, 2, tzinfo=UTC)
    assert InstanceMetadata(service.url).interruption() == Interruption("terminate", at)


@pytest.mark.parametrize("said", ["", "[]", "{}", '{"action": "stop", "time": "soon"}'])
def test_a_notice_that_cannot_be_read_is_an_error_of_ours(service, said):
    service.values["spot/instance-action"] = said
    with pytest.raises(FleetError, match="cannot be read"):
        InstanceMetadata(service.url).interruption()


def test_an_instance_without_an_id_is_an_error(service):
    del service.values["instance-id"]
    with pytest.raises(FleetError, match="instance-id is unknown"):
        InstanceMetadata(service.url).instance_id()


def test_nobody_there_is_an_error_with_a_way_out():
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
        with pytest.raises(FleetError, match="does not answer") as caught:
            InstanceMetadata(url).target_state()
    assert "host networking" in caught.value.mend


def test_who_does_not_answer_in_time_is_given_up():
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        url = f"http://127.0.0.1:{deaf.getsockname()[1]}"
        with pytest.raises(FleetError, match="timed out"):
            InstanceMetadata(url, timeout=0.1).target_state()


def test_proxies_are_not_used(service, monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    assert InstanceMetadata(service.url).instance_id() == "i-1"
