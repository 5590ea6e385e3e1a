"""Train a network; stopped at any point, go on from the last whole epoch with the same result."""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from slipway.build.checkpoint import load_state
from slipway.build.network import Tensors, build_network, call
from slipway.build.padding import trim
from slipway.build.text import Preparation
from slipway.dataset import Sources, Split
from slipway.errors import BuildError, DataError
from slipway.files import readable_json, staged_file
from slipway.folder import ModelFolder
from slipway.progress import Progress
from slipway.recipe import Recipe, Training
from slipway.tensors import Array

WEIGHTS_FILE = "weights.pt"
HISTORY_FILE = "history.json"

Finish = Callable[[nn.Module], object]
Augment = Callable[[Mapping[str, Array], np.random.Generator], Mapping[str, Array]]
LossOf = Callable[[Tensors, torch.Tensor], torch.Tensor]
"""From what a batch shows to a network, and its targets, to a scalar."""


@dataclass
class Run:
    """A training run as it stands: what a checkpoint holds, and nothing else decides the rest."""

    network: nn.Module
    optimiser: torch.optim.Optimizer
    schedule: torch.optim.lr_scheduler.LRScheduler
    losses: list[float]

    def save(self, path: Path) -> None:
        with staged_file(path) as staged:
            torch.save(
                {
                    "network": self.network.state_dict(),
                    "optimiser": self.optimiser.state_dict(),
                    "schedule": self.schedule.state_dict(),
                    "losses": self.losses,
                },
                staged,
            )

    def restore(self, path: Path) -> None:
        """Take up a checkpoint; one that cannot be read is removed and training starts afresh."""
        try:
            state: dict[str, Any] = torch.load(path, weights_only=True)
        except FileNotFoundError:
            return
        except Exception:  # noqa: BLE001 - on damaged files torch's unpickler raises anything
            path.unlink()
            return
        self.network.load_state_dict(state["network"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.schedule.load_state_dict(state["schedule"])
        self.losses = state["losses"]


@dataclass(frozen=True)
class Lessons:
    """What is learnt from: examples as the network takes them, each time changed by `augment`."""

    examples: Split
    augment: Augment
    recipe: Recipe

    def __len__(self) -> int:
        return len(self.examples)

    def batch(self, rows: Array, rng: np.random.Generator) -> tuple[Tensors, torch.Tensor]:
        """The inputs and targets of some examples."""
        part = self.examples.take(rows)
        arrays = trim(self.augment(part.inputs, rng), self.recipe)
        inputs = {name: torch.from_numpy(array) for name, array in arrays.items()}
        return inputs, torch.from_numpy(part.targets)


def lessons(folder: ModelFolder, sources: Sources, prepare: Preparation) -> Lessons:
    """The training part of a folder's data."""
    given: Split = folder.function("data", "load")(sources).train
    augment: Augment = getattr(folder.module("data"), "augment", lambda inputs, _rng: inputs)
    return Lessons(Split(prepare(given.inputs), given.targets), augment, folder.recipe)


def train(
    folder: ModelFolder,
    sources: Sources,
    prepare: Preparation,
    *,
    target: Path,
    checkpoint: Path,
    progress: Progress,
) -> None:
    """Write `weights.pt` and `history.json` (mean loss of each epoch) into `target`."""
    recipe, spec = folder.recipe, folder.recipe.training
    learnt = lessons(folder, sources, prepare)
    torch.manual_seed(spec.seed)
    network = _new_network(folder, sources)
    loss_of = folder.function("network", "loss")
    losses = fit(
        network,
        spec,
        learnt,
        lambda inputs, targets: loss_of(call(network, inputs, recipe), targets),
        checkpoint=checkpoint,
        progress=progress,
    )
    finish(folder, network)
    write_trained(target, network, spec, len(learnt), losses)


def fit(
    network: nn.Module,
    spec: Training,
    learnt: Lessons,
    loss_of: LossOf,
    *,
    checkpoint: Path,
    progress: Progress,
) -> list[float]:
    """Train `network` as `spec` says to make `loss_of` small; the mean loss of each epoch.

    Every epoch draws from generators seeded with (seed, epoch), so a resumed run gives the weights
    of an uninterrupted one, bit for bit on the same machine. Raises `BuildError` where the loss is
    not a number any more.
    """
    steps = sum(1 for _ in _batches(len(learnt), spec.batch_size))
    run = _new_run(network, spec, steps)
    run.restore(checkpoint)
    for epoch in range(len(run.losses), spec.epochs):
        torch.manual_seed(spec.seed + 1_000_003 * (epoch + 1))
        rng = np.random.default_rng([spec.seed, epoch])
        network.train()
        total = 0.0
        order = rng.permutation(len(learnt))
        for done, rows in enumerate(_batches(len(learnt), spec.batch_size), 1):
            inputs, targets = learnt.batch(order[rows], rng)
            loss = loss_of(inputs, targets)
            value = loss.item()
            if not math.isfinite(value):
                raise BuildError(
                    f"The loss of epoch {epoch + 1} is {value}",
                    why="training diverged; nothing of this epoch was kept",
                    mend="Lower learning_rate or set clip_norm in recipe.py.",
                )
            run.optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]  # torch does not annotate it
            if spec.clip_norm:
                nn.utils.clip_grad_norm_(network.parameters(), spec.clip_norm)
            run.optimiser.step()
            run.schedule.step()
            total += value * len(targets)
            note = f"epoch {epoch + 1}/{spec.epochs}, loss {value:.3f}"
            progress(epoch * steps + done, spec.epochs * steps, note)
        run.losses.append(total / len(learnt))
        run.save(checkpoint)
    return run.losses


def finish(folder: ModelFolder, network: nn.Module) -> None:
    """What the folder computes once, after the last epoch."""
    done: Finish = getattr(folder.module("network"), "finish", lambda network: network.eval())
    done(network)


def write_trained(
    target: Path, network: nn.Module, spec: Training, examples: int, losses: list[float]
) -> None:
    """Write `weights.pt` and `history.json` into the folder `target`."""
    torch.save(network.state_dict(), target / WEIGHTS_FILE)
    history = {"training": asdict(spec), "examples": examples, "loss": losses}
    (target / HISTORY_FILE).write_bytes(readable_json(history))


def _new_network(folder: ModelFolder, sources: Sources) -> nn.Module:
    network = build_network(folder, sources)
    if sources.checkpoint and sources.checkpoint.is_file():
        load_state(network, sources.checkpoint)
    elif sources.checkpoint and not getattr(folder.module("network"), "TAKES_FOLDERS", False):
        raise DataError(
            f"{sources.checkpoint} cannot be used",
            why=f"it is a folder, and {folder.name} begins from a file of weights",
            mend="Give the state dict itself, as .pt or .safetensors.",
        )
    return network


def _new_run(network: nn.Module, spec: Training, steps_per_epoch: int) -> Run:
    trainable = [parameter for parameter in network.parameters() if parameter.requires_grad]
    optimiser = torch.optim.AdamW(trainable, lr=spec.learning_rate, weight_decay=spec.weight_decay)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, spec.learning_rate, total_steps=max(1, steps_per_epoch * spec.epochs)
    )
    return Run(network, optimiser, schedule, losses=[])


def _batches(examples: int, size: int) -> Iterator[slice]:
    """Parts of `size` rows. One row that is left, which no batch norm takes, joins the last."""
    start = 0
    while start < examples:
        end = start + size
        end = examples if examples - end <= 1 else end
        yield slice(start, end)
        start = end
