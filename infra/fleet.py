"""The servers: who may reach them, what they are like, and the group that keeps them alive."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra import group, metrics
from infra.logs import LogNames
from infra.names import Names
from infra.place import Place
from infra.ports import served
from infra.rollout import Rollout, RolloutArgs
from infra.settings import ServerSettings
from infra.template import Template, TemplateArgs
from infra.timings import GRACE, Timings
from infra.traffic import Traffic


@dataclass(frozen=True)
class FleetArgs:
    """`traffic` is None without a load balancer: servers are then reached from within `vpc_cidr`,
    and found under `discovery_service_id`. `rollback_alarms` are names of alarms. `after` is what
    must be there, with all it consists of, before the first server starts.
    """

    shape: str
    settings: ServerSettings
    names: Names
    place: Place
    timings: Timings
    vpc_id: pulumi.Input[str]
    vpc_cidr: str
    subnet_ids: Sequence[pulumi.Input[str]]
    key_arn: pulumi.Input[str]
    autoscaling_role_arn: pulumi.Input[str]
    profile_arn: pulumi.Input[str]
    image_uri: pulumi.Input[str]
    store_url: pulumi.Input[str]
    logs: LogNames
    traffic: Traffic | None
    discovery_service_id: pulumi.Input[str] | None
    rollback_alarms: Sequence[pulumi.Input[str]]
    after: Sequence[pulumi.Resource] = ()


class Fleet(pulumi.ComponentResource):
    """Servers of one environment, in any shape."""

    arn: pulumi.Output[str]
    group_name: pulumi.Output[str]
    security_group_id: pulumi.Output[str]

    def __init__(
        self, name: str, args: FleetArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("slipway:infra:Fleet", name, None, opts)
        self.security_group_id = self._security_group(name, args)
        template = Template(
            f"{name}-servers",
            TemplateArgs(
                shape=args.shape,
                settings=args.settings,
                names=args.names,
                place=args.place,
                timings=args.timings,
                security_group_id=self.security_group_id,
                key_arn=args.key_arn,
                profile_arn=args.profile_arn,
                image_uri=args.image_uri,
                store_url=args.store_url,
                logs=args.logs,
                discovery_service_id=args.discovery_service_id,
            ),
            pulumi.ResourceOptions(parent=self),
        )
        instances = group.instances(args.settings, template.id, template.version)
        servers = self._group(name, args, instances)
        self._hooks(name, args, servers)
        Rollout(
            f"{name}-rollout",
            RolloutArgs(
                shape=args.shape,
                settings=args.settings,
                place=args.place,
                group_name=servers.name,
                instances=instances,
                rollback_alarms=args.rollback_alarms,
            ),
            pulumi.ResourceOptions(parent=self),
        )
        self.arn, self.group_name = servers.arn, servers.name
        self.register_outputs(
            {
                "arn": self.arn,
                "groupName": self.group_name,
                "securityGroupId": self.security_group_id,
            }
        )

    def _security_group(self, name: str, args: FleetArgs) -> pulumi.Output[str]:
        child = pulumi.ResourceOptions(parent=self)
        security_group = aws.ec2.SecurityGroup(
            f"{name}-servers",
            description=f"Servers of {args.names.prefix}",
            vpc_id=args.vpc_id,
            tags={"Name": f"{args.names.prefix}-servers"},
            opts=child,
        )
        balancer = args.traffic.security_group_id if args.traffic else None
        for ports in served(args.settings.network_mode):
            aws.vpc.SecurityGroupIngressRule(
                f"{name}-in-{ports.first}",
                security_group_id=security_group.id,
                description=ports.purpose,
                ip_protocol="tcp",
                from_port=ports.first,
                to_port=ports.last,
                referenced_security_group_id=balancer,
                cidr_ipv4=None if args.traffic else args.vpc_cidr,
                opts=child,
            )
        # DNS, time, metadata and ECS's credentials of the VPC itself pass any security group.
        aws.vpc.SecurityGroupEgressRule(
            f"{name}-out-443",
            security_group_id=security_group.id,
            description="AWS APIs, the registry and packages",
            ip_protocol="tcp",
            from_port=443,
            to_port=443,
            cidr_ipv4="0.0.0.0/0",
            opts=child,
        )
        return security_group.id

    def _hooks(self, name: str, args: FleetArgs, servers: aws.autoscaling.Group) -> None:
        """The group's initial hooks again: of those, changes are never sent to AWS."""
        for hook in group.hooks(args.shape, args.timings):
            aws.autoscaling.LifecycleHook(
                f"{name}-{hook['name']}",
                autoscaling_group_name=servers.name,
                **hook,
                opts=pulumi.ResourceOptions(parent=self),
            )

    def _group(
        self,
        name: str,
        args: FleetArgs,
        instances: aws.autoscaling.GroupMixedInstancesPolicyArgsDict,
    ) -> aws.autoscaling.Group:
        settings, shape = args.settings, args.shape
        ecs = shape == "container"
        sizes = group.sizes(shape, settings)
        # ECS registers its tasks itself: with these ports, and only while they run.
        balanced = None if ecs else args.traffic
        return aws.autoscaling.Group(
            f"{name}-group",
            name=args.names.group,
            # The account's default role may not use the key of the volumes.
            service_linked_role_arn=args.autoscaling_role_arn,
            min_size=sizes.least,
            max_size=sizes.most,
            vpc_zone_identifiers=args.subnet_ids,
            mixed_instances_policy=instances,
            capacity_rebalance=settings.spot,
            capacity_reservation_specification=group.reservation(settings),
            # The first server starts before anything can be added to its group.
            initial_lifecycle_hooks=group.hooks(shape, args.timings) or None,
            warm_pool=group.warm_pool(settings),
            # Of replacements that AWS decides on: an unhealthy server, another balance of zones.
            instance_maintenance_policy={
                "min_healthy_percentage": settings.refresh_min_healthy,
                "max_healthy_percentage": settings.refresh_max_healthy,
            },
            target_group_arns=[t.arn for t in balanced.target_groups] if balanced else None,
            # EC2's own checks are always made.
            health_check_type="EBS,ELB" if balanced else "EBS",
            health_check_grace_period=GRACE,
            default_instance_warmup=GRACE,
            # A shortage of GPUs lasts longer than an update may: alarms tell of it instead.
            wait_for_capacity_timeout="0",
            # Old templates go first; then what keeps the wanted mix of types and of spot.
            termination_policies=["OldestLaunchTemplate", "AllocationStrategy", "OldestInstance"],
            protect_from_scale_in=ecs,
            # ECS protects servers with tasks, and a protected server would hold up a destroy.
            force_delete=ecs,
            # No max_instance_lifetime: the day AWS chose for it could be one without free GPUs.
            enabled_metrics=[aws.autoscaling.Metric(metric.name) for metric in metrics.GROUP],
            metrics_granularity="1Minute",
            tags=group.tags(args.names.tags, args.names.group, shape, settings.model_gib),
            opts=pulumi.ResourceOptions(
                parent=self,
                depends_on=[*args.after, *(args.traffic.ready if args.traffic else ())],
                # Scaling and schedules move the first, a rollout the second. The provider would
                # replace the group for another initial hook; `_hooks` changes them in place.
                ignore_changes=["desiredCapacity", "mixedInstancesPolicy", "initialLifecycleHooks"],
                # Until the last server has drained, and the instances have gone.
                custom_timeouts=pulumi.CustomTimeouts(delete="30m"),
            ),
        )
