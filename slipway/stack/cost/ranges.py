"""An amount of which only the bounds are known."""

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from slipway.errors import StackError

_CENT = Decimal("0.01")


@dataclass(frozen=True)
class Range:
    """From `low` to `high`, both 0 or more: dollars, GB, requests or servers.

    Raises `StackError` for bounds that are not finite, negative, or in the wrong order.
    """

    low: Decimal
    high: Decimal

    def __post_init__(self) -> None:
        bounds = (self.low, self.high)
        if not all(bound.is_finite() for bound in bounds) or not 0 <= self.low <= self.high:
            raise StackError(
                f"{self.low} to {self.high} is no range of an amount",
                why="it has to go from 0 or more to as much or more",
                mend="Give the smaller number first",
            )

    @classmethod
    def of(cls, low: Decimal | int | str, high: Decimal | int | str | None = None) -> "Range":
        """`of(3)` is exactly 3. Not of floats, which are hardly ever the number they are written
        as.
        """
        return cls(Decimal(low), Decimal(low if high is None else high))

    def __add__(self, other: "Range") -> "Range":
        return Range(self.low + other.low, self.high + other.high)

    def __mul__(self, factor: "Range | Decimal | int") -> "Range":
        by = factor if isinstance(factor, Range) else Range(Decimal(factor), Decimal(factor))
        return Range(self.low * by.low, self.high * by.high)

    def in_cents(self) -> "Range":
        """Rounded to cents, so that what is shown adds up to the total that is shown."""
        return Range(
            self.low.quantize(_CENT, ROUND_HALF_UP), self.high.quantize(_CENT, ROUND_HALF_UP)
        )

    @property
    def exact(self) -> bool:
        return self.low == self.high

    def __str__(self) -> str:
        """`3`, or `3 to 12`."""
        low, high = (f"{_short(bound):,f}" for bound in (self.low, self.high))
        return low if low == high else f"{low} to {high}"


NOTHING = Range(Decimal(0), Decimal(0))


def _short(number: Decimal) -> Decimal:
    """Without trailing zeros: with two decimals, more below 1, and two digits of tiny numbers."""
    step = _CENT
    if 0 < number < 1:
        step = Decimal(1).scaleb(min(-4, number.adjusted() - 1))
    rounded = number.quantize(step, ROUND_HALF_UP)
    whole = rounded.to_integral_value()
    return whole if whole == rounded else rounded.normalize()


def money(amount: Range) -> str:
    """In whole dollars: `$3`, or `$3 to $12`."""
    low, high = round(amount.low), round(amount.high)
    return f"${low:,}" if low == high else f"${low:,} to ${high:,}"
