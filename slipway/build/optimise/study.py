"""The variants of a model side by side: each made, judged, timed, and kept or dropped."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from slipway.build.optimise.catalogue import (
    BASE,
    BASELINE,
    TRAINED,
    Variant,
    parse,
    singles,
)
from slipway.build.optimise.choice import Demands, choose, gain, judge
from slipway.build.optimise.drop import Judged, drop_between
from slipway.errors import ExportError, VariantError
from slipway.metrics.named import LOWER_IS_BETTER
from slipway.progress import Progress, silent
from slipway.recipe import Recipe
from slipway.variants import Failed, Measured, Outcome, Rival, Study, Timing, Untried

BUDGET_S = 1800.0
ALL = ("all",)


@dataclass(frozen=True)
class Wanted:
    """Which variants are tried. `budget_s` bounds the search among combinations, in seconds; an
    empty `objective` is the recipe's.
    """

    names: tuple[str, ...] = ALL
    objective: str = ""
    budget_s: float = BUDGET_S

    def check(self, recipe: Recipe) -> None:
        """Raises `RecipeError` for a name of no variant of this recipe."""
        if self.names != ALL:
            parse(self.names, recipe.optimisation)


def demands_of(recipe: Recipe, wanted: Wanted) -> Demands:
    """What a recipe asks of its variants."""
    return Demands(
        wanted.objective or recipe.optimisation.objective,
        recipe.optimisation,
        recipe.metric,
        recipe.metric.name in LOWER_IS_BETTER,
    )


@dataclass(frozen=True)
class Made:
    """A variant that is ready to be timed. `lineage` is how it was made, `bytes` of its file."""

    variant: Variant
    lineage: tuple[str, ...]
    bytes: int
    judged: Judged


class Workshop(Protocol):
    """Makes variants of one model, and remembers what it made and measured."""

    def make(self, variant: Variant) -> Made:
        """Raises `VariantError` where it cannot be made or is not sound."""
        ...

    def time(self, made: Sequence[Made]) -> Mapping[str, tuple[Timing, ...]]:
        """By the variants' names; all are timed in the same rounds as the baseline."""
        ...

    def rivals(self) -> tuple[Rival, ...]:
        """Plain PyTorch, in as many ways as it is fast here."""
        ...

    def traits(self) -> frozenset[str]: ...


def study(
    shop: Workshop,
    demands: Demands,
    wanted: Wanted,
    hardware: str,
    *,
    progress: Progress = silent,
    clock: Callable[[], float] = time.monotonic,
) -> Study:
    """Try what is wanted; where that is all, also combinations of what proved itself."""
    optimisation = demands.optimisation
    baseline = shop.make(BASELINE)
    bench = _Bench(shop, baseline, demands.metric.name, progress)
    everything = wanted.names == ALL
    tried = (
        singles(optimisation, shop.traits()) if everything else parse(wanted.names, optimisation)
    )
    outcomes = bench.measure(tried)
    if everything:
        promising = _promising(tried, outcomes, bench.reference, demands)
        until = clock() + wanted.budget_s
        outcomes += bench.measure(promising, lambda: clock() < until)
    choice = choose(bench.reference, outcomes, demands)
    return Study(
        hardware=hardware,
        objective=demands.objective,
        metric=demands.metric.name,
        lower_is_better=demands.lower_is_better,
        baseline=bench.reference,
        rivals=shop.rivals(),
        outcomes=outcomes,
        verdicts=choice.verdicts,
        chosen=choice.chosen,
    )


class _Bench:
    """Measures variants beside one baseline."""

    def __init__(self, shop: Workshop, baseline: Made, metric: str, progress: Progress) -> None:
        self._shop = shop
        self._progress = progress
        self._baseline = baseline
        self._metric = metric
        self.reference = self._measured(baseline, shop.time([baseline])[BASELINE.name])

    def measure(
        self, variants: Sequence[Variant], may_go_on: Callable[[], bool] = lambda: True
    ) -> tuple[Outcome, ...]:
        made = list(self._make(variants, may_go_on))
        timings = self._shop.time([each for each in made if isinstance(each, Made)])
        return tuple(
            self._measured(each, timings[each.variant.name]) if isinstance(each, Made) else each
            for each in made
        )

    def _make(
        self, variants: Sequence[Variant], may_go_on: Callable[[], bool]
    ) -> Iterator[Made | Failed | Untried]:
        for number, variant in enumerate(variants):
            self._progress(number, len(variants), variant.name)
            if not may_go_on():
                yield Untried(variant.name, "the time for combinations was spent")
                continue
            try:
                yield self._shop.make(variant)
            except (VariantError, ExportError) as error:  # a student may not be exportable
                yield Failed(variant.name, str(error))

    def _measured(self, made: Made, timings: tuple[Timing, ...]) -> Measured:
        drop = drop_between(self._metric, self._baseline.judged, made.judged)
        return Measured(
            variant=made.variant.name,
            lineage=made.lineage,
            bytes=made.bytes,
            metric=made.judged.value,
            drop=drop,
            timings=timings,
        )


def _promising(
    tried: Sequence[Variant], outcomes: Sequence[Outcome], baseline: Measured, demands: Demands
) -> tuple[Variant, ...]:
    """Combinations of a network and a kind that were both kept, the likeliest to win first: as if
    what each gained multiplied.
    """
    gained = {
        variant: gain(outcome, baseline, demands.objective).middle
        for variant, outcome in zip(tried, outcomes, strict=True)
        if isinstance(outcome, Measured) and judge(outcome, baseline, demands).kept
    }
    kinds = {variant: gained[variant] for variant in gained if variant.network == TRAINED}
    networks = {variant: gained[variant] for variant in gained if variant.kind == BASE}
    expected = {
        Variant(smaller.network, form.kind): networks[smaller] * kinds[form]
        for smaller in networks
        for form in kinds
    }
    return tuple(sorted(expected, key=lambda variant: -expected[variant]))
