"""When there are more servers, and when none."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ScalingSettings:
    """`scale_on`: `pending` (requests queued per server), `queue` (milliseconds a request is
    queued), `requests` (per target and minute, as the load balancer counts), or `none`.
    `scale_target` is in the unit of it. `sleep` and `wake` are cron expressions (five fields, in
    `time_zone`, an IANA name), both empty or both given: asleep there is no server.
    """

    scale_on: str
    scale_target: int
    sleep: str
    wake: str
    time_zone: str
