"""A node as a member of a fleet: what it does for others beside serving."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from slipway.node.events import Event, Joined, Left
from slipway.node.fleet.discovery import Address, Directory
from slipway.node.fleet.lifecycle import Lifecycle
from slipway.node.fleet.metrics import Publisher, Window
from slipway.node.fleet.retry import Clock, Retry
from slipway.node.standing import Standing


@dataclass(frozen=True)
class Parts:
    """What a fleet asks of its members; None where it does not.

    `scrape` gives Triton's metrics as text, None where it does not answer.
    """

    address: Address
    lifecycle: Lifecycle | None
    directory: Directory | None
    publisher: Publisher | None
    scrape: Callable[[], str | None]


class Member:
    """One thread calls `tick` now and then. `leave` may come during a tick, whose call to AWS can
    take long, and is final: the rest of that tick does not let clients come again.
    """

    def __init__(self, parts: Parts, clock: Clock, publish_every: float = 60.0) -> None:
        self._parts = parts
        self._clock = clock
        self._every = publish_every
        self._window = Window()
        self._publish_at = clock() + publish_every
        self._entering = threading.Lock()
        self._joined = False
        self._entered = False
        """Whether there may be an entry: one that was asked for may come without an answer."""
        self._leaving = False
        self._joining = Retry("Entering Cloud Map", clock)
        self._parting = Retry("Leaving Cloud Map", clock)
        self._publishing = Retry("Publishing metrics", clock)
        self._ready = False

    @property
    def ready(self) -> bool:
        """Whether clients should be sent here; other threads may ask."""
        return self._ready and not self._leaving

    @property
    def over(self) -> bool:
        """Whether it is time to stop the server."""
        lifecycle = self._parts.lifecycle
        departure = lifecycle.departure if lifecycle else None
        return departure is not None and self._clock() >= departure.at

    def tick(self, standing: Standing, steps: int = 0) -> Iterator[Event]:
        """Look around and do what is due."""
        lifecycle = self._parts.lifecycle
        if lifecycle:
            yield from lifecycle.look(standing, steps)
        leaving = lifecycle is not None and lifecycle.departure is not None
        self._ready = standing.ready and not leaving
        serving = standing.ready and (lifecycle is None or lifecycle.in_service)
        yield from self._be_found(serving)
        yield from self._measure(standing, serving=serving)

    def leave(self) -> Iterator[Event]:
        """No client shall come any more: before the server is stopped."""
        self._leaving = True
        yield from self._part()

    def left(self, wait: Callable[[float], object]) -> Iterator[Event]:
        """The server is stopped and everything reported: this instance may end."""
        if self._parts.lifecycle:
            yield from self._parts.lifecycle.left(wait)

    def _be_found(self, wanted: bool) -> Iterator[Event]:
        """A member that joined stays while its server is mended: there may be no other."""
        directory, lifecycle = self._parts.directory, self._parts.lifecycle
        if directory is None:
            return
        if not self._joined and wanted and self._joining.due:
            with self._joining.try_again():
                if self._register(directory):
                    yield Joined(self._parts.address.host)
            yield from self._joining.complaint()
        elif self._entered and lifecycle and not lifecycle.in_service and self._parting.due:
            yield from self._part()

    def _part(self) -> Iterator[Event]:
        if self._parts.directory is None:
            return
        with self._parting.try_again():
            if self._deregister(self._parts.directory):
                yield Left()
        yield from self._parting.complaint()

    def _register(self, directory: Directory) -> bool:
        with self._entering:
            if self._leaving:
                return False
            self._entered = True
            directory.register(self._parts.address)
            self._joined = True
            return True

    def _deregister(self, directory: Directory) -> bool:
        with self._entering:
            if not self._entered:
                return False
            directory.deregister(self._parts.address)
            self._entered = self._joined = False
            return True

    def _measure(self, standing: Standing, *, serving: bool) -> Iterator[Event]:
        """A publication that fails is lost, as its minute is over; the next one comes."""
        if self._parts.publisher is None:
            return
        if (text := self._parts.scrape()) is not None:
            self._window.sample(text)
        if self._clock() < self._publish_at:
            return
        self._publish_at = self._clock() + self._every
        values = self._window.close(standing, serving=serving)
        with self._publishing.try_again():
            self._parts.publisher.publish(values)
        yield from self._publishing.complaint()
