"""The releases that could not be rolled out here, and when each is tried again."""

from collections.abc import Callable, Collection
from dataclasses import dataclass

from slipway.node.backoff import Backoff
from slipway.registry.releases import Release


@dataclass(frozen=True)
class Refusal:
    """One release, refused `count` times, the last time for `reason`; `again` is on the clock."""

    generation: int
    reason: str
    count: int
    again: float


class Refusals:
    """At most one for each model. `len()` is how many there are."""

    def __init__(self, backoff: Backoff, clock: Callable[[], float]) -> None:
        self._backoff = backoff
        self._clock = clock
        self._of: dict[str, Refusal] = {}

    def __len__(self) -> int:
        return len(self._of)

    def reason(self, model: str) -> str:
        """Empty where the model's release was not refused."""
        return self._of[model].reason if model in self._of else ""

    def due(self, release: Release) -> bool:
        """Whether to try: at once what was never refused, or is released anew."""
        last = self._of.get(release.model)
        return last is None or last.generation != release.generation or self._clock() >= last.again

    def note(self, release: Release, reason: str) -> None:
        last = self._of.get(release.model)
        same = last is not None and last.generation == release.generation
        count = last.count + 1 if last and same else 1
        again = self._clock() + self._backoff.after(count)
        self._of[release.model] = Refusal(release.generation, reason, count, again)

    def lift(self, model: str) -> None:
        self._of.pop(model, None)

    def keep(self, models: Collection[str]) -> None:
        """Forget those of any other model."""
        for model in self._of.keys() - set(models):
            del self._of[model]
