"""The shape `container`: the same image as tasks of ECS, on the same servers."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.group import deployment_percents
from infra.names import Names
from infra.place import Place
from infra.settings import ServerSettings
from infra.task import CONTAINER, Task, TaskArgs
from infra.timings import GRACE, Timings
from infra.traffic import Traffic


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

    There is one task a server.
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
            # AWS makes the account's role of ECS with its first cluster, and refuses a capacity
            # provider where there is none.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[cluster]),
        )
        attached = aws.ecs.ClusterCapacityProviders(
            f"{name}-providers",
            cluster_name=cluster.name,
            capacity_providers=[provider.name],
            default_capacity_provider_strategies=[
                {"capacity_provider": provider.name, "weight": 1}
            ],
            opts=pulumi.ResourceOptions(parent=self),
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
                    "container_name": CONTAINER,
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

    def _task(self, name: str, args: ContainerServiceArgs) -> Task:
        return Task(
            f"{name}-task",
            TaskArgs(
                settings=args.settings,
                names=args.names,
                place=args.place,
                timings=args.timings,
                image_uri=args.image_uri,
                store_url=args.store_url,
                task_role_arn=args.task_role_arn,
                execution_role_arn=args.execution_role_arn,
                log_group=args.log_group,
            ),
            pulumi.ResourceOptions(parent=self),
        )
