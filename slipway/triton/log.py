"""What a server said last, short enough for an error message."""

import re
from pathlib import Path

STAMP = re.compile(r"^[IWEF]\d{4} \d\d:\d\d:\d\d\.\d+ +\d+ ")
"""Severity, date, time and thread in front of Triton's log lines."""
TAIL = 1 << 15
"""Bytes at the end of a log that are looked at."""


def last_lines(log: Path, *, since: int = 0, count: int = 15, width: int = 240) -> str:
    """The last lines written after byte `since`, without time stamps, joined by " | ".

    Tables are left out, blank lines too, and long lines are cut at `width` characters.
    """
    if not log.exists():
        return ""
    with log.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(since, size - TAIL))
        text = file.read().decode(errors="replace")
    lines = (STAMP.sub("", line).strip() for line in text.splitlines())
    wanted = [line for line in lines if line and line[0] not in "+|"]
    return " | ".join(
        line if len(line) <= width else f"{line[:width]}…" for line in wanted[-count:]
    )
