"""How long to wait before something that failed is tried again."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Backoff:
    """Seconds to wait after the n-th failure in a row: doubling, up to a most."""

    first: float = 1.0
    most: float = 60.0

    def after(self, failures: int) -> float:
        return float(min(self.most, self.first * 2 ** min(failures - 1, 16)))
