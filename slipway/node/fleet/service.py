"""A node of a fleet from its start to its end."""

import os
import socket
import time
from dataclasses import dataclass

from slipway import contract, interrupts
from slipway.errors import FleetError
from slipway.node.fleet.cloudwatch import CloudWatch
from slipway.node.fleet.companion import Companion, SyncSteps
from slipway.node.fleet.discovery import Address, CloudMap
from slipway.node.fleet.grpc_readiness import GrpcReadiness
from slipway.node.fleet.hooks import AutoScalingHooks
from slipway.node.fleet.leaving import leave
from slipway.node.fleet.lifecycle import Lifecycle, Terms
from slipway.node.fleet.member import Member, Parts
from slipway.node.fleet.metadata import BASE, InstanceMetadata
from slipway.node.fleet.readiness import Readiness
from slipway.node.fleet.settings import FleetSettings
from slipway.node.follow import Show, follow
from slipway.node.local import NodeSettings, local_agent
from slipway.registry.store import open_store
from slipway.triton import answers
from slipway.triton.environment import ServerEnvironment
from slipway.triton.installation import ContainerInstallation, Installation
from slipway.triton.ports import Ports

EVERYWHERE = "0.0.0.0"  # noqa: S104 - security groups decide who reaches a server
HERE = "127.0.0.1"
ENV_METADATA = "AWS_EC2_METADATA_SERVICE_ENDPOINT"
"""boto3's own variable: another metadata service than EC2's."""


@dataclass(frozen=True)
class Pace:
    """Seconds between rounds of the agent, looks at the fleet, and publications of metrics.

    `startup` is how long Triton may take: on a GPU server it first looks at every device.
    """

    rounds: float = 5.0
    looks: float = 5.0
    publications: float = 60.0
    startup: float = 300.0


def run(
    settings: FleetSettings,
    show: Show,
    *,
    ports: Ports | None = None,
    readiness_port: int = contract.READINESS_PORT,
    grpc_readiness_port: int = contract.GRPC_READINESS_PORT,
    pace: Pace | None = None,
) -> None:
    """Serve until interrupted or told to go, then leave in order. Raises `SlipwayError`."""
    ports, pace = ports or Ports.standard(), pace or Pace()
    steps = SyncSteps()
    place = _place(settings)
    node = NodeSettings(
        settings.environment,
        settings.folder,
        ports,
        node=settings.node or place.instance,
        address=EVERYWHERE,
        startup_timeout=pace.startup,
        exit_timeout=settings.exit_timeout,
        advertised=place.host or socket.gethostname(),
        restricted=True,
    )
    member = Member(_parts(settings, place, ports), time.monotonic, pace.publications)
    agent = local_agent(node, open_store(settings.store), steps, _installation())
    companion = Companion(member, lambda: agent.standing, steps, show, pace.looks)

    def ready() -> bool:
        return member.ready and answers.ready(HERE, ports.http)

    def serve() -> None:
        companion.start()
        follow(agent, show, pace.rounds)

    with (
        Readiness(EVERYWHERE, readiness_port, ready),
        GrpcReadiness(EVERYWHERE, grpc_readiness_port, ready),
    ):
        try:
            try:
                interrupts.until_interrupted(serve)  # by a supervisor, or by the companion
            finally:
                companion.stop()
            if companion.error:
                raise FleetError(
                    "The node ended", why=f"its part in the fleet failed: {companion.error!r}"
                ) from companion.error
        finally:
            leave(agent, member, show)


@dataclass(frozen=True)
class _Place:
    """The instance that this runs on; nothing of it is known where nobody is to be asked."""

    metadata: InstanceMetadata | None = None
    instance: str = ""
    host: str = ""


def _place(settings: FleetSettings) -> _Place:
    if not settings.on_ec2:
        return _Place()
    metadata = InstanceMetadata(os.environ.get(ENV_METADATA, BASE))
    return _Place(metadata, metadata.instance_id(), metadata.address())


def _parts(settings: FleetSettings, place: _Place, ports: Ports) -> Parts:
    """Of what a fleet may ask, that which this one does."""
    lifecycle = None
    if settings.group and place.metadata:
        terms = Terms(
            settings.launch_hook, settings.terminate_hook, settings.drain, settings.exit_timeout
        )
        hooks = AutoScalingHooks(settings.group, place.instance)
        lifecycle = Lifecycle(place.metadata, hooks, terms, time.monotonic)
    return Parts(
        address=Address(place.host, ports.http, ports.grpc),
        lifecycle=lifecycle,
        directory=CloudMap(settings.discovery) if settings.discovery else None,
        publisher=CloudWatch(settings.environment) if settings.metrics else None,
        scrape=lambda: answers.metrics(HERE, ports.metrics),
    )


def _installation() -> Installation:
    """An environment that is named, else the image this runs in."""
    if os.environ.get(contract.ENV_SERVER):
        return ServerEnvironment.find()
    return ContainerInstallation.find()
