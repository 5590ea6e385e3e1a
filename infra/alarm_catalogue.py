"""Every alarm that an environment can have, and which of them one has.

What to do is in docs/operations.md, under a heading with the alarm's key. An absent metric never
counts as bad in itself: at night there may be no servers. Where silence is the trouble (`silent`,
`no-server`) the expression fills the gap and asks the auto scaling group whether there should be
servers.
"""

from dataclasses import dataclass

from infra.alarm import Alarm
from infra.request_alarms import (
    ERRORS,
    INFERENCE_ERRORS,
    LATENCY,
    NO_ANSWER,
    NO_SERVER,
    NO_SERVER_FLOW,
    QUEUE_TIME,
    RATE_LIMITED,
    RESETS,
    UNHEALTHY,
    UNHEALTHY_FLOW,
)
from infra.server_alarms import (
    AT_MAXIMUM,
    CAPACITY,
    DISK,
    FAILED_RELEASE,
    GPU_MEMORY,
    MEMORY,
    NOT_STARTING,
    RESTARTS,
    SILENT,
    TASKS_NOT_STARTING,
    tasks_at_maximum,
)

_ALWAYS = (
    INFERENCE_ERRORS, QUEUE_TIME, CAPACITY, FAILED_RELEASE, RESTARTS, SILENT, DISK, MEMORY,
)  # fmt: skip
_BEHIND = {
    "application": (ERRORS, LATENCY, NO_SERVER, UNHEALTHY),
    "network": (RESETS, NO_SERVER_FLOW, UNHEALTHY_FLOW),
    "none": (NO_ANSWER,),
}
KEYS = tuple(
    dict.fromkeys(
        alarm.key
        for alarm in (
            *_BEHIND["application"],
            *_BEHIND["network"],
            *_ALWAYS,
            RATE_LIMITED,
            NOT_STARTING,
            AT_MAXIMUM,
            GPU_MEMORY,
        )
    )
)
"""Of all alarms that there can be: the headings of the runbook."""


@dataclass(frozen=True)
class Watched:
    """What decides which alarms an environment has. `load_balancer` is `application`, `network` or
    `none`; `firewall`: one stands before it; `tasks`: servers are there for the tasks of ECS;
    `asleep_at_times`: there are hours without a server.
    """

    load_balancer: str
    firewall: bool
    tasks: bool
    gpu: bool
    min_servers: int
    max_servers: int
    asleep_at_times: bool


def alarms_of(watched: Watched) -> tuple[Alarm, ...]:
    """The alarms of an environment."""
    alarms = (
        *_BEHIND[watched.load_balancer],
        *((RATE_LIMITED,) if watched.firewall else ()),
        *_ALWAYS,
        *_sizes(watched),
        *((GPU_MEMORY,) if watched.gpu else ()),
    )
    return tuple(a.patient() if a.wakes and watched.asleep_at_times else a for a in alarms)


def _sizes(watched: Watched) -> tuple[Alarm, ...]:
    """Whether there are as many as wanted, and whether there could be more."""
    grows = watched.max_servers > watched.min_servers
    if watched.tasks:
        at_maximum = tasks_at_maximum(watched.max_servers)
        return (TASKS_NOT_STARTING, at_maximum) if grows else (TASKS_NOT_STARTING,)
    return (NOT_STARTING, AT_MAXIMUM) if grows else (NOT_STARTING,)
