"""Take channels, attention heads and feed-forward units out of a network, and train the rest on.

What couples layers (residual ways, concatenations) torch-pruning finds out by tracing
(Fang et al., 2023, https://arxiv.org/abs/2301.12900). Of each layer those units go whose weights
have the least norm, over all layers that share them: it needs no data, is the same each time, and
after training on it loses little to costlier measures (Li et al., 2017,
https://arxiv.org/abs/1608.08710).
"""

import copy
import json
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
import torch_pruning as tp
from torch import nn
from torch.nn.modules.conv import _ConvNd
from transformers.models.bert.modeling_bert import (
    BertEmbeddings,
    BertOutput,
    BertSelfAttention,
    BertSelfOutput,
)

from slipway.build.network import build_network, call, check_outputs, examples
from slipway.build.optimise.cost import Cost, cost_of
from slipway.build.text import Preparation
from slipway.build.train import WEIGHTS_FILE, finish, fit, lessons, write_trained
from slipway.dataset import Sources
from slipway.errors import RecipeError, VariantError, first_line
from slipway.files import readable_json
from slipway.folder import ModelFolder
from slipway.progress import Progress
from slipway.recipe import Pruning, Recipe

PRUNING_FILE = "pruning.json"
LEAST = 0.5
"""Of the share asked for, the part of the multiply-adds that must be gone."""


@dataclass(frozen=True)
class Cut:
    """Units taken out of a layer, numbered as they were before; with them goes what they feed.

    `layer` is the module's name in the network. Its outputs are cut, or else its inputs.
    """

    layer: str
    outputs: bool
    units: tuple[int, ...]


@dataclass(frozen=True)
class Pruned:
    """What was cut, what the network cost before and after, and the outputs of layers that lost
    some, by their names: before and after.
    """

    share: float
    before: Cost
    after: Cost
    widths: dict[str, tuple[int, int]]
    cuts: tuple[Cut, ...]

    def write(self, folder: Path) -> None:
        (folder / PRUNING_FILE).write_bytes(readable_json(asdict(self)))

    @classmethod
    def read(cls, folder: Path) -> "Pruned":
        value: dict[str, Any] = json.loads((folder / PRUNING_FILE).read_bytes())
        return cls(
            share=value["share"],
            before=Cost(**value["before"]),
            after=Cost(**value["after"]),
            widths={name: (old, new) for name, (old, new) in value["widths"].items()},
            cuts=tuple(Cut(**{**cut, "units": tuple(cut["units"])}) for cut in value["cuts"]),
        )


def prune(
    folder: ModelFolder,
    sources: Sources,
    prepare: Preparation,
    network: nn.Module,
    *,
    target: Path,
    checkpoint: Path,
    progress: Progress,
) -> None:
    """Write the smaller network's `weights.pt`, `pruning.json` and `history.json` into `target`.

    `network` is trained and stays as it is. Layers that lost something are trained, whether or not
    they were before; of the others those that were. Raises `VariantError` where the recipe does
    not ask for it, where the network cannot be cut, where too little goes, and where its outputs
    are not the recipe's any more.
    """
    spec, recipe = _settings(folder), folder.recipe
    smaller, pruned = cut(network, recipe, spec.share)
    loss_of = folder.function("network", "loss")
    learnt = lessons(folder, sources, prepare)
    torch.manual_seed(spec.training.seed)
    losses = fit(
        smaller,
        spec.training,
        learnt,
        lambda inputs, targets: loss_of(call(smaller, inputs, recipe), targets),
        checkpoint=checkpoint,
        progress=progress,
    )
    finish(folder, smaller)
    write_trained(target, smaller, spec.training, len(learnt), losses)
    pruned.write(target)


def load_pruned(folder: ModelFolder, step: Path, sources: Sources) -> nn.Module:
    """The network that `prune` wrote into the folder `step`, ready to answer."""
    network = build_network(folder, sources)
    _apply(network, folder.recipe, Pruned.read(step).cuts)
    network.load_state_dict(torch.load(step / WEIGHTS_FILE, weights_only=True))
    return network.eval()


def cut(network: nn.Module, recipe: Recipe, share: float) -> tuple[nn.Module, Pruned]:
    """A copy without `share` of each layer, not trained any further. Raises `VariantError`."""
    _refuse_recurrent(network)
    smaller = copy.deepcopy(network)
    before, widths = cost_of(smaller, recipe), _widths(smaller)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # it warns where it guesses
            cuts = tuple(_cut(smaller, recipe, share))
        check_outputs(smaller, recipe)
    except RecipeError as error:
        raise VariantError(
            "The pruned network does not fit the recipe", why=f"{error.what}: {error.why}"
        ) from error
    except Exception as error:  # torch-pruning raises anything on what it cannot follow
        raise VariantError(
            "The network cannot be pruned",
            why=f"torch-pruning does not follow it: {first_line(error)}",
            mend="Leave pruning out of recipe.py, or distil a student.",
        ) from error
    lost = {
        name: (widths[name], width)
        for name, width in _widths(smaller).items()
        if width != widths[name]
    }
    pruned = Pruned(share, before, cost_of(smaller, recipe), lost, cuts)
    _require_less(pruned)
    return smaller, pruned


def _settings(folder: ModelFolder) -> Pruning:
    spec = folder.recipe.optimisation.pruning
    if spec is None:
        raise VariantError(
            f"{folder.name} is not to be pruned",
            why="recipe.py does not say how much and how it is trained after",
            mend="Set Optimisation(pruning=...) there.",
        )
    return spec


def _refuse_recurrent(network: nn.Module) -> None:
    for name, module in network.named_modules():
        if isinstance(module, nn.RNNBase):
            raise VariantError(
                "The network cannot be pruned",
                why=f"'{name}' is a recurrent layer ({type(module).__name__}), whose units feed "
                "themselves",
                mend="Leave pruning out of recipe.py, or distil a student.",
            )


def _require_less(pruned: Pruned) -> None:
    before, after = pruned.before, pruned.after
    gone = 1 - after.multiply_adds / before.multiply_adds
    if gone < LEAST * pruned.share or after.parameters >= before.parameters:
        raise VariantError(
            f"Pruning took {gone:.0%} of the multiply-adds and "
            f"{before.parameters - after.parameters} of {before.parameters} parameters",
            why=f"a share of {pruned.share:.0%} was asked for, and at least "
            f"{LEAST * pruned.share:.0%} of the multiply-adds must go",
            mend="Most layers could not be cut: leave pruning out of recipe.py, or distil.",
        )


def _cut(network: nn.Module, recipe: Recipe, share: float) -> Iterator[Cut]:
    """Cut the network itself; each cut is yielded when it is done."""
    inputs = _example_inputs(recipe)
    with _traceable(network):
        kept = [*_giving_outputs(_graph(network, inputs)), *_around_attention(network)]
        pruner = tp.pruner.BasePruner(
            network,
            inputs,
            importance=tp.importance.GroupMagnitudeImportance(p=2),
            pruning_ratio=share,
            ignored_layers=kept,
            num_heads=_heads(network),
            prune_num_heads=True,
            prune_head_dims=False,
            head_pruning_ratio=share,
            # The defaults of these two are shared by all pruners, which change them.
            in_channel_groups={},
            out_channel_groups={},
        )
        names = {module: name for name, module in network.named_modules()}
        for group in pruner.step(interactive=True):
            root, units = group[0].dep, tuple(int(unit) for unit in group[0].idxs)
            outputs = pruner.DG.is_out_channel_pruning_fn(root.handler)
            group.prune()
            yield Cut(names[root.target.module], outputs, units)


def _apply(network: nn.Module, recipe: Recipe, cuts: tuple[Cut, ...]) -> None:
    """Cut a fresh network as another was cut."""
    with _traceable(network):
        graph = _graph(network, _example_inputs(recipe))
        for each in cuts:
            layer = network.get_submodule(each.layer)
            pruner = graph.get_pruner_of_module(layer)
            how = pruner.prune_out_channels if each.outputs else pruner.prune_in_channels
            graph.get_pruning_group(layer, how, list(each.units)).prune()


def _graph(network: nn.Module, inputs: tuple[torch.Tensor, ...]) -> Any:
    return tp.DependencyGraph().build_dependency(network, inputs)


def _example_inputs(recipe: Recipe) -> tuple[torch.Tensor, ...]:
    arrays = examples(recipe.inputs, batch=2)
    return tuple(torch.from_numpy(arrays[spec.name]) for spec in recipe.inputs)


@contextmanager
def _traceable(network: nn.Module) -> Iterator[None]:
    """Tracing follows gradients, so every parameter gets one; then those that were without it and
    were not cut, which makes new ones of them, are without it again.
    """
    frozen = [each for each in network.parameters() if not each.requires_grad]
    network.requires_grad_(requires_grad=True)
    try:
        yield
    finally:
        for parameter in frozen:
            parameter.requires_grad = False


def _giving_outputs(graph: Any) -> Iterator[nn.Module]:
    """The layers whose units are the network's outputs: they reach what feeds nothing more."""
    for group in graph.get_all_groups():
        reached = (dep for dep, _ in group if graph.is_out_channel_pruning_fn(dep.handler))
        if any(not dep.target.outputs for dep in reached):
            yield group[0].dep.target.module


def _around_attention(network: nn.Module) -> Iterator[nn.Module]:
    """What writes the hidden state of a BERT. Every layer of it reads and adds to that state, so
    its width is left; of a layer's own, heads and feed-forward units, the share is taken.
    """
    for module in network.modules():
        if isinstance(module, BertEmbeddings | BertSelfOutput | BertOutput):
            yield module


def _heads(network: nn.Module) -> dict[nn.Module, int]:
    return {
        layer: module.num_attention_heads
        for module in network.modules()
        if isinstance(module, BertSelfAttention)
        for layer in (module.query, module.key, module.value)
    }


def _widths(network: nn.Module) -> dict[str, int]:
    """The outputs of convolutions and linear layers, by their names."""
    widths = {}
    for name, module in network.named_modules():
        if isinstance(module, nn.Linear):
            widths[name] = module.out_features
        elif isinstance(module, _ConvNd):
            widths[name] = module.out_channels
    return widths
