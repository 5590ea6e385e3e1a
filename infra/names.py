"""How things are called, and the tags that all of them carry."""

from collections.abc import Mapping
from dataclasses import dataclass

PROJECT = "slipway"


@dataclass(frozen=True)
class Names:
    """Names of one environment.

    What AWS may name anew (most things) gets Pulumi's own name: the logical name, which begins with
    the environment, and a random end. Names that others must know beforehand are made here.
    """

    environment: str
    owner: str
    cost_center: str

    @property
    def prefix(self) -> str:
        """`slipway-prod`, for what is unique in an account and region."""
        return f"{PROJECT}-{self.environment}"

    @property
    def path(self) -> str:
        """`/slipway/prod`, for log groups and parameters."""
        return f"/{PROJECT}/{self.environment}"

    @property
    def group(self) -> str:
        """The auto scaling group, which the servers' role and boot must know before it is there."""
        return self.prefix

    @property
    def tags(self) -> Mapping[str, str]:
        tags = {
            "Project": PROJECT,
            "Environment": self.environment,
            "ManagedBy": "pulumi",
            # The budget counts by it: other teams have tags of the other names and values too.
            "Stack": self.prefix,
            "Owner": self.owner,
            "CostCenter": self.cost_center,
        }
        return {name: value for name, value in tags.items() if value}
