"""Being found by name: the node's entry in the environment's Cloud Map service."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import botocore.exceptions

from slipway.node.fleet import aws


@dataclass(frozen=True)
class Address:
    """Where clients reach this node."""

    host: str
    http: int
    grpc: int


class Directory(Protocol):
    """Where a node enters its address. Both may be repeated; both raise `FleetError`."""

    def register(self, address: Address) -> None: ...

    def deregister(self) -> None: ...


@dataclass(frozen=True)
class CloudMap:
    """A service of AWS Cloud Map; `instance` names this node's entry."""

    service: str
    instance: str

    def register(self, address: Address) -> None:
        attributes = {
            "AWS_INSTANCE_IPV4": address.host,
            "AWS_INSTANCE_PORT": str(address.http),
            "GRPC_PORT": str(address.grpc),
        }
        self._call("register_instance", Attributes=attributes)

    def deregister(self) -> None:
        self._call("deregister_instance")

    @cached_property
    def _client(self) -> Any:
        return aws.client("servicediscovery")

    def _call(self, call: str, **how: Any) -> None:
        with aws.errors(f"{call.replace('_', ' ')} in Cloud Map service {self.service}"):
            try:
                getattr(self._client, call)(ServiceId=self.service, InstanceId=self.instance, **how)
            except botocore.exceptions.ClientError as error:
                # The same request is being carried out, or there is nothing to remove.
                if aws.code_of(error) not in {"DuplicateRequest", "InstanceNotFound"}:
                    raise
