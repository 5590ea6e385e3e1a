"""The task of the shape `container`: one server's Triton and node, as ECS starts them."""

from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from infra.boot import node_environment
from infra.names import Names
from infra.place import Place
from infra.settings import ServerSettings
from infra.template import shared_memory_gib
from infra.timings import Timings
from slipway import contract

CONTAINER = "slipway"
_MEMORY_SHARE = 0.85
"""Of the smallest server: the rest is the system's, the ECS agent's and the CloudWatch agent's."""


@dataclass(frozen=True)
class TaskArgs:
    """Roles are None only in other shapes."""

    settings: ServerSettings
    names: Names
    place: Place
    timings: Timings
    image_uri: pulumi.Input[str]
    store_url: pulumi.Input[str]
    task_role_arn: pulumi.Input[str] | None
    execution_role_arn: pulumi.Input[str] | None
    log_group: pulumi.Input[str]


class Task(pulumi.ComponentResource):
    """A server's task: it has all GPUs, the disks, and the host's ports."""

    arn: pulumi.Output[str]

    def __init__(
        self, name: str, args: TaskArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("slipway:infra:Task", name, None, opts)
        self.arn = aws.ecs.TaskDefinition(
            f"{name}-definition",
            family=args.names.group,
            requires_compatibilities=["EC2"],
            network_mode=args.settings.network_mode,
            task_role_arn=args.task_role_arn,
            execution_role_arn=args.execution_role_arn,
            volumes=[{"name": "node", "host_path": contract.NODE_FOLDER}],
            container_definitions=pulumi.Output.json_dumps([_container(args)]),
            # The circuit breaker returns to the revision before, which must still be active.
            skip_destroy=True,
            opts=pulumi.ResourceOptions(parent=self),
        ).arn
        self.register_outputs({"arn": self.arn})


def _container(args: TaskArgs) -> dict[str, Any]:
    """As ECS writes it. Sizes are MiB."""
    settings = args.settings
    memory = min(kind.memory_gib for kind in settings.instance_types) * 1024
    gpus = settings.instance_types[0].gpu_count
    environment = node_environment(
        store_url=args.store_url,
        environment=args.names.environment,
        region=args.place.region,
        exit_timeout=args.timings.exit_timeout,
    )
    return {
        "name": CONTAINER,
        "image": args.image_uri,
        "essential": True,
        "memoryReservation": int(memory * _MEMORY_SHARE),
        "resourceRequirements": [{"type": "GPU", "value": str(gpus)}] if gpus else [],
        "environment": [{"name": key, "value": environment[key]} for key in sorted(environment)],
        "portMappings": _ports(settings.network_mode),
        "mountPoints": [
            {"sourceVolume": "node", "containerPath": contract.NODE_FOLDER, "readOnly": False}
        ],
        **_confinement(shared_memory_gib(settings) * 1024),
        "stopTimeout": args.timings.stop_seconds,
        "healthCheck": _HEALTH,
        "logConfiguration": {
            "logDriver": "awslogs",
            "options": {
                "awslogs-group": args.log_group,
                "awslogs-region": args.place.region,
                "awslogs-stream-prefix": "task",
                # A full pipe to CloudWatch must not stop the node.
                "mode": "non-blocking",
                "max-buffer-size": "8m",
            },
        },
    }


def _confinement(shared_memory: int) -> dict[str, Any]:
    """As `boot/files/serve.sh` has it: what the container may do on its server, and use of it."""
    return {
        "user": "1000:1000",
        "privileged": False,
        "readonlyRootFilesystem": True,
        "dockerSecurityOptions": ["no-new-privileges"],
        "linuxParameters": {
            "initProcessEnabled": True,
            "capabilities": {"add": [], "drop": ["ALL"]},
            "sharedMemorySize": shared_memory,
            # exec: Triton's Python backend unpacks environments there, with libraries to load.
            "tmpfs": [
                {
                    "containerPath": "/tmp",  # noqa: S108 - of the container, and its own
                    "size": shared_memory,
                    "mountOptions": ["rw", "exec", "nosuid", "nodev"],
                }
            ],
        },
        "ulimits": [
            {"name": "memlock", "softLimit": -1, "hardLimit": -1},
            {"name": "stack", "softLimit": 67108864, "hardLimit": 67108864},
            {"name": "nofile", "softLimit": 65536, "hardLimit": 65536},
        ],
    }


_HEALTH = {
    "command": [
        # As the image's own check; whether clients are sent here the target groups ask the node.
        "CMD", "/opt/slipway/bin/python", "-c",
        "from urllib.request import urlopen; "
        f"urlopen('http://127.0.0.1:{contract.HTTP_PORT}{contract.HEALTH_LIVE}', timeout=3)",
    ],
    "interval": 30,
    "timeout": 5,
    # The node mends Triton itself within this time; after it a new task is the better try.
    "retries": 5,
    "startPeriod": 300,
}  # fmt: skip


def _ports(network_mode: str) -> list[dict[str, Any]]:
    """In `bridge` Docker picks the server's ports of requests. Metrics are scraped and readiness is
    asked for at fixed ones: a server has one task.
    """
    requests = 0 if network_mode == "bridge" else None
    return [
        {"containerPort": port, "hostPort": port if host is None else host, "protocol": "tcp"}
        for port, host in (
            (contract.HTTP_PORT, requests),
            (contract.GRPC_PORT, requests),
            (contract.METRICS_PORT, None),
            (contract.READINESS_PORT, None),
            (contract.GRPC_READINESS_PORT, None),
        )
    ]
