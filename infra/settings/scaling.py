"""When there are more servers, and when none."""

import functools
import zoneinfo
from dataclasses import dataclass

from infra.settings.checks import Checks, spelled
from infra.settings.cron import why_no_cron


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

    def __post_init__(self) -> None:
        check = Checks(self)
        check.one_of("scale_on", "pending", "queue", "requests", "none")
        check.within("scale_target", 1, 1_000_000)
        pair = spelled(("sleep", "wake"))
        check.refuse_if(
            self.sleep and not self.wake, "wake", "servers would never wake up", f"Set {pair}"
        )
        check.refuse_if(
            self.wake and not self.sleep, "sleep", "servers would never sleep", f"Set {pair}"
        )
        check.refuse_if(
            self.sleep and self.sleep == self.wake,
            "wake",
            "servers would stop and start at the same time",
            "Set it to another time than slipway:sleep",
        )
        for field, expression in (("sleep", self.sleep), ("wake", self.wake)):
            check.refuse_if(
                expression and why_no_cron(expression),
                field,
                why_no_cron(expression),
                "Write minute, hour, day, month and weekday, like 0 20 * * 1-5",
            )
        known = _time_zones()
        check.refuse_if(
            known and self.time_zone not in known,
            "time_zone",
            "it is no name of a time zone (IANA)",
            "Write one like Europe/Berlin or Etc/UTC",
        )
        check.done()


@functools.cache
def _time_zones() -> frozenset[str]:
    """Empty on a system without a time zone database: there AWS is the first to know."""
    return frozenset(zoneinfo.available_timezones())
