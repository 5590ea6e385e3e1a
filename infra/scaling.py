"""When there are more servers, fewer, or none."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra import metrics
from infra.cron import aws_crons
from infra.group import sizes
from infra.names import Names
from infra.settings import ScalingSettings, ServerSettings
from infra.timings import GRACE
from infra.traffic import Traffic

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
                target_tracking_configuration=_group_tracking(args),
                opts=self._behind(args.traffic),
            )
        awake = sizes(args.shape, args.servers)
        for when, recurrence, least, most in (
            ("sleep", args.settings.sleep, 0, 0),
            ("wake", args.settings.wake, awake.least, awake.most),
        ):
            if recurrence:
                aws.autoscaling.Schedule(
                    f"{name}-{when}",
                    scheduled_action_name=when,
                    autoscaling_group_name=args.group_name,
                    recurrence=recurrence,
                    time_zone=args.settings.time_zone,
                    min_size=least,
                    max_size=most,
                    desired_capacity=least,
                    opts=pulumi.ResourceOptions(parent=self),
                )

    def _scale_service(self, name: str, args: ScalingArgs, service: pulumi.Input[str]) -> None:
        target = aws.appautoscaling.Target(
            f"{name}-tasks",
            resource_id=service,
            scalable_dimension=_DIMENSION,
            service_namespace=_NAMESPACE,
            min_capacity=args.servers.min_servers,
            max_capacity=args.servers.max_servers,
            opts=pulumi.ResourceOptions(parent=self),
        )
        if args.settings.scale_on != "none":
            aws.appautoscaling.Policy(
                f"{name}-{args.settings.scale_on}",
                resource_id=target.resource_id,
                scalable_dimension=target.scalable_dimension,
                service_namespace=target.service_namespace,
                policy_type="TargetTrackingScaling",
                target_tracking_scaling_policy_configuration=_service_tracking(args),
                opts=self._behind(args.traffic),
            )
        for when, recurrence, least, most in (
            ("sleep", args.settings.sleep, 0, 0),
            ("wake", args.settings.wake, args.servers.min_servers, args.servers.max_servers),
        ):
            for number, schedule in enumerate(aws_crons(recurrence) if recurrence else ()):
                aws.appautoscaling.ScheduledAction(
                    f"{name}-{when}-{number}",
                    name=f"{args.names.prefix}-{when}-{number}",
                    resource_id=target.resource_id,
                    scalable_dimension=target.scalable_dimension,
                    service_namespace=target.service_namespace,
                    schedule=schedule,
                    timezone=args.settings.time_zone,
                    scalable_target_action={"min_capacity": least, "max_capacity": most},
                    opts=pulumi.ResourceOptions(parent=self),
                )

    def _behind(self, traffic: Traffic | None) -> pulumi.ResourceOptions:
        # AWS refuses to count requests of a target group that no listener leads to.
        return pulumi.ResourceOptions(parent=self, depends_on=traffic.ready if traffic else ())


def _group_tracking(args: ScalingArgs) -> aws.autoscaling.PolicyTargetTrackingConfigurationArgsDict:
    target = float(args.settings.scale_target)
    if args.settings.scale_on == "requests":
        return {
            "target_value": target,
            "predefined_metric_specification": {
                "predefined_metric_type": _REQUESTS,
                "resource_label": _label(args.traffic),
            },
        }
    metric = _metric(args)
    return {
        "target_value": target,
        "customized_metric_specification": {
            "namespace": metric.namespace,
            "metric_name": metric.name,
            "metric_dimensions": [
                {"name": key, "value": value} for key, value in metric.dimensions.items()
            ],
            "statistic": metric.stat,
        },
    }


def _service_tracking(
    args: ScalingArgs,
) -> aws.appautoscaling.PolicyTargetTrackingScalingPolicyConfigurationArgsDict:
    cooled: aws.appautoscaling.PolicyTargetTrackingScalingPolicyConfigurationArgsDict = {
        "target_value": float(args.settings.scale_target),
        "scale_out_cooldown": _SCALE_OUT_COOLDOWN,
        "scale_in_cooldown": _SCALE_IN_COOLDOWN,
    }
    if args.settings.scale_on == "requests":
        cooled["predefined_metric_specification"] = {
            "predefined_metric_type": _REQUESTS,
            "resource_label": _label(args.traffic),
        }
        return cooled
    metric = _metric(args)
    cooled["customized_metric_specification"] = {
        "namespace": metric.namespace,
        "metric_name": metric.name,
        "dimensions": [{"name": key, "value": value} for key, value in metric.dimensions.items()],
        "statistic": metric.stat,
    }
    return cooled


def _metric(args: ScalingArgs) -> metrics.Metric:
    """One value per server, so that it falls when there are more of them."""
    published = metrics.PENDING if args.settings.scale_on == "pending" else metrics.QUEUE_TIME
    return published.of(args.names.environment)


def _label(traffic: Traffic | None) -> pulumi.Output[str]:
    """`app/<load balancer>/<id>/targetgroup/<target group>/<id>`, of HTTP where there are two."""
    if traffic is None or traffic.kind != "application":
        raise ValueError("requests can only be counted behind an application load balancer")
    group = min(traffic.target_groups, key=lambda group: group.label != "http")
    return pulumi.Output.concat(traffic.suffix, "/", group.suffix)
