"""How a node stands, for those who watch over it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Standing:
    """`ready`: clients may come (the rule is the agent's). Counts: models served, models whose
    release was refused, restarts of the server since the node began.
    """

    ready: bool = False
    served: int = 0
    failed: int = 0
    restarts: int = 0
