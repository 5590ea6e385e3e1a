"""A node in its auto scaling group: ready when it serves, gone when it is told to go.

The group holds a new instance in a launch hook until the node says that it serves. It holds it
again each time when it wants it elsewhere: a server of the warm pool first on its way there, and
once more on its way into service. A leaving one is held in the terminate hook. One that serves no
more, and does not come back by itself, asks to be replaced: where no load balancer asks it how it
is, nobody else would notice.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from slipway.node.events import GivenUp, HookDone, Leaving, Setback
from slipway.node.fleet.hooks import Hooks
from slipway.node.fleet.metadata import Interruption, Metadata
from slipway.node.fleet.retry import Clock, Retry
from slipway.node.standing import Standing

IN_SERVICE = "InService"
LAUNCHED = {IN_SERVICE, "Warmed:Stopped", "Warmed:Running", "Warmed:Hibernated"}
"""Targets on whose way the launch hook holds an instance."""
GONE = {"Terminated", "Warmed:Terminated"}

HEARTBEAT = 60.0
"""Seconds; a hook may be as short as 30, but none that waits for models is under some minutes."""
TRIES, PAUSE = 10, 15.0
"""How often, and after how many seconds, a hook that holds nothing is told again: an instance can
be ready before its group has put it on hold."""
END_PAUSE = 5.0
"""The same for the terminate hook: a server that is stopped already has nothing else to do."""
RESERVE = 10.0
"""Seconds of a spot interruption's notice for what comes after the server has stopped."""
SAME = 1.0
"""Seconds by which two looks at the same notice may differ."""
PATIENCE, FIRST_PATIENCE = 900.0, 7200.0
"""Seconds that a node in service may serve nothing while its sync brings nothing either: one that
served before, and one that has just begun, which the launch hook may still hold; none lasts longer.
"""


@dataclass(frozen=True)
class Terms:
    """What the group and its node agreed on. Empty names: no such hook. Times in seconds.

    `drain`: how long a server that is to go answers on, for requests that still come;
    `exit_timeout`: how long it may take to stop.
    """

    launch_hook: str
    terminate_hook: str
    drain: float
    exit_timeout: float


@dataclass(frozen=True)
class Departure:
    """Why this node is to go, and when its server is stopped on the clock."""

    reason: str
    at: float


class Lifecycle:
    """Looks at what the group wants, and does it. Not thread-safe."""

    def __init__(
        self,
        metadata: Metadata,
        hooks: Hooks,
        terms: Terms,
        clock: Clock,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._metadata = metadata
        self._hooks = hooks
        self._terms = terms
        self._clock = clock
        self._now = now
        self._target: str | None = None
        self._interruption: Interruption | None = None
        self._served_clients = False
        self._done = False
        self._tries = 0
        self._try_at = 0.0
        self._beat_at = 0.0
        self._beaten = 0
        self._alive = 0
        self._alive_at = clock()
        self._look = Retry("Reading instance metadata", clock)
        self._launch = Retry("Completing the launch hook", clock)
        self._heart = Retry("Extending the launch hook", clock)
        self._replacing = Retry("Asking to be replaced", clock)
        self.departure: Departure | None = None

    @property
    def in_service(self) -> bool:
        """Whether clients may be sent here as far as the group is concerned."""
        return self._target == IN_SERVICE and self.departure is None

    def look(
        self, standing: Standing, steps: int
    ) -> Iterator[HookDone | Leaving | GivenUp | Setback]:
        """One look. `steps` grows while a sync gets on, which extends the launch hook."""
        if self._look.due:
            with self._look.try_again():
                self._aim_at(self._metadata.target_state() or IN_SERVICE)
                self._interruption = self._metadata.interruption()
            yield from self._look.complaint()
        self._served_clients |= self.in_service and standing.ready
        yield from self._depart()
        yield from self._give_up(standing, steps)
        if self.departure or self._done or self._target not in LAUNCHED:
            return
        if self._terms.launch_hook:
            yield from self._complete() if standing.ready else self._beat(steps)

    def left(self, wait: Callable[[float], object]) -> Iterator[HookDone | Setback]:
        """Complete the terminate hook, once everything is stopped; `wait` pauses for seconds.

        It may hold nothing yet, where the load balancer still drains; then it is told again.
        """
        if self.departure is None or not self._terms.terminate_hook:
            return
        ending = Retry("Completing the terminate hook", self._clock)
        for attempt in range(1, TRIES + 1):
            with ending.try_again():
                held = self._hooks.complete(self._terms.terminate_hook)
                if held or attempt == TRIES or self._target not in GONE:
                    yield HookDone(self._terms.terminate_hook, held)
                    return
            yield from ending.complaint()
            if attempt < TRIES:
                wait(END_PAUSE)

    def _aim_at(self, target: str) -> None:
        """On the way to another state the launch hook holds the instance once more."""
        if target != self._target:
            self._target, self._done, self._tries, self._try_at = target, False, 0, 0.0

    def _depart(self) -> Iterator[Leaving]:
        """Notice that it is time to go; the earlier of two reasons counts."""
        clock, terms = self._clock(), self._terms
        reasons = []
        if self._target in GONE:
            wait = terms.drain if self._served_clients else 0.0
            reasons.append(Departure("the group terminates this instance", clock + wait))
        if notice := self._interruption:
            seconds = (notice.at - self._now()).total_seconds() - terms.exit_timeout - RESERVE
            wait = max(0.0, seconds)
            reasons.append(Departure(f"spot interruption: {notice.action}", clock + wait))
        for departure in reasons:
            if self.departure is None or departure.at < self.departure.at - SAME:
                yield Leaving(departure.reason, departure.at - clock)
                self.departure = departure

    def _give_up(self, standing: Standing, steps: int) -> Iterator[GivenUp | Setback]:
        """Told once; again only where nobody came to replace it for as long."""
        if standing.ready or steps != self._alive or not self.in_service:
            self._alive, self._alive_at = steps, self._clock()
        silent = self._clock() - self._alive_at
        patience = PATIENCE if self._served_clients else FIRST_PATIENCE
        if silent < patience or not self._replacing.due:
            return
        with self._replacing.try_again():
            self._hooks.replace()
            self._alive_at = self._clock()
            yield GivenUp(silent)
        yield from self._replacing.complaint()

    def _complete(self) -> Iterator[HookDone | Setback]:
        if not self._launch.due or self._clock() < self._try_at:
            return
        with self._launch.try_again():
            held = self._hooks.complete(self._terms.launch_hook)
            self._tries, self._try_at = self._tries + 1, self._clock() + PAUSE
            if held or self._tries == TRIES:
                self._done = True
                yield HookDone(self._terms.launch_hook, held)
        yield from self._launch.complaint()

    def _beat(self, steps: int) -> Iterator[Setback]:
        """Ask for more time while something happens; who is stuck shall be replaced."""
        if steps == self._beaten or self._clock() < self._beat_at or not self._heart.due:
            return
        with self._heart.try_again():
            self._hooks.heartbeat(self._terms.launch_hook)
            self._beaten, self._beat_at = steps, self._clock() + HEARTBEAT
        yield from self._heart.complaint()
