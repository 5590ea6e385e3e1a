"""Logs are kept for a time that somebody chose, and encrypted."""

from collections.abc import Iterator

from .model import UNKNOWN, Checked, Level, Rule
from .values import absent, number, prop

_LOGS = "aws:cloudwatch/logGroup:LogGroup"
_SHORTEST = 30


def _retention(resource: Checked) -> Iterator[str]:
    days = prop(resource, "retentionInDays")
    if days is UNKNOWN:
        return
    kept = number(days) or 0
    if kept < 1:
        yield "is kept for ever: set retentionInDays"
    elif resource.production and kept < _SHORTEST:
        yield f"is gone after {kept:.0f} days: in prod keep logs for {_SHORTEST}"


def _encryption(resource: Checked) -> Iterator[str]:
    if absent(prop(resource, "kmsKeyId")):
        yield "is encrypted with AWS's key alone: set kmsKeyId"


RULES = (
    Rule("log-retention", Level.MANDATORY, "Log groups forget, in prod not within 30 days.",
         (_LOGS,), _retention),
    Rule("log-encrypted", Level.MANDATORY, "Log groups are encrypted with a KMS key.",
         (_LOGS,), _encryption),
)  # fmt: skip
