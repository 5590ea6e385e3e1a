"""Triton reads a path as it was sent: what the load balancer's routes (`infra.routes`) rely on."""

import http.client
from contextlib import closing

import pytest

OTHERS_READ_THEM_ALIKE = [
    "/v2/models//stats",
    "//v2/models/stats",
    "/v2/models/stats/",
    "/v2/models/./stats",
    "/v2/models/any/../stats",
    "/v2/models/st%61ts",
    "/v2/models%2Fstats",
    "/v2/models/stats%23",
    "/v2/models/stats#",
    "/v2/models/stats#/ready",
    "/v2/models/stats;",
    "/v2/models\\stats",
    "/V2/models/stats",
]


@pytest.fixture
def ask(make_server):
    with make_server() as server, closing(
        http.client.HTTPConnection("127.0.0.1", server.options.ports.http, timeout=10)
    ) as connection:  # fmt: skip

        def ask(path):
            connection.request("GET", path)
            reply = connection.getresponse()
            return reply.status, reply.read()

        yield ask


def test_only_the_very_path_of_an_api_leads_to_it(ask):
    assert ask("/v2/models/stats") == (200, b'{"model_stats":[]}')
    for path in OTHERS_READ_THEM_ALIKE:
        status, said = ask(path)
        assert (path, status >= 400) == (path, True)
        assert b"model_stats" not in said
