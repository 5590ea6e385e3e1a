"""What is tried, in which order, and how long: on a workshop whose variants have known figures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pytest

from slipway.build.optimise.catalogue import ATTENTION, CONVOLUTION, RECURRENCE, Variant, parse
from slipway.build.optimise.choice import Demands
from slipway.build.optimise.drop import Judged
from slipway.build.optimise.study import Made, Wanted, study
from slipway.errors import RecipeError, VariantError
from slipway.recipe import Distillation, Metric, Optimisation, Pruning, Training
from slipway.variants import Rival, Timing

TRAINING = Training(epochs=1, batch_size=8, learning_rate=1e-3)
BOTH = Optimisation(pruning=Pruning(0.3, TRAINING), distillation=Distillation(TRAINING))


@dataclass
class Shelf:
    """Variants by name: how many times as fast as the baseline, and their metric.

    A network and a kind multiply. What is not named is as fast as the baseline; what is unsound
    cannot be made.
    """

    speeds: Mapping[str, float]
    metrics: Mapping[str, float] = field(default_factory=dict)
    unsound: frozenset[str] = frozenset()
    has: frozenset[str] = frozenset({ATTENTION})
    hours: float = 0.0
    made: list[str] = field(default_factory=list)

    def traits(self) -> frozenset[str]:
        return self.has

    def make(self, variant: Variant) -> Made:
        self.hours += 1
        if variant.name in self.unsound:
            raise VariantError("It cannot be had", why="it is unsound")
        self.made.append(variant.name)
        metric = self.metrics.get(variant.name, 0.95)
        return Made(variant, (variant.name,), 1000, Judged(metric, (metric,) * 20))

    def time(self, made: Sequence[Made]) -> Mapping[str, tuple[Timing, ...]]:
        return {each.variant.name: self._timings(each.variant) for each in made}

    def rivals(self) -> tuple[Rival, ...]:
        return ()

    def _timings(self, variant: Variant) -> tuple[Timing, ...]:
        speed = 1.0
        for part in variant.name.split("+"):
            speed *= self.speeds.get(part, 1.0)
        return tuple(Timing(batch, (1 / speed,) * 9, (1.0,) * 9) for batch in (1, 8))


def tried(shelf, optimisation=BOTH, wanted=None):
    demands = Demands("latency", optimisation, Metric("accuracy", 0.9), lower_is_better=False)
    return study(shelf, demands, wanted or Wanted(), "a machine", clock=lambda: shelf.hours)


def test_every_single_variant_that_suits_the_network_is_tried():
    names = {verdict.variant for verdict in tried(Shelf({})).verdicts}
    assert names == {
        "graph", "fp16", "int8_dynamic", "openvino", "openvino_bf16", "openvino_int8",
        "prune", "distil",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("has", "absent"),
    [
        (CONVOLUTION, {"graph", "int8_dynamic", "int8_weights"}),
        (RECURRENCE, {"graph", "int8_static", "openvino_int8"}),
        (ATTENTION, {"int8_static", "int4_weights"}),
    ],
)
def test_what_does_not_suit_it_is_not_tried(has, absent):
    names = {verdict.variant for verdict in tried(Shelf({}, has=frozenset({has}))).verdicts}
    assert names
    assert not names & absent


def test_a_recipe_without_a_student_has_none():
    assert "distil" not in {v.variant for v in tried(Shelf({}), Optimisation()).verdicts}


def test_combinations_are_of_what_was_kept_the_likeliest_to_win_first():
    shelf = Shelf({"int8_dynamic": 3.0, "openvino": 1.5, "distil": 2.0, "prune": 1.3})
    result = tried(shelf)
    assert [name for name in shelf.made if "+" in name] == [
        "distil+int8_dynamic", "prune+int8_dynamic", "distil+openvino", "prune+openvino"
    ]  # fmt: skip
    assert result.chosen == "distil+int8_dynamic"


def test_nothing_is_combined_with_what_was_dropped():
    shelf = Shelf(
        {"int8_dynamic": 3.0, "distil": 2.0, "prune": 1.3, "openvino": 0.5},
        metrics={"distil": 0.91},
    )
    tried(shelf)
    assert [name for name in shelf.made if "+" in name] == ["prune+int8_dynamic"]


def test_the_search_ends_when_its_time_is_spent_and_says_what_was_left():
    shelf = Shelf({"int8_dynamic": 3.0, "openvino": 1.5, "distil": 2.0, "prune": 1.3})
    result = tried(shelf, wanted=Wanted(budget_s=2))
    assert [name for name in shelf.made if "+" in name] == [
        "distil+int8_dynamic", "prune+int8_dynamic"
    ]  # fmt: skip
    assert result.verdict("prune+openvino").reason == "the time for combinations was spent"


def test_one_that_cannot_be_made_stops_no_other():
    shelf = Shelf({"int8_dynamic": 3.0, "graph": 1.2}, unsound=frozenset({"graph", "distil"}))
    result = tried(shelf)
    assert result.verdict("graph").reason == "It cannot be had: it is unsound"
    assert result.chosen == "int8_dynamic"


def test_only_what_is_named_is_tried_and_combinations_can_be():
    shelf = Shelf({"int8_dynamic": 3.0, "distil": 2.0})
    result = tried(shelf, wanted=Wanted(("distil+int8_dynamic", "fp16")))
    assert shelf.made == ["onnx", "distil+int8_dynamic", "fp16"]
    assert result.chosen == "distil+int8_dynamic"


@pytest.mark.parametrize("name", ["int7", "distil+int7", "onnx", "prune+distil", ""])
def test_a_name_of_nothing_is_refused_with_those_there_are(name):
    with pytest.raises(RecipeError, match=r"no variant .*: there are graph, fp16"):
        parse([name], Optimisation())
