"""Where servers write what happens on them."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.names import Names


@dataclass(frozen=True)
class LogsArgs:
    """`days` until an event expires; CloudWatch Logs accepts only certain numbers."""

    names: Names
    days: int
    key_arn: pulumi.Input[str]


@dataclass(frozen=True)
class LogNames:
    """Names of the groups: what Triton and the node say, and what the server's system says."""

    server: str
    system: str


class Logs(pulumi.ComponentResource):
    """Two encrypted log groups, whose names are known before they are there: boot needs them."""

    names: LogNames
    server_arn: pulumi.Output[str]
    system_arn: pulumi.Output[str]

    def __init__(
        self, name: str, args: LogsArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("slipway:infra:Logs", name, None, opts)
        self.names = LogNames(
            server=f"{args.names.path}/servers", system=f"{args.names.path}/system"
        )
        self.server_arn = self._group(f"{name}-servers", self.names.server, args)
        self.system_arn = self._group(f"{name}-system", self.names.system, args)
        self.register_outputs({"serverArn": self.server_arn, "systemArn": self.system_arn})

    def _group(self, name: str, group: str, args: LogsArgs) -> pulumi.Output[str]:
        return aws.cloudwatch.LogGroup(
            name,
            name=group,
            retention_in_days=args.days,
            kms_key_id=args.key_arn,
            opts=pulumi.ResourceOptions(parent=self),
        ).arn
