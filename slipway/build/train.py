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
from slipway.build.network import build_network, call
from slipway.build.padding import trim
from slipway.build.text import Preparation
from slipway.dataset import Sources, Split
from slipway.errors import BuildError, DataError
from slipway.files import readable_json, staged_file
from slipway.folder import ModelFolder
from slipway.progress import Progress
from slipway.tensors import Array

WEIGHTS_FILE = "weights.pt"
HISTORY_FILE = "history.json"

Finish = Callable[[nn.Module], object]
Augment = Callable[[Mapping[str, Array], np.random.Generator], Mapping[str, Array]]


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


def train(
    folder: ModelFolder,
    sources: Sources,
    prepare: Preparation,
    *,
    target: Path,
    checkpoint: Path,
    progress: Progress,
) -> None:
    """Write `weights.pt` and `history.json` (mean loss of each epoch) into `target`.

    Every epoch draws from generators seeded with (seed, epoch), so a resumed run gives the weights
    of an uninterrupted one, bit for bit on the same machine.
    """
    recipe, spec = folder.recipe, folder.recipe.training
    data = folder.module("data")
    given: Split = folder.function("data", "load")(sources).train
    examples = Split(prepare(given.inputs), given.targets)
    augment: Augment = getattr(data, "augment", lambda inputs, _rng: inputs)
    loss_of = folder.function("network", "loss")
    finish: Finish = getattr(folder.module("network"), "finish", lambda network: network.eval())
    steps = sum(1 for _ in _batches(len(examples), spec.batch_size))

    torch.manual_seed(spec.seed)
    run = _new_run(folder, sources, steps)
    run.restore(checkpoint)
    for epoch in range(len(run.losses), spec.epochs):
        torch.manual_seed(spec.seed + 1_000_003 * (epoch + 1))
        rng = np.random.default_rng([spec.seed, epoch])
        run.network.train()
        total = 0.0
        order = rng.permutation(len(examples))
        for done, rows in enumerate(_batches(len(examples), spec.batch_size), 1):
            batch = examples.take(order[rows])
            arrays = trim(augment(batch.inputs, rng), recipe)
            inputs = {name: torch.from_numpy(array) for name, array in arrays.items()}
            loss = loss_of(call(run.network, inputs, recipe), torch.from_numpy(batch.targets))
            value = loss.item()
            if not math.isfinite(value):
                raise BuildError(
                    f"The loss of epoch {epoch + 1} is {value}",
                    why="training diverged; nothing of this epoch was kept",
                    mend="Lower learning_rate or set clip_norm in recipe.py.",
                )
            run.optimiser.zero_grad()
            loss.backward()
            if spec.clip_norm:
                nn.utils.clip_grad_norm_(run.network.parameters(), spec.clip_norm)
            run.optimiser.step()
            run.schedule.step()
            total += value * len(batch)
            note = f"epoch {epoch + 1}/{spec.epochs}, loss {value:.3f}"
            progress(epoch * steps + done, spec.epochs * steps, note)
        run.losses.append(total / len(examples))
        run.save(checkpoint)
    finish(run.network)
    torch.save(run.network.state_dict(), target / WEIGHTS_FILE)
    history = {"training": asdict(spec), "examples": len(examples), "loss": run.losses}
    (target / HISTORY_FILE).write_bytes(readable_json(history))


def _new_run(folder: ModelFolder, sources: Sources, steps_per_epoch: int) -> Run:
    spec = folder.recipe.training
    network = build_network(folder, sources)
    if sources.checkpoint and sources.checkpoint.is_file():
        load_state(network, sources.checkpoint)
    elif sources.checkpoint and not getattr(folder.module("network"), "TAKES_FOLDERS", False):
        raise DataError(
            f"{sources.checkpoint} cannot be used",
            why=f"it is a folder, and {folder.name} begins from a file of weights",
            mend="Give the state dict itself, as .pt or .safetensors.",
        )
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
