"""What variants were meant to reach, beside what they reached."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from slipway.build.optimise.catalogue import DISTIL
from slipway.build.optimise.rivals import EAGER
from slipway.variants import Measured, Study


@dataclass(frozen=True)
class Target:
    """How many times as fast as PyTorch the choice is to be: eager in FP32, and at its best."""

    eager: float
    best: float


BERT, OTHERS = Target(eager=4.0, best=1.3), Target(eager=2.5, best=1.0)
TARGETS: Mapping[str, Target] = {
    "text_classifier": BERT,
    "recommender": BERT,
    "image_classifier": OTHERS,
    "image_segmenter": OTHERS,
    "fault_predictor": OTHERS,
}
STUDENT_SPEED, STUDENT_KEEPS = 2.0, 0.97
"""Of a student: times as fast as its teacher, and the part of the teacher's metric."""
AMX = "amx_int8"

INTRODUCTION = (
    "",
    "## Targets",
    "",
    "Set for a processor with AMX (Intel's matrix instructions), at every batch size, with a",
    "metric at most a point worse: four times eager FP32 and 1.3 times the best of PyTorch for the",
    "two BERTs, 2.5 times and not below the best for the others; a student twice as fast as its",
    "teacher, with 97 % of its metric. What was tried is in the sections below.",
    "",
    "| model | AMX | x eager FP32 | x best of PyTorch | x of student | it keeps | missed |",
    "|---|---|---|---|---|---|---|",
)


def targets(studies: Mapping[str, Study]) -> Iterator[str]:
    """A line a model: what was reached, and what was missed at which batch size."""
    yield from INTRODUCTION
    for name, study in studies.items():
        eager, best = against_eager(study), against_best(study)
        student = next((each for each in study.measured if each.variant == DISTIL), None)
        cells = (
            name,
            "yes" if AMX in study.hardware else "no",
            numbers(eager),
            numbers(best),
            numbers(_speedups(student)) if student else "",
            f"{100 * keeps(student, study):.1f} %" if student else "",
            "; ".join(_missed(TARGETS.get(name), eager, best, student, study)) or "nothing",
        )
        yield f"| {' | '.join(cells)} |"


def against_eager(study: Study) -> Mapping[int, float]:
    """By batch size."""
    return {batch: _against(study, EAGER, batch) for batch in _batches(study)}


def against_best(study: Study) -> Mapping[int, float]:
    """By batch size, of whatever way of PyTorch is the fastest there."""
    return {
        batch: _against(study, rival.name, batch)
        for batch in _batches(study)
        if (rival := study.fastest_rival(batch))
    }


def numbers(factors: Mapping[int, float]) -> str:
    """By batch size, the smallest first."""
    return " / ".join(f"{factor:.1f}" for factor in factors.values())


def keeps(student: Measured, study: Study) -> float:
    """The part of the teacher's metric; of a perplexity the other way round."""
    teacher = study.baseline.metric
    return teacher / student.metric if study.lower_is_better else student.metric / teacher


def _missed(
    target: Target | None,
    eager: Mapping[int, float],
    best: Mapping[int, float],
    student: Measured | None,
    study: Study,
) -> Iterator[str]:
    if target:
        for said, reached, wanted in (
            ("eager FP32", eager, target.eager),
            ("the best of PyTorch", best, target.best),
        ):
            yield from _below(f"{wanted:g} times {said}", reached, wanted)
    if student:
        yield from _below("a student twice as fast", _speedups(student), STUDENT_SPEED)
        if keeps(student, study) < STUDENT_KEEPS:
            yield f"97 % of the metric: {100 * keeps(student, study):.1f} %"


def _below(said: str, reached: Mapping[int, float], wanted: float) -> Iterator[str]:
    under = [batch for batch, factor in reached.items() if factor < wanted]
    if under:
        yield f"{said} at batch {', '.join(map(str, under))}"


def _against(study: Study, rival: str, batch: int) -> float:
    """How many times as fast as a rival the choice is: both were timed beside the baseline."""
    other = next(each for each in study.rivals if each.name == rival)
    theirs = next(timing for timing in other.timings if timing.batch == batch)
    return study.choice.at(batch).speedup.middle / theirs.speedup.middle


def _speedups(measured: Measured) -> Mapping[int, float]:
    return {timing.batch: timing.speedup.middle for timing in measured.timings}


def _batches(study: Study) -> list[int]:
    return [timing.batch for timing in study.choice.timings]
