"""A node as a member of a fleet: what it does for others beside serving."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from slipway.node.events import Event, Joined, Left
from slipway.node.fleet.discovery import Address, Directory
from slipway.node.fleet.lifecycle import Lifecycle
from slipway.node.fleet.metrics import Publisher, Window
from slipway.node.fleet.persistence import Clock, Persistence
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
    """Not thread-safe: `tick` is called now and then, after the last tick `leave` and `left`."""

    def __init__(self, parts: Parts, clock: Clock, publish_every: float = 60.0) -> None:
        self._parts = parts
        self._clock = clock
        self._every = publish_every
        self._window = Window()
        self._publish_at = clock() + publish_every
        self._joined = False
        self._joining = Persistence("Entering Cloud Map", clock)
        self._parting = Persistence("Leaving Cloud Map", clock)
        self._publishing = Persistence("Publishing metrics", clock)
        self.ready = False
        """Whether clients should be sent here; other threads may ask."""

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
        self.ready = standing.ready and not leaving
        yield from self._be_found(standing.ready and (lifecycle is None or lifecycle.in_service))
        yield from self._measure(standing)

    def leave(self) -> Iterator[Event]:
        """No client shall come any more: before the server is stopped."""
        self.ready = False
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
                directory.register(self._parts.address)
                self._joined = True
                yield Joined(self._parts.address.host)
            yield from self._joining.complaint()
        elif self._joined and lifecycle and not lifecycle.in_service and self._parting.due:
            yield from self._part()

    def _part(self) -> Iterator[Event]:
        if self._parts.directory is None or not self._joined:
            return
        with self._parting.try_again():
            self._parts.directory.deregister(self._parts.address)
            self._joined = False
            yield Left()
        yield from self._parting.complaint()

    def _measure(self, standing: Standing) -> Iterator[Event]:
        """A publication that fails is lost, as its minute is over; the next one comes."""
        if self._parts.publisher is None:
            return
        if (text := self._parts.scrape()) is not None:
            self._window.sample(text)
        if self._clock() < self._publish_at:
            return
        self._publish_at = self._clock() + self._every
        values = self._window.close(standing)
        with self._publishing.try_again():
            self._parts.publisher.publish(values)
        yield from self._publishing.complaint()
