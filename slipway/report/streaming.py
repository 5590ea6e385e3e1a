"""A generator's speed as curves."""

from collections.abc import Iterator, Sequence

from slipway.exhibits import Exhibit, Lines, Series
from slipway.results import StreamPoint

AT_ONCE = "streams at once"


def stream_curves(points: Sequence[StreamPoint]) -> tuple[Exhibit, ...]:
    """Tokens per second, and what a reader waits for, over the streams at once."""
    return tuple(_curves(points)) if points else ()


def _curves(points: Sequence[StreamPoint]) -> Iterator[Exhibit]:
    at_once = tuple(float(point.concurrency) for point in points)
    waits = {
        "first token, p50": tuple(point.ttft_p50_ms for point in points),
        "first token, p99": tuple(point.ttft_p99_ms for point in points),
        "next token, p50": tuple(point.itl_p50_ms for point in points),
        "next token, p99": tuple(point.itl_p99_ms for point in points),
    }
    rates = tuple(point.tokens_per_s for point in points)
    all_together = Series("all streams together", at_once, rates)
    yield Lines("Tokens per second", AT_ONCE, "tokens per second", (all_together,))
    series = tuple(Series(name, at_once, values) for name, values in waits.items())
    yield Lines("What a reader waits for", AT_ONCE, "milliseconds", series)
