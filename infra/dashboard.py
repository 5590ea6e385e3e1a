"""The environment at one glance."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra import panels
from infra.logs import LogNames
from infra.names import Names
from infra.place import Place
from infra.settings import ObservabilitySettings
from infra.traffic import Traffic
from infra.widgets import Row, laid_out

_CONSOLES = {
    "aws": "console.aws.amazon.com",
    "aws-cn": "console.amazonaws.cn",
    "aws-us-gov": "console.amazonaws-us-gov.com",
}


@dataclass(frozen=True)
class DashboardArgs:
    """`traffic` is None where there is no load balancer."""

    settings: ObservabilitySettings
    names: Names
    place: Place
    gpu: bool
    group_name: pulumi.Input[str]
    alarm_names: tuple[str, ...]
    logs: LogNames
    traffic: Traffic | None


class Dashboard(pulumi.ComponentResource):
    """One CloudWatch dashboard; `url` opens it in AWS's console."""

    url: pulumi.Output[str]

    def __init__(
        self, name: str, args: DashboardArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("slipway:infra:Dashboard", name, None, opts)
        region = args.place.region
        console = f"{region}.{_CONSOLES[args.place.partition]}"
        dashboard = aws.cloudwatch.Dashboard(
            f"{name}-board",
            dashboard_name=args.names.prefix,
            dashboard_body=pulumi.Output.json_dumps(
                {"widgets": laid_out(_rows(args, console), region)}
            ),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.url = pulumi.Output.concat(
            f"https://{console}/cloudwatch/home?region={region}#dashboards/dashboard/",
            dashboard.dashboard_name,
        )
        self.register_outputs({"url": self.url})


def _rows(args: DashboardArgs, console: str) -> list[Row]:
    environment, group = args.names.environment, args.group_name
    alarms = [args.place.arn("cloudwatch", f"alarm:{name}") for name in args.alarm_names]
    rows = [panels.overview(environment, alarms)]
    if args.traffic and args.traffic.kind == "application":
        rows.append(panels.requests(args.traffic, args.settings))
    elif args.traffic:
        rows.append(panels.connections(args.traffic))
    rows += [panels.inferences(environment), panels.queue(environment, args.settings)]
    if args.gpu:
        rows.append(panels.gpus(group, args.settings))
    return [
        *rows,
        panels.servers(group),
        panels.fleet(group, args.traffic),
        panels.models(environment),
        panels.cost(args.names.prefix, group, args.settings, console),
        panels.logs(args.logs),
    ]
