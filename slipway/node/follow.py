"""The life of a node: started once, then round after round."""

import time
from collections.abc import Callable
from typing import NoReturn

from slipway.node.agent import Agent
from slipway.node.events import Event

Show = Callable[[Event], None]


def follow(agent: Agent, show: Show, interval: float) -> NoReturn:
    """Serve what is released until interrupted; `interval` seconds lie between two rounds.

    Raises `ServerError` where the server does not come up at first. The caller stops the agent.
    """
    for event in agent.start():
        show(event)
    while True:
        for event in agent.round():
            show(event)
        time.sleep(interval)
