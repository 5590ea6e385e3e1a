"""Whether a server answers, and whether it is the one meant."""

import http.client
import json
import socket

from slipway import contract
from slipway.triton.ports import Ports

TIMEOUT = 1.0
"""Seconds for one question to a server on this machine."""


def all_ports(host: str, ports: Ports, name: str) -> bool:
    """Whether the server called `name` (its --id) is live, and every port accepts connections.

    The name is asked for because another server may have taken the port in the moment before ours
    did: its answers would pass for those of ours.
    """
    return (
        _get(host, ports.http, contract.HEALTH_LIVE) is not None
        and _name(host, ports.http) == name
        and all(_accepts(host, port) for port in (ports.grpc, ports.metrics))
    )


def ready(host: str, port: int) -> bool:
    """Whether Triton itself says so; of its models it knows little."""
    return _get(host, port, contract.HEALTH_READY) is not None


def metrics(host: str, port: int) -> str | None:
    """What Prometheus would read; None where nobody answers."""
    body = _get(host, port, "/metrics")
    return None if body is None else body.decode(errors="replace")


def _name(host: str, port: int) -> str | None:
    body = _get(host, port, "/v2")
    try:
        value = json.loads(body) if body else None
    except ValueError:
        return None
    return value.get("name") if isinstance(value, dict) else None


def _get(host: str, port: int, path: str) -> bytes | None:
    """The body of a 200 answer; None for anything else. Without proxies, unlike urllib's."""
    connection = http.client.HTTPConnection(host, port, timeout=TIMEOUT)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        body = response.read()
    except (OSError, http.client.HTTPException):
        return None
    else:
        return body if response.status == http.client.OK else None
    finally:
        connection.close()


def _accepts(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), TIMEOUT).close()
    except OSError:
        return False
    return True
