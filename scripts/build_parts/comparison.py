"""A study of variants as people read it: a table, and why each was kept or dropped."""

from rich.console import Console
from rich.table import Table

from slipway.variants import Measured, Rival, Study, points

WIDEST = 128


def show(study: Study, stderr: Console) -> None:
    """Print it. Speed-ups are against the baseline, with the bounds they surely lie between."""
    batches = [timing.batch for timing in study.baseline.timings]
    table = Table(box=None, padding=(0, 2, 0, 0))
    for column in ("variant", "size", study.metric, "worse by"):
        table.add_column(column, justify="left" if column == "variant" else "right")
    for batch in batches:
        table.add_column(f"batch {batch}", justify="right")
    table.add_column("")
    for rival in study.rivals:
        speeds = _speeds(rival) or [""] * len(batches)
        table.add_row(rival.name, "", "", "", *speeds, "")
    for each in study.measured:
        baseline = each is study.baseline
        table.add_row(
            each.variant,
            f"{each.bytes / 1e6:.1f} MB",
            f"{each.metric:.4f}",
            "" if baseline else points(each.drop.middle, lower_is_better=study.lower_is_better),
            *([f"{t.milliseconds:.3g} ms" for t in each.timings] if baseline else _speeds(each)),
            _mark(each, study),
        )
    stderr.print(table)
    for verdict in study.verdicts:
        said = "kept" if verdict.kept else "dropped"
        _say(stderr, f"  {said:<8} {verdict.variant}: {verdict.reason}")
    for rival in study.rivals:
        if rival.reason:
            _say(stderr, f"  missing  {rival.reason}")
    _say(stderr, f"  on {study.hardware}")


def console() -> Console:
    """As wide as its table at the least: a terminal folds lines better than columns."""
    stderr = Console(stderr=True)
    return Console(stderr=True, width=max(stderr.width, WIDEST))


def _say(stderr: Console, line: str) -> None:
    stderr.print(line, highlight=False, markup=False, soft_wrap=True)


def _speeds(system: Measured | Rival) -> list[str]:
    return [timing.speedup.factor for timing in system.timings]


def _mark(each: Measured, study: Study) -> str:
    if each.variant == study.chosen:
        return "chosen"
    if each is study.baseline:
        return "baseline"
    return "kept" if study.verdict(each.variant).kept else "dropped"
