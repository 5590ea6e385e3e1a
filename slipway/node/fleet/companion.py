"""The thread beside the node in which it is a member of its fleet, also while a sync takes long."""

import signal
import threading
from collections.abc import Callable

from slipway.node.events import Event
from slipway.node.fleet.member import Member
from slipway.node.standing import Standing

JOIN = 2.0
"""Seconds to wait for a call to AWS that is under way when the node stops."""


class SyncSteps:
    """Counts the files that syncs brought, by their notes: a `Progress`.

    What is fetched again after a failure does not count, so that the count ends.
    """

    def __init__(self) -> None:
        self._notes: set[str] = set()

    @property
    def count(self) -> int:
        return len(self._notes)

    def __call__(self, done: float, total: float, note: str = "") -> None:  # noqa: ARG002
        self._notes.add(note)


class Companion:
    """Ticks a member until it is time to go, then interrupts the main thread.

    `error` is what ended it, if anything did that should not have.
    """

    def __init__(
        self,
        member: Member,
        standing: Callable[[], Standing],
        steps: SyncSteps,
        show: Callable[[Event], None],
        interval: float,
    ) -> None:
        self._member = member
        self._standing = standing
        self._steps = steps
        self._show = show
        self._interval = interval
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="fleet", daemon=True)
        self.error: Exception | None = None

    def start(self) -> None:
        """Begin. The main thread must be one that may be interrupted from now on."""
        self._thread.start()

    def stop(self) -> None:
        """Begin no other tick, and wait a little for one that is under way. Safe at any time."""
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join(JOIN)

    def _run(self) -> None:
        try:
            while not self._stopped.is_set():
                for event in self._member.tick(self._standing(), self._steps.count):
                    self._show(event)
                if self._member.over:
                    break
                self._stopped.wait(self._interval)
        except Exception as error:  # noqa: BLE001 - a thread's end would go unnoticed
            self.error = error
        if not self._stopped.is_set():
            main = threading.main_thread().ident
            assert main is not None
            # To that thread alone: another's signal would not wake it from its sleep. Once, as
            # `until_interrupted` says it again until the work has ended.
            signal.pthread_kill(main, signal.SIGTERM)
