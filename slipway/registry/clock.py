"""The registry's form of time."""

from datetime import UTC, datetime


def utc_now() -> str:
    """Now, in UTC and to the second, as 2031-05-06T07:08:09Z."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
