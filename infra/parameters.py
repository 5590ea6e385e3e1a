"""What other programs need to know of an environment, where they can look it up."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.names import Names


@dataclass(frozen=True)
class ParametersArgs:
    """`values` by the last part of the parameter's name."""

    names: Names
    values: Mapping[str, pulumi.Input[str]]


class Parameters(pulumi.ComponentResource):
    """`/slipway/<environment>/<name>`. Addresses and names, no secrets: plain text on purpose."""

    def __init__(
        self, name: str, args: ParametersArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("slipway:infra:Parameters", name, None, opts)
        for label, value in args.values.items():
            aws.ssm.Parameter(
                f"{name}-{label}",
                name=f"{args.names.path}/{label}",
                type="String",
                # `value` would be hidden in every preview, and with it what changes.
                insecure_value=value,
                opts=pulumi.ResourceOptions(parent=self),
            )
        self.register_outputs({})
