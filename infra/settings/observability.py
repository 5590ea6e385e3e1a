"""What is kept, and when somebody is told."""

import re
from dataclasses import dataclass

from infra.settings.checks import Checks

_ADDRESS = re.compile(r"[\w.+-]+@[\w-]+(\.[\w-]+)+")
_HOUR_IN_MILLISECONDS = 3_600_000


@dataclass(frozen=True)
class ObservabilitySettings:
    """Thresholds of alarms: p99 of the load balancer and queue time (ms), errors (percent of
    requests), GPU memory (percent). `budget_usd` a month, 0 for none. `alarm_emails` receive them.
    """

    log_days: int
    alarm_emails: tuple[str, ...]
    p99_milliseconds: int
    queue_milliseconds: int
    error_percent: int
    gpu_memory_percent: int
    budget_usd: int

    def __post_init__(self) -> None:
        check = Checks(self)
        check.log_days("log_days")
        wrong = [address for address in self.alarm_emails if not _ADDRESS.fullmatch(address)]
        check.refuse_if(
            wrong,
            "alarm_emails",
            f"{', '.join(wrong)} is no e-mail address",
            "Write addresses like oncall@example.com",
        )
        check.no_duplicates("alarm_emails")
        check.within("p99_milliseconds", 1, _HOUR_IN_MILLISECONDS)
        check.within("queue_milliseconds", 1, _HOUR_IN_MILLISECONDS)
        check.within("error_percent", 1, 99, "or the alarm would always or never be on")
        check.within("gpu_memory_percent", 1, 99, "or the alarm would always or never be on")
        check.within("budget_usd", 0, 10_000_000, "and 0 is for none")
        check.done()
