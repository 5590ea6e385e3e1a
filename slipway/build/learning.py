"""Networks of a model with their weights: the trained one, and smaller ones learnt from it."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from torch import nn

from slipway.build.ingredients import ingredients
from slipway.build.network import load_network
from slipway.build.optimise.catalogue import DISTIL, PRUNE, TRAINED
from slipway.build.optimise.distil import distil, load_student
from slipway.build.optimise.prune import load_pruned, prune
from slipway.build.step import Step, Workspace, key_of, tree
from slipway.build.text import Preparation, preparation
from slipway.build.train import WEIGHTS_FILE, train
from slipway.dataset import Data, Sources
from slipway.files import sha256_of
from slipway.folder import ModelFolder
from slipway.progress import Progress


@dataclass(frozen=True)
class Learnt:
    """A network, by its name in the catalogue; `teacher` is the trained one it was learnt from."""

    network: str
    step: Step
    teacher: Step


@dataclass
class Learning:
    """Of one model folder and what its user brought. What was learnt once is found again."""

    folder: ModelFolder
    sources: Sources
    workspace: Workspace
    progress: Progress

    @cached_property
    def data(self) -> Data:
        data: Data = self.folder.function("data", "load")(self.sources)
        return data

    @cached_property
    def prepare(self) -> Preparation:
        return preparation(self.folder, self.sources)

    def learn(self, network: str) -> Learnt:
        """Raises `VariantError` for a smaller network that cannot be had."""
        trained = self._train()
        return Learnt(network, self._smaller(network, trained), trained)

    def load(self, learnt: Learnt) -> nn.Module:
        """In eval mode."""
        trained = load_network(self.folder, learnt.teacher.folder / WEIGHTS_FILE, self.sources)
        if learnt.network == DISTIL:
            return load_student(self.folder, learnt.step.folder, self.sources, trained)
        if learnt.network == PRUNE:
            return load_pruned(self.folder, learnt.step.folder, self.sources)
        return trained

    def _train(self) -> Step:
        # The recipe counts by its values, so that a new serving policy does not train again.
        recipe = self.folder.recipe
        tokenizer, generation = recipe.tokenizer, recipe.generation
        brought = (self.sources.data, self.sources.checkpoint)
        of_training = ingredients(
            "train",
            sources={
                path.relative_to(self.folder.path).as_posix(): sha256_of(path)
                for path in self.folder.training_sources
            },
            constants={name: repr(value) for name, value in self.folder.constants.items()},
            context=generation.context if generation else None,
            brought=[tree(path) if path else None for path in brought],
            tensors=[asdict(spec) for spec in (*recipe.inputs, *recipe.outputs)],
            tokenizer=asdict(tokenizer) if tokenizer else None,
            training=asdict(recipe.training),
        )
        return self._run(
            "train",
            of_training,
            lambda target, checkpoint: train(
                self.folder,
                self.sources,
                self.prepare,
                target=target,
                checkpoint=checkpoint,
                progress=self.progress,
            ),
        )

    def _smaller(self, network: str, trained: Step) -> Step:
        if network == TRAINED:
            return trained
        how = self.folder.recipe.optimisation
        settings = how.distillation if network == DISTIL else how.pruning
        assert settings is not None  # the catalogue has no such variant otherwise
        student = self.folder.path / "student.py"
        of_network = ingredients(
            network,
            trained=trained.key,
            settings=asdict(settings),
            student=sha256_of(student) if network == DISTIL and student.is_file() else None,
        )

        make = distil if network == DISTIL else prune
        return self._run(
            network,
            of_network,
            lambda target, checkpoint: make(
                self.folder,
                self.sources,
                self.prepare,
                self.load(Learnt(TRAINED, trained, trained)),
                target=target,
                checkpoint=checkpoint,
                progress=self.progress,
            ),
        )

    def _run(
        self, name: str, decided_by: Mapping[str, Any], work: Callable[[Path, Path], None]
    ) -> Step:
        """Work that keeps a checkpoint, so that it can be stopped and go on."""
        key = key_of(name, decided_by)
        checkpoint = self.workspace.step(name) / f".checkpoint-{key}.pt"
        step = self.workspace.run(name, decided_by, lambda target: work(target, checkpoint))
        checkpoint.unlink(missing_ok=True)
        return step
