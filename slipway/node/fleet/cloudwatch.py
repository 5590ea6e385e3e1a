"""Metrics sent to Amazon CloudWatch."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from slipway import contract
from slipway.node.fleet import aws
from slipway.node.fleet.metrics import UNITS


@dataclass(frozen=True)
class CloudWatch:
    """One call with all values, so that they belong to the same minute and cost one request."""

    environment: str

    def publish(self, values: Mapping[str, float]) -> None:
        dimensions = [{"Name": contract.METRICS_DIMENSION, "Value": self.environment}]
        data = [
            {"MetricName": name, "Dimensions": dimensions, "Value": value, "Unit": UNITS[name]}
            for name, value in values.items()
        ]
        with aws.errors("take the node's metrics"):
            self._client.put_metric_data(Namespace=contract.METRICS_NAMESPACE, MetricData=data)

    @cached_property
    def _client(self) -> Any:
        return aws.client("cloudwatch")
