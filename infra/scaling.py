"""When there are more servers, fewer, or none."""

from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from infra import metrics
from infra.cron import aws_crons
from infra.group import Sizes, sizes
from infra.names import Names
from infra.settings import ScalingSettings, ServerSettings
from infra.timings import GRACE
from infra.traffic import Traffic

_GroupTracking = aws.autoscaling.PolicyTargetTrackingConfigurationArgs
_ServiceTracking = aws.appautoscaling.PolicyTargetTrackingScalingPolicyConfigurationArgs
_REQUESTS = "ALBRequestCountPerTarget"
_DIMENSION, _NAMESPACE = "ecs:service:DesiredCount", "ecs"
_SCALE_OUT_COOLDOWN, _SCALE_IN_COOLDOWN = 60, 600


@dataclass(frozen=True)
class ScalingArgs:
    """`service_id` is the scalable id of the ECS service, None where servers run no tasks."""

    settings: ScalingSettings
    servers: ServerSettings
    shape: str
    names: Names
    group_name: pulumi.Input[str]
    service_id: pulumi.Input[str] | None
    traffic: Traffic | None


class Scaling(pulumi.ComponentResource):
    """Target tracking, which adds servers within minutes and takes them away after a quarter of an
    hour, and a schedule. Asleep there are no metrics to wake by: only the schedule does.

    With `service_id` it is tasks that are counted, and the capacity provider follows with servers.
    """

    def __init__(
        self, name: str, args: ScalingArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("slipway:infra:Scaling", name, None, opts)
        if args.service_id is not None:
            self._scale_service(name, args, args.service_id)
        else:
            self._scale_group(name, args)
        self.register_outputs({})

    def _scale_group(self, name: str, args: ScalingArgs) -> None:
        # One server is replaced, never joined by another.
        if args.settings.scale_on != "none" and args.shape != "single":
            aws.autoscaling.Policy(
                f"{name}-{args.settings.scale_on}",
                autoscaling_group_name=args.group_name,
                policy_type="TargetTrackingScaling",
                estimated_instance_warmup=GRACE,
                target_tracking_configuration=_GroupTracking(
                    target_value=float(args.settings.scale_target),
                    **_followed(args, "metric_dimensions"),
                ),
                opts=self._behind(args.traffic),
            )
        for turn in _turns(args.settings, sizes(args.shape, args.servers)):
            aws.autoscaling.Schedule(
                f"{name}-{turn.name}",
                scheduled_action_name=turn.name,
                autoscaling_group_name=args.group_name,
                recurrence=turn.cron,
                time_zone=args.settings.time_zone,
                min_size=turn.sizes.least,
                max_size=turn.sizes.most,
                desired_capacity=turn.sizes.least,
                opts=pulumi.ResourceOptions(parent=self),
            )

    def _scale_service(self, name: str, args: ScalingArgs, service: pulumi.Input[str]) -> None:
        tasks = Sizes(args.servers.min_servers, args.servers.max_servers)
        target = aws.appautoscaling.Target(
            f"{name}-tasks",
            resource_id=service,
            scalable_dimension=_DIMENSION,
            service_namespace=_NAMESPACE,
            min_capacity=tasks.least,
            max_capacity=tasks.most,
            opts=pulumi.ResourceOptions(parent=self),
        )
        if args.settings.scale_on != "none":
            aws.appautoscaling.Policy(
                f"{name}-{args.settings.scale_on}",
                resource_id=target.resource_id,
                scalable_dimension=target.scalable_dimension,
                service_namespace=target.service_namespace,
                policy_type="TargetTrackingScaling",
                target_tracking_scaling_policy_configuration=_ServiceTracking(
                    target_value=float(args.settings.scale_target),
                    scale_out_cooldown=_SCALE_OUT_COOLDOWN,
                    scale_in_cooldown=_SCALE_IN_COOLDOWN,
                    **_followed(args, "dimensions"),
                ),
                opts=self._behind(args.traffic),
            )
        for turn in _turns(args.settings, tasks):
            for number, schedule in enumerate(aws_crons(turn.cron)):
                aws.appautoscaling.ScheduledAction(
                    f"{name}-{turn.name}-{number}",
                    name=f"{args.names.prefix}-{turn.name}-{number}",
                    resource_id=target.resource_id,
                    scalable_dimension=target.scalable_dimension,
                    service_namespace=target.service_namespace,
                    schedule=schedule,
                    timezone=args.settings.time_zone,
                    scalable_target_action={
                        "min_capacity": turn.sizes.least,
                        "max_capacity": turn.sizes.most,
                    },
                    opts=pulumi.ResourceOptions(parent=self),
                )

    def _behind(self, traffic: Traffic | None) -> pulumi.ResourceOptions:
        # AWS refuses to count requests of a target group that no listener leads to.
        return pulumi.ResourceOptions(parent=self, depends_on=traffic.ready if traffic else ())


@dataclass(frozen=True)
class _Turn:
    """From the minutes on that `cron` names, there are as many as `sizes` says."""

    name: str
    cron: str
    sizes: Sizes


def _turns(settings: ScalingSettings, awake: Sizes) -> tuple[_Turn, ...]:
    """None without a schedule: `sleep` and `wake` are both set, or neither is."""
    if not settings.sleep:
        return ()
    return _Turn("sleep", settings.sleep, Sizes(0, 0)), _Turn("wake", settings.wake, awake)


def _followed(args: ScalingArgs, dimensions: str) -> dict[str, Any]:
    """What is to stay at its target. Groups and services are told in the same words, but for
    `dimensions`.
    """
    if args.settings.scale_on == "requests":
        label = _label(args.traffic)
        requests = {"predefined_metric_type": _REQUESTS, "resource_label": label}
        return {"predefined_metric_specification": requests}
    # Per server, so that it falls when there are more of them.
    published = metrics.PENDING if args.settings.scale_on == "pending" else metrics.QUEUE_TIME
    metric = published.of(args.names.environment)
    return {
        "customized_metric_specification": {
            "namespace": metric.namespace,
            "metric_name": metric.name,
            dimensions: [{"name": key, "value": value} for key, value in metric.dimensions.items()],
            "statistic": metric.stat,
        }
    }


def _label(traffic: Traffic | None) -> pulumi.Output[str]:
    """`app/<load balancer>/<id>/targetgroup/<target group>/<id>`, of HTTP where there are two."""
    if traffic is None or traffic.kind != "application":
        raise ValueError("requests can only be counted behind an application load balancer")
    group = min(traffic.target_groups, key=lambda group: group.label != "http")
    return pulumi.Output.concat(traffic.suffix, "/", group.suffix)
