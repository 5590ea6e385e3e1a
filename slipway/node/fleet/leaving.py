"""A node leaves its fleet in order: whatever becomes of one step, the next one is taken."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack

from slipway.node.agent import Agent
from slipway.node.events import Event, Setback
from slipway.node.fleet.member import Member
from slipway.node.follow import Show

DEREGISTRATION = 10.0
REPORT = 8.0
"""Seconds that a step may take, whoever does not answer, a name server included. With the server's
own exit and the end of the companion's last call they fit into the time that a container gets.
"""

Step = Callable[[], Iterator[Event]]


def leave(agent: Agent, member: Member, show: Show) -> None:
    """Send clients away, stop the server, report it, and let the instance go on to its end.

    What a step raised is raised when all of them are done.
    """
    with ExitStack() as steps:  # from the last to the first
        steps.callback(_show, lambda: member.left(time.sleep), show)
        steps.callback(_in_time, "Reporting the end", REPORT, agent.leave, show)
        steps.callback(agent.stop)
        steps.callback(_in_time, "Leaving Cloud Map", DEREGISTRATION, member.leave, show)


def _show(step: Step, show: Show) -> None:
    for event in step():
        show(event)


def _in_time(doing: str, seconds: float, step: Step, show: Show) -> None:
    """Take a step, and go on without its end where that does not come."""
    raised: list[BaseException] = []

    def take() -> None:
        try:
            _show(step, show)
        except BaseException as error:  # noqa: BLE001 - it is raised by whoever waits
            raised.append(error)

    thread = threading.Thread(target=take, name="leaving", daemon=True)
    thread.start()
    thread.join(seconds)
    if thread.is_alive():
        show(Setback(doing, f"it did not end within {seconds:g} s"))
    if raised:
        raise raised[0]
