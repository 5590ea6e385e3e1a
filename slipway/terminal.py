"""What every script does at its edge: errors to exit codes, progress to stderr, data to stdout.

Exit codes: 0 fine, 1 a check failed, 2 it could not be run, 130 ended by Ctrl-C.
"""

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NoReturn

import typer

from slipway import interrupts
from slipway.errors import SlipwayError
from slipway.interrupts import Interrupted
from slipway.progress import Progress

OURS = {"slipway", "infra", "policy", "model_repo"}
"""Packages whose absence is a mistake of ours, not of whoever made the environment."""

FAILED = 1
COULD_NOT_RUN = 2
INTERRUPTED = 130


def application(**settings: Any) -> typer.Typer:
    """A script's Typer application. Markdown: help is wrapped to the terminal's width."""
    return typer.Typer(
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode="markdown",
        **settings,
    )


def run(app: typer.Typer) -> NoReturn:
    """Run a script's Typer application and end the process with the right code.

    SIGTERM is treated as Ctrl-C, so that a supervisor's stop cleans up as a person's does.
    """
    interrupts.install()
    try:
        app(standalone_mode=True)
    except SlipwayError as error:
        say(f"error: {error}")
        sys.exit(COULD_NOT_RUN)
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] in OURS:
            raise
        say(
            f"error: The Python package '{error.name}' is missing: this environment was made for "
            "something else. Run make setup, which makes one for everything."
        )
        sys.exit(COULD_NOT_RUN)
    except OSError as error:  # a folder that may not be written, a file that is none
        where = f": {error.filename}" if error.filename else ""
        say(f"error: {error.strerror or error}{where}")
        sys.exit(COULD_NOT_RUN)
    except Interrupted:
        say("interrupted")
        sys.exit(INTERRUPTED)
    sys.exit(0)


def say(line: str) -> None:
    """A line for people, on stderr."""
    sys.stderr.write(f"{line}\n")


def step(name: str, seconds: float, detail: str, *, reused: bool = False) -> None:
    """A finished step: what, how long, and what came of it."""
    say(f"  {name:<9} {'reused' if reused else f'{seconds:.1f} s':>8}  {detail}")


def print_json(value: Any) -> None:
    """Data for machines: one JSON document on stdout."""
    sys.stdout.write(json.dumps(value, indent=2, allow_nan=False) + "\n")


def print_text(text: str) -> None:
    """Data that is a text of its own: Markdown."""
    sys.stdout.write(text)


def print_table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Data for people: columns as wide as they need on stdout, also where it is no terminal."""
    cells = [[str(cell) for cell in row] for row in (header, *rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for row in cells:
        padded = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        sys.stdout.write("  ".join(padded).rstrip() + "\n")


def failed() -> NoReturn:
    """A check failed: end with 1."""
    raise typer.Exit(FAILED)


@contextmanager
def progress_bar(title: str, *, enabled: bool = True) -> Iterator[Progress]:
    """A bar on stderr that goes away when the work is done; none where nobody looks (`--json`)."""
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bars

    bars = Bars(
        TextColumn("  {task.description:<12}"),
        BarColumn(bar_width=28),
        TextColumn("{task.fields[note]}", style="dim"),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        transient=True,
        disable=not (enabled and sys.stderr.isatty()),
    )
    task = bars.add_task(title, total=None, note="")

    def update(done: float, total: float, note: str = "") -> None:
        bars.update(task, completed=done, total=total or None, note=note)

    with bars:
        yield update
