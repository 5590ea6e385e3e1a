"""One thing that a destroy has to reckon with."""

from dataclasses import dataclass
from enum import StrEnum

from slipway.errors import StackError


class Effect(StrEnum):
    """What an obstacle does to a destroy; the gravest first."""

    BLOCKS = "blocks"
    MAY_BLOCK = "may block"
    AFFECTS_OTHERS = "affects others"
    SURVIVES = "survives"
    TAKES_LONG = "takes long"


@dataclass(frozen=True)
class Obstacle:
    """`why` is a sentence on the resource; `mend` says what to do before, or what to expect."""

    effect: Effect
    urn: str
    why: str
    mend: str

    def __post_init__(self) -> None:
        if not (self.urn and self.why and self.mend):
            raise StackError("An obstacle names no resource, no reason or nothing to do")

    @property
    def name(self) -> str:
        """The logical name."""
        return self.urn.rpartition("::")[2]
