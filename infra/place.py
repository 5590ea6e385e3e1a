"""Where the environment is built, as AWS says it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Place:
    """`partition` is `aws`, `aws-cn` or `aws-us-gov`; `zones` are the names of those in use."""

    region: str
    account: str
    partition: str
    zones: tuple[str, ...]

    def arn(self, service: str, resource: str, *, region: bool = True, account: bool = True) -> str:
        """`arn("logs", "log-group:/slipway/dev/*")`; leave out what the service leaves out."""
        where = self.region if region else ""
        whose = self.account if account else ""
        return f"arn:{self.partition}:{service}:{where}:{whose}:{resource}"
