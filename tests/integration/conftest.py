"""A real Triton server for every test that asks for one."""

import os
from dataclasses import replace

import pytest

from slipway.errors import ServerEnvironmentError
from slipway.triton.environment import ServerEnvironment
from slipway.triton.server import EmbeddedServer, Ports, ServerOptions


@pytest.fixture(scope="session")
def server_environment():
    """The environment of the server. Without one tests are skipped, under CI they fail."""
    try:
        return ServerEnvironment.find()
    except ServerEnvironmentError as error:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(str(error))


@pytest.fixture
def make_server(server_environment, tmp_path):
    """Call it for a server on free ports; it is not started yet, and stopped after the test.

    Keyword arguments are fields of `ServerOptions`; the repository is `tmp_path/repository`.
    """
    made = []

    def make(**changes):
        repository = tmp_path / "repository"
        repository.mkdir(exist_ok=True)
        options = ServerOptions(repository, tmp_path / "run/triton.log", Ports.free())
        server = EmbeddedServer(replace(options, **changes), server_environment)
        made.append(server)
        return server

    yield make
    for server in made:
        server.stop()
