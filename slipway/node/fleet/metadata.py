"""What an EC2 instance is told about itself, through version 2 of the instance metadata service."""

import http.client
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol
from urllib.parse import urlsplit

from slipway.errors import FleetError

BASE = "http://169.254.169.254"
TIMEOUT = 2.0
"""Seconds. The service is on the same host; where it is slow, the next look comes soon."""
TOKEN_SECONDS = 21600
_TOKEN = "X-aws-ec2-metadata-token"  # noqa: S105 - a header's name


@dataclass(frozen=True)
class Interruption:
    """EC2 takes a spot instance away: what it does (`terminate`, `stop`, `hibernate`), and when."""

    action: str
    at: datetime


class Metadata(Protocol):
    """Questions about this instance. All raise `FleetError` where nobody answers."""

    def instance_id(self) -> str: ...

    def address(self) -> str:
        """The private IPv4 address."""
        ...

    def target_state(self) -> str | None:
        """Where the auto scaling group wants this instance; None outside of any group."""
        ...

    def interruption(self) -> Interruption | None:
        """The notice of a spot interruption, about two minutes before it."""
        ...


class InstanceMetadata:
    """The service at `base`. A token is fetched when first needed, and again when it expired."""

    def __init__(self, base: str = BASE, timeout: float = TIMEOUT) -> None:
        self._base = base
        self._timeout = timeout
        self._token = ""

    def instance_id(self) -> str:
        return self._required("instance-id")

    def address(self) -> str:
        return self._required("local-ipv4")

    def target_state(self) -> str | None:
        return self._get("autoscaling/target-lifecycle-state")

    def interruption(self) -> Interruption | None:
        said = self._get("spot/instance-action")
        if said is None:
            return None
        try:
            notice = json.loads(said)
            at = datetime.strptime(notice["time"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
            return Interruption(str(notice["action"]), at)
        except (ValueError, TypeError, KeyError) as error:
            raise FleetError(
                "The spot interruption notice cannot be read", why=f"it is {said[:120]!r}"
            ) from error

    def _required(self, path: str) -> str:
        value = self._get(path)
        if not value:
            raise FleetError(f"This instance's {path} is unknown", why=f"{self._base} has none")
        return value

    def _get(self, path: str) -> str | None:
        """The text at a path; None where there is none."""
        for fresh in (False, True):
            if fresh or not self._token:
                self._token = self._fetch_token()
            status, body = self._ask("GET", f"/latest/meta-data/{path}", {_TOKEN: self._token})
            if status == http.client.OK:
                return body.strip()
            if status == http.client.NOT_FOUND:
                return None
            if status != http.client.UNAUTHORIZED:
                break
        raise FleetError("Instance metadata cannot be read", why=f"{path} is answered {status}")

    def _fetch_token(self) -> str:
        seconds = {f"{_TOKEN}-ttl-seconds": str(TOKEN_SECONDS)}
        status, body = self._ask("PUT", "/latest/api/token", seconds)
        if status != http.client.OK:
            raise FleetError("Instance metadata gives no token", why=f"it answers {status}")
        return body

    def _ask(self, method: str, path: str, headers: Mapping[str, str]) -> tuple[int, str]:
        """Status and body. Without proxies, unlike urllib's: the address is the host's own."""
        netloc = urlsplit(self._base).netloc
        connection = http.client.HTTPConnection(netloc, timeout=self._timeout)
        try:
            connection.request(method, path, headers=dict(headers))
            response = connection.getresponse()
            return response.status, response.read().decode(errors="replace")
        except (OSError, http.client.HTTPException) as error:
            raise FleetError(
                "Instance metadata does not answer",
                why=str(error) or type(error).__name__,
                mend="In a container a hop limit of 1 needs host networking.",
            ) from error
        finally:
            connection.close()
