"""Ctrl-C and SIGTERM as one exception, which a supervisor's stop and a person's have in common."""

import signal
from collections.abc import Callable, Iterator
from contextlib import suppress
from types import FrameType

SOON = 0.05
"""Seconds after which an interrupt that came during an import comes again."""
AGAIN = 1.0
"""Seconds after which an interrupt of `until_interrupted` comes again."""
NUMBERS = (signal.SIGINT, signal.SIGTERM)


class Interrupted(BaseException):
    """Ctrl-C or SIGTERM. Not KeyboardInterrupt, which Typer would turn into exit code 1."""


def install() -> None:
    """From now on both raise `Interrupted` in the main thread."""
    for number in NUMBERS:
        signal.signal(number, _interrupt)


def until_interrupted(work: Callable[[], object]) -> None:
    """Do the work until it ends, or an interrupt ends it. Afterwards neither does anything.

    So what must be done at the end is done, however many of them come and whenever they do. The
    work itself is interrupted again and again until it has ended: one may be lost in a callback, or
    wait for threads that take minutes.
    """
    came = False

    def begin() -> None:
        if came:
            raise Interrupted
        work()

    def interrupt(number: int, frame: FrameType | None) -> None:
        nonlocal came
        came = True
        # A flag set after the work would leave a moment between the two.
        if any(each.f_code is begin.__code__ for each in _stack(frame)):
            importing = _importing(frame)
            _come_again(number, SOON if importing else AGAIN)
            if not importing:
                raise Interrupted

    for number in NUMBERS:
        signal.signal(number, interrupt)
    try:
        with suppress(Interrupted):
            begin()
    finally:
        # An interpreter that ends takes handlers away, and the next one would kill it.
        for number in NUMBERS:
            signal.signal(number, signal.SIG_IGN)


def _interrupt(number: int, frame: FrameType | None) -> None:
    """Raise `Interrupted`; after an import, if there is one: compiled modules would swallow it."""
    if not _importing(frame):
        signal.setitimer(signal.ITIMER_REAL, 0)
        raise Interrupted
    _come_again(number, SOON)


def _come_again(number: int, seconds: float) -> None:
    signal.signal(signal.SIGALRM, lambda *_: signal.raise_signal(number))
    signal.setitimer(signal.ITIMER_REAL, seconds)


def _importing(frame: FrameType | None) -> bool:
    return any(each.f_code.co_filename.startswith("<frozen importlib") for each in _stack(frame))


def _stack(frame: FrameType | None) -> Iterator[FrameType]:
    while frame:
        yield frame
        frame = frame.f_back
