"""Studies of variants as a page of Markdown."""

from collections.abc import Iterator, Mapping

from benchmarks.variants_parts.targets import against_best, against_eager, numbers, targets
from slipway.variants import Failed, Interval, Measured, Rival, Study, Untried, bounds, points


def document(studies: Mapping[str, Study]) -> str:
    """A table of what was chosen, then a section a model with everything that was tried."""
    lines = [*INTRODUCTION, *summary(studies), *targets(studies), *sections(studies)]
    return "\n".join(lines) + "\n"


def sections(studies: Mapping[str, Study]) -> Iterator[str]:
    """Everything that was tried of each model."""
    for name, study in studies.items():
        yield from ("", f"## {name}", "", f"On {study.hardware}. Chosen by {study.objective}.", "")
        yield from _table(study)


INTRODUCTION = (
    "# Results: variants",
    "",
    "Written by `python benchmarks/variants.py --table docs/results.md` from the raw numbers in",
    "`benchmarks/results/`. Speed-ups are medians over rounds in which all systems ran, with the",
    "bounds of the sign test at 95 %; what is worse is the difference of the metric on held-out",
    "examples, with the bounds of a jackknife.",
    "",
)


def summary(studies: Mapping[str, Study]) -> Iterator[str]:
    """What was chosen, a line a model."""
    yield "| model | chosen | metric | worse by | x eager FP32 | x best of PyTorch | x ONNX FP32 |"
    yield "|---|---|---|---|---|---|---|"
    for name, study in studies.items():
        choice = study.choice
        worse = "" if choice is study.baseline else _worse(choice.drop, study)
        eager, best = numbers(against_eager(study)), numbers(against_best(study))
        plain = " / ".join(f"{timing.speedup.middle:.1f}" for timing in choice.timings)
        yield (
            f"| {name} | {choice.variant} | {study.metric} {choice.metric:.4f} | {worse} "
            f"| {eager} | {best} | {plain} |"
        )
    yield ""
    yield "Three figures: at batch 1, a middle one, and the largest that is served."


def _table(study: Study) -> Iterator[str]:
    batches = [timing.batch for timing in study.baseline.timings]
    columns = ["variant", "size", study.metric, "worse by", *(f"batch {b}" for b in batches), ""]
    yield f"| {' | '.join(columns)} |"
    yield "|" + "---|" * len(columns)
    for rival in study.rivals:
        yield _row(rival.name, "", "", "", *(_speeds(rival) or [""] * len(batches)), rival.reason)
    base = study.baseline
    times = [f"{timing.milliseconds:.3g} ms" for timing in base.timings]
    said = "chosen" if study.chosen == base.variant else ""
    yield _row(base.variant, _size(base), f"{base.metric:.4f}", "", *times, said)
    for outcome, verdict in zip(study.outcomes, study.verdicts, strict=True):
        said = "**chosen**" if outcome.variant == study.chosen else "kept" if verdict.kept else ""
        reason = f"{said or 'dropped'}: {verdict.reason}"
        if isinstance(outcome, Failed | Untried):
            yield _row(outcome.variant, "", "", "", *[""] * len(batches), reason)
            continue
        yield _row(
            outcome.variant,
            _size(outcome),
            f"{outcome.metric:.4f}",
            _worse(outcome.drop, study),
            *_speeds(outcome),
            reason,
        )


def _row(*cells: str) -> str:
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def _size(measured: Measured) -> str:
    return f"{measured.bytes / 1e6:.1f} MB"


def _speeds(system: Measured | Rival) -> list[str]:
    return [timing.speedup.factor for timing in system.timings]


def _worse(drop: Interval, study: Study) -> str:
    return f"{points(drop.middle, lower_is_better=study.lower_is_better)} ({bounds(drop)})"
