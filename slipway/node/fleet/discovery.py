"""Being found by name: the node's entry in the environment's Cloud Map service."""

from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import botocore.exceptions

from slipway.node.fleet import aws

ENTRY = "server"
"""The same for every node, so that a server which died without leaving is gone from DNS once its
replacement has registered.
"""
HOST = "AWS_INSTANCE_IPV4"


@dataclass(frozen=True)
class Address:
    """Where clients reach this node."""

    host: str
    http: int
    grpc: int


class Directory(Protocol):
    """Where a node enters its address. Both may be repeated; both raise `FleetError`."""

    def register(self, address: Address) -> None: ...

    def deregister(self, address: Address) -> None:
        """Remove the entry, unless it is another node's by now."""
        ...


@dataclass(frozen=True)
class CloudMap:
    """The one entry of a service of AWS Cloud Map: it belongs to who registered last."""

    service: str

    def register(self, address: Address) -> None:
        attributes = {
            HOST: address.host,
            "AWS_INSTANCE_PORT": str(address.http),
            "GRPC_PORT": str(address.grpc),
        }
        # A duplicate request is an error here: the one under way may be another node's.
        with self._errors("register in"):
            self._client.register_instance(**self._entry, Attributes=attributes)

    def deregister(self, address: Address) -> None:
        with self._errors("deregister from"):
            try:
                found = self._client.get_instance(**self._entry)
                if found["Instance"]["Attributes"].get(HOST) == address.host:
                    self._client.deregister_instance(**self._entry)
            except botocore.exceptions.ClientError as error:
                # There is nothing to remove, or it is being removed or overwritten.
                if aws.code_of(error) not in {"DuplicateRequest", "InstanceNotFound"}:
                    raise

    @property
    def _entry(self) -> dict[str, str]:
        return {"ServiceId": self.service, "InstanceId": ENTRY}

    @cached_property
    def _client(self) -> Any:
        return aws.client("servicediscovery")

    def _errors(self, doing: str) -> AbstractContextManager[None]:
        return aws.errors(f"{doing} Cloud Map service {self.service}")
