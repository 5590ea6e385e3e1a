"""Variants of one model, made by the steps of the line; what was made once is found again."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache, cached_property, partial
from math import nan
from pathlib import Path
from typing import Any

from slipway.build.engine import Engine
from slipway.build.evaluate import in_batches
from slipway.build.learning import Learnt
from slipway.build.network import predict
from slipway.build.optimise.bench import Bench, Inputs, System
from slipway.build.optimise.calibration import calibration_batches
from slipway.build.optimise.catalogue import BASE, BASELINE, DISTIL, PRUNE, TRAINED, Variant
from slipway.build.optimise.cost import Cost, cost_of
from slipway.build.optimise.drop import worse
from slipway.build.optimise.files import GATED, Batches, Material
from slipway.build.optimise.judgement import Judgement, judgement
from slipway.build.optimise.study import Made
from slipway.build.optimise.timing import Call
from slipway.build.parity import Answers
from slipway.build.step import Step, hashes, versions
from slipway.build.steps import Candidate, Steps
from slipway.errors import VariantError
from slipway.files import readable_json, sha256_of
from slipway.hardware import Hardware
from slipway.metrics.named import LOWER_IS_BETTER, metric_named, metric_source
from slipway.tensors import Array
from slipway.variants import Rival, Timing, points

DETAIL_FILE = "variant.json"
JUDGEMENT_FILE = "judgement.json"
HOW_LEARNT = {TRAINED: "trained", PRUNE: "pruned and trained on", DISTIL: "distilled"}
CHECKED = 64
"""Held-out examples that a form is tried on for numbers which its calibration never met."""


@dataclass(frozen=True)
class Branch:
    """A network of a model, and its files: exported, then simplified."""

    learnt: Learnt
    exported: Step
    plain: Step


class StepsWorkshop:
    """Of one model, on one machine."""

    def __init__(self, steps: Steps, hardware: Hardware) -> None:
        self._steps = steps
        self._hardware = hardware
        self._recipe = steps.folder.recipe
        self._form = steps.form
        self._branches: dict[str, Branch] = {}
        self._candidates: dict[str, Candidate] = {}
        self._references: dict[str, Mapping[str, Array]] = {}
        self._costs: dict[str, Cost] = {}
        self._baseline_value = nan

    def candidate(self, variant: str) -> Candidate:
        """What was made of a variant, ready to be packaged."""
        return self._candidates[variant]

    def traits(self, network: str = BASELINE.network) -> frozenset[str]:
        return self._form.traits(self._branch(network).plain.folder)

    def make(self, variant: Variant) -> Made:
        branch, kind = self._branch(variant.network), variant.kind
        self._require_fit(kind.engine)
        written = branch.plain
        if kind.file != BASE.file:
            written = self._write(branch, kind.file, kind.engine)
        said = self._judge(branch, written, variant)
        if variant == BASELINE:
            self._baseline_value = said.judged.value
        tolerances = said.tolerances(kind, self._recipe.parity)
        # What is packaged without a study is not packaged anew where a study chooses it.
        name = "optimised" if variant == BASELINE else variant.name
        self._candidates[variant.name] = Candidate(
            name, branch.learnt, branch.exported, written, *tolerances, kind
        )
        return Made(
            variant,
            lineage=(
                self._learnt_how(branch.learnt),
                self._form.exported(branch.exported.folder),
                *_detail(written),
                *([] if kind.engine == BASE.engine else [kind.engine.name]),
            ),
            bytes=self._form.model(written.folder).stat().st_size,
            judged=said.judged,
        )

    def time(self, made: Sequence[Made]) -> Mapping[str, tuple[Timing, ...]]:
        return self._bench.time([self._system(each.variant.name) for each in made])

    def rivals(self) -> tuple[Rival, ...]:
        learnt = self._branch(BASELINE.network).learnt
        network = self._steps.learning.load(learnt)
        systems = [
            System(name, [name, learnt.step.key, versions("torch")], ready)
            for name, ready in self._form.rivals(network).items()
        ]
        found, missing = [], []
        for system in systems:
            try:
                self._bench.try_out(system)
                found.append(system)
            except VariantError as error:
                missing.append(Rival(system.name, (), str(error)))
        timings = self._bench.time(found)
        return (*(Rival(name, timings[name]) for name in timings), *missing)

    @cached_property
    def _bench(self) -> Bench:
        return Bench(
            self._steps.workspace,
            self._hardware,
            self._form.workload(self._held_out),
            self._system(BASELINE.name),
            self._steps.progress,
        )

    def _system(self, name: str) -> System:
        candidate = self._candidates[name]
        file = self._form.model(candidate.optimised.folder)
        engine = candidate.kind.engine
        loaded = cache(self._form.ready)  # only where it is new, and once for all batches

        def ready(inputs: Inputs) -> Call:
            return loaded(file, engine)(inputs)

        identity = [sha256_of(file), asdict(engine), versions("onnxruntime", "openvino")]
        return System(name, identity, ready)

    @cached_property
    def _held_out(self) -> Mapping[str, Array]:
        """As networks take them."""
        return self._steps.learning.prepare(self._steps.learning.data.holdout.inputs)

    def _branch(self, network: str) -> Branch:
        if network not in self._branches:
            learnt = self._steps.learning.learn(network)
            exported = self._steps.export(learnt)
            self._branches[network] = Branch(learnt, exported, self._steps.optimise(exported))
        return self._branches[network]

    def _learnt_how(self, learnt: Learnt) -> str:
        if learnt.network not in self._costs:
            network = self._steps.learning.load(learnt)
            self._costs[learnt.network] = cost_of(network, self._recipe)
        cost = self._costs[learnt.network]
        return (
            f"{HOW_LEARNT[learnt.network]}, {cost.parameters / 1e6:.3g} M parameters, "
            f"{cost.multiply_adds / 1e6:.3g} M multiply-adds"
        )

    def _reference(self, learnt: Learnt) -> Mapping[str, Array]:
        if learnt.network not in self._references:
            network = self._steps.learning.load(learnt)
            self._references[learnt.network] = predict(network, self._held_out, self._recipe)
        return self._references[learnt.network]

    def _require_fit(self, engine: Engine) -> None:
        engine.require_fit(self._recipe)
        if engine.cpu_alone and self._form.on_gpu():
            raise VariantError(
                f"{engine.name} runs on processors alone",
                why="what is compared here runs on the GPU",
            )

    def _write(self, branch: Branch, file: str, engine: Engine) -> Step:
        """`engine` is what will run it: it counts where it decides what is written."""
        optimisation = self._recipe.optimisation

        def work(target: Path) -> None:
            material = Material(
                calibration=partial(
                    calibration_batches,
                    self._steps.learning.data,
                    self._steps.learning.prepare,
                    self._recipe,
                ),
                checks=self._checks,
                reduce_range=not self._hardware.vnni,
                gate=partial(self._gate, engine),
            )
            detail = self._form.write(file, branch.plain.folder, target, material)
            (target / DETAIL_FILE).write_bytes(readable_json({"detail": detail}))

        return self._steps.run(
            "variant",
            work,
            file=file,
            source=branch.plain.key,
            data=branch.learnt.teacher.key,
            calibration=optimisation.calibration,
            tolerance=optimisation.tolerance,
            metric=self._metric,
            batch=self._recipe.serving.max_batch_size,
            reduce_range=not self._hardware.vnni,
            gate=self._runtime(engine) if file in GATED else None,
        )

    @property
    def _metric(self) -> list[Any]:
        """What decides how answers are judged."""
        name = self._recipe.metric.name
        return [name, hashes([metric_source(name)])]

    def _runtime(self, engine: Engine) -> list[Any]:
        """What decides an engine's answers beside the file that it runs."""
        return [asdict(engine), asdict(self._hardware), versions("onnxruntime", "openvino")]

    def _checks(self) -> Batches:
        rows, size = CHECKED, self._recipe.serving.max_batch_size
        some = {name: array[:rows] for name, array in self._held_out.items()}
        return [
            {name: array[start : start + size] for name, array in some.items()}
            for start in range(0, len(next(iter(some.values()))), size)
        ]

    def _gate(self, engine: Engine, file: Path) -> str:
        """Of a file that is being written: whether its metric stays within the tolerance, in the
        engine that is to run it.
        """
        metric, tolerance = self._recipe.metric.name, self._recipe.optimisation.tolerance
        score, targets = metric_named(metric), self._steps.learning.data.holdout.targets
        value = score(self._answers(self._form.answers(file, engine)), targets).value
        lost = worse(metric, self._baseline_value, value)
        if lost <= tolerance:
            return ""
        lower = metric in LOWER_IS_BETTER
        said, allowed = (points(each, lower_is_better=lower) for each in (lost, tolerance))
        return f"{metric} is {said} worse, {allowed} allowed"

    def _judge(self, branch: Branch, written: Step, variant: Variant) -> Judgement:
        file, engine = self._form.model(written.folder), variant.kind.engine

        def work(target: Path) -> None:
            said = judgement(
                variant.kind,
                self._form.answers(file, engine),
                () if variant.kind.exact else self._form.otherwise(file, engine),
                held_out=self._held_out,
                targets=self._steps.learning.data.holdout.targets,
                reference=self._reference(branch.learnt),
                recipe=self._recipe,
            )
            (target / JUDGEMENT_FILE).write_bytes(readable_json(asdict(said)))

        step = self._steps.run(
            "judge",
            work,
            file=sha256_of(file),
            engine=asdict(engine),
            exact=variant.kind.exact,
            hardware=asdict(self._hardware),
            network=branch.learnt.step.key,
            data=branch.learnt.teacher.key,
            metric=self._metric,
            serving=asdict(self._recipe.serving),
        )
        return Judgement.from_json(json.loads((step.folder / JUDGEMENT_FILE).read_bytes()))

    def _answers(self, answers: Answers) -> Mapping[str, Array]:
        """To all held-out examples."""
        return in_batches(answers, self._held_out, self._recipe)


def _detail(step: Step) -> list[str]:
    """What came of writing a variant's file; nothing to tell of the simplified one."""
    path = step.folder / DETAIL_FILE
    return [json.loads(path.read_bytes())["detail"]] if path.is_file() else []
