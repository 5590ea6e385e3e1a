from types import SimpleNamespace

import pytest

from slipway.node import local
from slipway.node.control import LOAD_TIMEOUT
from slipway.node.local import NodeSettings, local_agent
from slipway.registry.directory import DirectoryStore
from slipway.triton.ports import Ports


@pytest.fixture
def told(tmp_path, monkeypatch):
    """What a node with these settings tells tritonserver beyond the usual: option to value."""
    made = []
    monkeypatch.setattr(local, "EmbeddedServer", lambda options, _: made.append(options))

    def ask(**settings):
        node = NodeSettings("dev", tmp_path, Ports.standard(), node="one", **settings)
        local_agent(
            node, DirectoryStore(tmp_path / "store"), installation=SimpleNamespace(versions={})
        )
        return dict(word.split("=", 1) for word in made[-1].extra)

    return ask


def test_on_a_laptop_anybody_manages_the_server_and_stays_connected(told):
    assert told() == {}


def test_on_a_fleet_clients_connect_anew_every_five_minutes(told):
    options = told(restricted=True)
    assert options["--grpc-max-connection-age"] == "300000"
    assert "--grpc-restricted-protocol" in options


@pytest.mark.parametrize("exit_timeout", [30.0, 1200.0])
def test_what_is_in_flight_when_a_connection_ends_gets_the_time_it_may_need(told, exit_timeout):
    options = told(restricted=True, exit_timeout=exit_timeout)
    grace = int(options["--grpc-max-connection-age-grace"]) / 1000
    assert grace >= max(exit_timeout, LOAD_TIMEOUT)
