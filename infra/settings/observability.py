"""What is kept, and when somebody is told."""

from dataclasses import dataclass


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
