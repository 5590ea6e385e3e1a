"""Stores that let a test decide what happens between one call and the next."""

import threading
from collections.abc import Callable, Sequence
from typing import Any

from slipway.registry.store import Store

METHODS = ("read", "write", "upload", "download", "exists", "list")


class Watched:
    """A store that calls `before(method, key)` ahead of each of its methods."""

    def __init__(self, store: Store, before: Callable[[str, str], None]) -> None:
        self._store = store
        self._before = before

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._store, name)
        if name not in METHODS:
            return method

        def watched(key: str, *arguments: Any) -> Any:
            self._before(name, key)
            return list(method(key)) if name == "list" else method(key, *arguments)

        return watched


class Turns:
    """Lets several threads go on one store call at a time, in the order of a schedule.

    A turn of somebody who has finished passes to the next; after the schedule everyone goes on.
    """

    def __init__(self, schedule: Sequence[int], players: int) -> None:
        self._schedule = list(schedule)
        self._active = set(range(players))
        self._changed = threading.Condition()

    def take(self, player: int) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._next() in (player, None))
            if self._schedule:
                self._schedule.pop(0)
            self._changed.notify_all()

    def finish(self, player: int) -> None:
        with self._changed:
            self._active.discard(player)
            self._changed.notify_all()

    def _next(self) -> int | None:
        while self._schedule and self._schedule[0] not in self._active:
            self._schedule.pop(0)
        return self._schedule[0] if self._schedule else None
