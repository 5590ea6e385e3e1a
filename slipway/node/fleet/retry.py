"""Asking AWS for one thing until it is done: not too often, and complained of once."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from slipway.errors import FleetError
from slipway.node.backoff import Backoff
from slipway.node.events import Setback

Clock = Callable[[], float]


class Retry:
    """`doing` is what is asked for, as the beginning of a sentence.

    with retry.try_again():  a `FleetError` ends the block and is kept
        ...
    yield from retry.complaint()
    """

    def __init__(self, doing: str, clock: Clock, backoff: Backoff | None = None) -> None:
        self._doing = doing
        self._clock = clock
        self._backoff = backoff or Backoff(first=5.0)
        self._failures = 0
        self._again = 0.0
        self._reason = ""
        self._said = ""

    @property
    def due(self) -> bool:
        return not self._failures or self._clock() >= self._again

    @contextmanager
    def try_again(self) -> Iterator[None]:
        try:
            yield
        except FleetError as error:
            self._failures += 1
            self._again = self._clock() + self._backoff.after(self._failures)
            self._reason = str(error)
        else:
            self._failures, self._reason, self._said = 0, "", ""

    def complaint(self) -> Iterator[Setback]:
        """What went wrong the last time, unless that was said before."""
        if self._reason and self._reason != self._said:
            self._said = self._reason
            yield Setback(self._doing, self._reason)
