"""Ctrl-C and SIGTERM as one exception, which a supervisor's stop and a person's have in common."""

import signal
from types import FrameType

SOON = 0.05
"""Seconds after which an interrupt that came during an import comes again."""
NUMBERS = (signal.SIGINT, signal.SIGTERM)


class Interrupted(BaseException):
    """Ctrl-C or SIGTERM. Not KeyboardInterrupt, which Typer would turn into exit code 1."""


def install() -> None:
    """From now on both raise `Interrupted` in the main thread."""
    for number in NUMBERS:
        signal.signal(number, _interrupt)


def ignore() -> None:
    """From now on neither does anything: what must be done at the end is being done."""
    for number in NUMBERS:
        signal.signal(number, signal.SIG_IGN)


def _interrupt(number: int, frame: FrameType | None) -> None:
    """Raise `Interrupted`; after an import, if there is one: compiled modules would swallow it."""
    if not _importing(frame):
        signal.setitimer(signal.ITIMER_REAL, 0)
        raise Interrupted
    signal.signal(signal.SIGALRM, lambda *_: signal.raise_signal(number))
    signal.setitimer(signal.ITIMER_REAL, SOON)


def _importing(frame: FrameType | None) -> bool:
    while frame:
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            return True
        frame = frame.f_back
    return False
