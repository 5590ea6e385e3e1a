"""The shape `container`: the same image as tasks of ECS, on the same servers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from infra.boot import node_environment
from infra.group import deployment_percents
from infra.names import Names
from infra.place import Place
from infra.settings import ServerSettings
from infra.template import shared_memory_gib
from infra.timings import GRACE, Timings
from infra.traffic import Traffic
from slipway import contract

_CONTAINER = "slipway"
_MEMORY_SHARE = 0.85
"""Of the smallest server: the rest is the system's, the ECS agent's and the CloudWatch agent's."""


@dataclass(frozen=True)
class ContainerServiceArgs:
    """`fleet_arn` is the auto scaling group, which must protect its servers from scale-in. Roles
    are None only in other shapes.
    """

    settings: ServerSettings
    names: Names
    place: Place
    timings: Timings
    fleet_arn: pulumi.Input[str]
    image_uri: pulumi.Input[str]
    store_url: pulumi.Input[str]
    task_role_arn: pulumi.Input[str] | None
    execution_role_arn: pulumi.Input[str] | None
    log_group: pulumi.Input[str]
    key_arn: pulumi.Input[str]
    traffic: Traffic | None
    rollback_alarms: Sequence[pulumi.Input[str]]


class ContainerService(pulumi.ComponentResource):
    """A cluster whose servers come and go with the tasks; `scalable_id` is the service for scaling.

    One task a server: it has all GPUs, the disks, and the host's ports.
    """

    scalable_id: pulumi.Output[str]

    def __init__(
        self, name: str, args: ContainerServiceArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("slipway:infra:ContainerService", name, None, opts)
        cluster = self._cluster(name, args)
        provider, attached = self._capacity(name, args, cluster)
        service = self._service(name, args, cluster, provider, attached)
        self.scalable_id = pulumi.Output.concat("service/", cluster.name, "/", service.name)
        self.register_outputs({"scalableId": self.scalable_id})

    def _cluster(self, name: str, args: ContainerServiceArgs) -> aws.ecs.Cluster:
        return aws.ecs.Cluster(
            f"{name}-cluster",
            # Servers are told it when they start.
            name=args.names.group,
            settings=[{"name": "containerInsights", "value": "enhanced"}],
            # The service has execute-command off. Whoever turns it on leaves an encrypted trace.
            configuration={
                "execute_command_configuration": {
                    "kms_key_id": args.key_arn,
                    "logging": "OVERRIDE",
                    "log_configuration": {
                        "cloud_watch_encryption_enabled": True,
                        "cloud_watch_log_group_name": args.log_group,
                    },
                }
            },
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _capacity(
        self, name: str, args: ContainerServiceArgs, cluster: aws.ecs.Cluster
    ) -> tuple[aws.ecs.CapacityProvider, aws.ecs.ClusterCapacityProviders]:
        child = pulumi.ResourceOptions(parent=self)
        provider = aws.ecs.CapacityProvider(
            f"{name}-servers",
            auto_scaling_group_provider={
                "auto_scaling_group_arn": args.fleet_arn,
                "managed_scaling": {
                    "status": "ENABLED",
                    # As many servers as tasks need; 100 of them occupied.
                    "target_capacity": 100,
                    "minimum_scaling_step_size": 1,
                    "maximum_scaling_step_size": args.settings.max_servers,
                    "instance_warmup_period": GRACE,
                },
                # A server goes when its tasks have gone, and none that has any is chosen to go.
                "managed_draining": "ENABLED",
                "managed_termination_protection": "ENABLED",
            },
            opts=child,
        )
        attached = aws.ecs.ClusterCapacityProviders(
            f"{name}-providers",
            cluster_name=cluster.name,
            capacity_providers=[provider.name],
            default_capacity_provider_strategies=[
                {"capacity_provider": provider.name, "weight": 1}
            ],
            opts=child,
        )
        return provider, attached

    def _service(
        self,
        name: str,
        args: ContainerServiceArgs,
        cluster: aws.ecs.Cluster,
        provider: aws.ecs.CapacityProvider,
        attached: aws.ecs.ClusterCapacityProviders,
    ) -> aws.ecs.Service:
        least, most = deployment_percents(args.settings)
        return aws.ecs.Service(
            f"{name}-service",
            name=args.names.group,
            cluster=cluster.arn,
            task_definition=self._task(name, args).arn,
            desired_count=args.settings.min_servers,
            capacity_provider_strategies=[{"capacity_provider": provider.name, "weight": 1}],
            deployment_minimum_healthy_percent=least,
            deployment_maximum_percent=most,
            deployment_circuit_breaker={"enable": True, "rollback": True},
            alarms={"alarm_names": args.rollback_alarms, "enable": True, "rollback": True}
            if args.rollback_alarms
            else None,
            load_balancers=[
                {
                    "target_group_arn": group.arn,
                    "container_name": _CONTAINER,
                    "container_port": group.port,
                }
                for group in (args.traffic.target_groups if args.traffic else ())
            ],
            # For checks of the load balancer and of the container, while models are loaded.
            health_check_grace_period_seconds=args.timings.launch_hook if args.traffic else None,
            placement_constraints=[{"type": "distinctInstance"}],
            ordered_placement_strategies=[
                {"type": "spread", "field": "attribute:ecs.availability-zone"}
            ],
            # Moving a task between zones needs room for one more.
            availability_zone_rebalancing="ENABLED" if most > 100 else "DISABLED",
            enable_execute_command=False,
            enable_ecs_managed_tags=True,
            propagate_tags="SERVICE",
            # A deployment may wait for GPUs for hours: its alarms and its circuit breaker tell.
            wait_for_steady_state=False,
            opts=pulumi.ResourceOptions(
                parent=self,
                depends_on=[attached, *(args.traffic.ready if args.traffic else ())],
                # Scaling and schedules move it.
                ignore_changes=["desiredCount"],
            ),
        )

    def _task(self, name: str, args: ContainerServiceArgs) -> aws.ecs.TaskDefinition:
        return aws.ecs.TaskDefinition(
            f"{name}-task",
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
        )


def _container(args: ContainerServiceArgs) -> dict[str, Any]:
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
        "name": _CONTAINER,
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
        "CMD", "curl", "--fail", "--silent", "--output", "/dev/null",
        # Whether clients are sent here the target groups ask the node.
        f"http://127.0.0.1:{contract.HTTP_PORT}{contract.HEALTH_LIVE}",
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
