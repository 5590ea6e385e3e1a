"""The alarms of an environment, declared."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.alarm import Alarm
from infra.alarm_catalogue import Watched, alarms_of
from infra.firewall import RATE
from infra.metrics import Metric
from infra.names import Names
from infra.place import Place
from infra.settings import ObservabilitySettings, ServerSettings
from infra.traffic import Traffic

Dimensions = Mapping[str, pulumi.Input[str]]


@dataclass(frozen=True)
class AlarmsArgs:
    """`asleep_at_times`: there are hours without a server. `traffic` is None where no load balancer
    is; `firewall`: one stands before it.
    """

    shape: str
    settings: ObservabilitySettings
    servers: ServerSettings
    names: Names
    place: Place
    asleep_at_times: bool
    firewall: bool
    topic_arn: pulumi.Input[str]
    traffic: Traffic | None


class Alarms(pulumi.ComponentResource):
    """All alarms, each telling the topic when it starts and when it ends.

    They watch the auto scaling group by its name, so they can be there before it: a refresh of the
    group is refused when an alarm it names does not exist. `rollback_names` are those to name.
    """

    names: tuple[str, ...]
    rollback_names: tuple[pulumi.Output[str], ...]

    def __init__(
        self, name: str, args: AlarmsArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("slipway:infra:Alarms", name, None, opts)
        alarms = alarms_of(
            Watched(
                load_balancer=args.traffic.kind if args.traffic else "none",
                firewall=args.firewall,
                tasks=args.shape == "container",
                gpu=args.servers.gpu,
                min_servers=args.servers.min_servers,
                max_servers=args.servers.max_servers,
                asleep_at_times=args.asleep_at_times,
            )
        )
        names: list[str] = []
        rollback_names: list[pulumi.Output[str]] = []
        for alarm in alarms:
            for label, dimensions in _watches(alarm, args):
                declared = aws.cloudwatch.MetricAlarm(
                    alarm.name(name, label),
                    name=alarm.name(args.names.prefix, label),
                    alarm_description=alarm.description,
                    metric_queries=_queries(alarm, dimensions),
                    comparison_operator="GreaterThanThreshold",
                    threshold=alarm.threshold(args.settings),
                    evaluation_periods=alarm.periods,
                    datapoints_to_alarm=alarm.datapoints,
                    treat_missing_data=alarm.missing,
                    alarm_actions=[args.topic_arn],
                    ok_actions=[args.topic_arn],
                    opts=pulumi.ResourceOptions(parent=self),
                )
                names.append(alarm.name(args.names.prefix, label))
                if alarm.rolls_back:
                    rollback_names.append(declared.name)
        self.names = tuple(names)
        self.rollback_names = tuple(rollback_names)
        self.register_outputs({"names": names, "rollbackNames": rollback_names})


def _watches(alarm: Alarm, args: AlarmsArgs) -> tuple[tuple[str, Dimensions], ...]:
    """What the alarm is about: each target group by its label, or the whole environment."""
    whole: Dimensions = {
        "Environment": args.names.environment,
        "AutoScalingGroupName": args.names.group,
        "ClusterName": args.names.group,
        "ServiceName": args.names.group,
        "WebACL": args.names.prefix,
        "Rule": RATE,
        "Region": args.place.region,
    }
    if args.traffic is None:
        return (("", whole),)
    whole = {**whole, "LoadBalancer": args.traffic.suffix}
    if not alarm.per_target_group:
        return (("", whole),)
    return tuple(
        (group.label, {**whole, "TargetGroup": group.suffix})
        for group in args.traffic.target_groups
    )


def _queries(
    alarm: Alarm, dimensions: Dimensions
) -> list[aws.cloudwatch.MetricAlarmMetricQueryArgsDict]:
    readings = {
        id_: published.of(*(dimensions[name] for name in published.dimensions))
        for id_, published in alarm.readings.items()
    }
    compared = not alarm.expression
    queries = [_reading(id_, metric, alarm, compared) for id_, metric in readings.items()]
    if alarm.expression:
        queries.append(
            {
                "id": "value",
                "expression": alarm.expression,
                "label": alarm.unit,
                "return_data": True,
            }
        )
    return queries


def _reading(
    id_: str, metric: Metric, alarm: Alarm, compared: bool
) -> aws.cloudwatch.MetricAlarmMetricQueryArgsDict:
    return {
        "id": id_,
        "metric": {
            "namespace": metric.namespace,
            "metric_name": metric.name,
            "dimensions": metric.dimensions,
            "period": alarm.period,
            "stat": metric.stat,
        },
        "return_data": compared,
    }
