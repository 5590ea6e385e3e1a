"""The steps after learning: each names what decides its result, and is done when that is new."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from slipway.build.decoder.form import DecoderForm
from slipway.build.evaluate import evaluate, in_batches, read_evaluation, write_evaluation
from slipway.build.form import Asked, Form
from slipway.build.ingredients import ingredients
from slipway.build.learning import Learning, Learnt
from slipway.build.network import predict
from slipway.build.optimise.catalogue import BASE, Kind
from slipway.build.package import Offer, package
from slipway.build.parity import Rung
from slipway.build.plain import PlainForm
from slipway.build.step import Step, Work, Workspace, hashes
from slipway.dataset import Sources
from slipway.files import readable_json, sha256_of
from slipway.folder import ModelFolder
from slipway.golden import Golden, Right
from slipway.hardware import this_machine
from slipway.metrics.named import metric_source
from slipway.progress import Progress
from slipway.questions import QUESTIONS_FILE, Questions
from slipway.tensors import Array, measurable
from slipway.variants import Study

STUDY = "study"


@dataclass(frozen=True)
class Candidate:
    """A file that can be packaged: of which network, and how it is run.

    `optimised` is the step that wrote it, `exported` the one it was made from. Its answers may lie
    `tolerance` from those of its network in PyTorch, and `own_tolerance` from its own.
    """

    name: str
    learnt: Learnt
    exported: Step
    optimised: Step
    tolerance: float
    own_tolerance: float
    kind: Kind = BASE


@dataclass
class Steps:
    """Of one model folder and what its user brought."""

    folder: ModelFolder
    sources: Sources
    workspace: Workspace
    progress: Progress

    def __post_init__(self) -> None:
        self.form = form_of(self.folder, self.sources)

    @cached_property
    def learning(self) -> Learning:
        return Learning(self.folder, self.sources, self.workspace, self.progress)

    def run(self, step: str, work: Work, **decided_by: Any) -> Step:
        return self.workspace.run(step, ingredients(step, self.form.code, **decided_by), work)

    def export(self, learnt: Learnt) -> Step:
        return self.run(
            "export",
            lambda target: self.form.export(self.learning.load(learnt), target),
            trained=learnt.step.key,
            **self.form.ingredients(),
        )

    def optimise(self, exported: Step) -> Step:
        return self.run(
            "optimise",
            lambda target: self.form.optimise(exported.folder, target),
            exported=exported.key,
        )

    def record(self, study: Study) -> Step:
        """Keep what came of a comparison."""
        return self.keep(STUDY, study.to_json())

    def keep(self, name: str, value: Any) -> Step:
        """A step that only keeps what others came to, as JSON."""

        def work(target: Path) -> None:
            (target / f"{name}.json").write_bytes(readable_json(value))

        return self.workspace.run(name, {name: value}, work)

    def evaluate(self, candidate: Candidate) -> Step:
        recipe, kind = self.folder.recipe, candidate.kind

        def work(target: Path) -> None:
            data, network = self.learning.data, self.learning.load(candidate.learnt)
            prepared = self.learning.prepare(data.holdout.inputs)
            reference = predict(network, prepared, recipe)
            exported, optimised = (
                self.form.model(step.folder) for step in (candidate.exported, candidate.optimised)
            )
            ladder = (
                Rung(
                    "ONNX", self.form.answers(exported, BASE.engine), recipe.parity, recipe.parity
                ),
                Rung(
                    candidate.name,
                    self.form.answers(optimised, kind.engine),
                    candidate.tolerance,
                    candidate.own_tolerance,
                    exact=kind.exact,
                ),
            )
            judged = evaluate(self.folder, self.sources, data, reference, ladder)
            proved = (*self.form.proof(candidate.exported.folder), *judged.parity)

            def right() -> Mapping[str, Array]:
                if kind.exact:
                    return reference
                # What cannot be nearly right, such as a class, is judged by the metric alone.
                return measurable(in_batches(ladder[-1].answers, prepared, recipe))

            asked = Asked(network, data, right, optimised, exact=kind.exact)
            write_evaluation(target, replace(judged, parity=proved), self.form.questions(asked))

        judging = (self.folder.path / f"{name}.py" for name in ("baseline", "exhibits"))
        return self.run(
            "evaluate",
            work,
            optimised=candidate.optimised.key,
            engine=asdict(kind.engine),
            rung=candidate.name,
            **self._answering(recorded=not kind.exact),
            tolerance=[candidate.tolerance, candidate.own_tolerance],
            metric=[asdict(recipe.metric), hashes([metric_source(recipe.metric.name)])],
            parity=recipe.parity,
            buckets=recipe.serving.batch_buckets,
            judging=hashes(path for path in judging if path.is_file()),
        )

    def package(
        self,
        candidate: Candidate,
        evaluated: Step,
        study: Study | None,
        offers: Sequence[Offer] = (),
    ) -> Step:
        recipe = self.folder.recipe

        def work(target: Path) -> None:
            questions = Questions.read(evaluated.folder / QUESTIONS_FILE)
            golden = self.form.golden(questions, candidate.own_tolerance)
            package(
                self.folder,
                self.form,
                evaluation=read_evaluation(evaluated.folder),
                optimised=candidate.optimised.folder,
                engine=candidate.kind.engine,
                golden=self._with_engines(golden, offers),
                study=study,
                offers=offers,
                target=target,
            )

        return self.run(
            "package",
            work,
            evaluated=evaluated.key,
            **self._answering(recorded=bool(offers)),
            title=recipe.title,
            labels=[spec.labels for spec in recipe.outputs],
            serving=asdict(recipe.serving),
            generation=asdict(recipe.generation) if recipe.generation else None,
            study=study.to_json() if study else None,
            offers=[
                [asdict(offer.spec), sha256_of(offer.file), offer.tolerance] for offer in offers
            ],
        )

    def _answering(self, *, recorded: bool) -> dict[str, Any]:
        """The hardware, which decides what a file answers to the last bit, where that is kept."""
        machine = this_machine(gpu=self.form.on_gpu())
        return {"hardware": asdict(machine)} if recorded else {}

    def _with_engines(self, golden: Golden, offers: Sequence[Offer]) -> Golden:
        """With what ONNX Runtime answers with the files that engines are built from."""
        if not offers:
            return golden
        asked, recipe = self.learning.prepare(golden.inputs), self.folder.recipe
        rights = {
            offer.spec.precision: Right(
                measurable(in_batches(self.form.answers(offer.file, BASE.engine), asked, recipe)),
                offer.tolerance,
            )
            for offer in offers
        }
        return replace(golden, engines=rights)


def read_study(step: Step) -> Study:
    """What `Steps.record` kept."""
    return Study.from_json(json.loads((step.folder / f"{STUDY}.json").read_bytes()))


def form_of(folder: ModelFolder, sources: Sources) -> Form:
    """The form that a recipe's network takes."""
    if folder.recipe.generation is not None:
        return DecoderForm(folder, sources, folder.recipe.generation)
    return PlainForm(folder, sources)
