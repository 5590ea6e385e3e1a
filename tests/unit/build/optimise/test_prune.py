import json
from dataclasses import replace

import numpy as np
import onnx
import pytest
import torch
import torch.nn.functional as F
from torch import nn
from transformers import BertConfig, BertModel

from slipway.build.export import export
from slipway.build.minilm import embed
from slipway.build.network import load_network, predict
from slipway.build.optimise.prune import PRUNING_FILE, Pruned, cut, load_pruned, prune
from slipway.build.train import WEIGHTS_FILE, train
from slipway.dataset import Sources
from slipway.errors import VariantError
from slipway.metrics.classification import accuracy
from slipway.progress import silent
from slipway.recipe import Metric, Optimisation, Pruning, Recipe, Training
from slipway.tensors import TensorSpec

TRAINING = Training(epochs=2, batch_size=16, learning_rate=0.02)


def recipe_of(inputs, outputs):
    return Recipe(
        title="-", inputs=inputs, outputs=outputs, training=TRAINING, metric=Metric("accuracy", 0.0)
    )


POINTS = recipe_of((TensorSpec("point", "FP32", (4,)),), (TensorSpec("scores", "FP32", (3,)),))
IMAGES = recipe_of(
    (TensorSpec("image", "FP32", (1, 8, 8)),), (TensorSpec("mask", "FP32", (2, 8, 8)),)
)
TEXTS = recipe_of(
    (
        TensorSpec("input_ids", "INT64", ("tokens",)),
        TensorSpec("attention_mask", "INT64", ("tokens",)),
    ),
    (TensorSpec("logits", "FP32", (3,)),),
)


@pytest.fixture
def halved(tiny):
    optimisation = Optimisation(pruning=Pruning(0.5, TRAINING))
    return replace(tiny, recipe=replace(tiny.recipe, optimisation=optimisation))


@pytest.fixture
def network(tiny, tmp_path):
    train(tiny, Sources(), dict, target=tmp_path, checkpoint=tmp_path / "c", progress=silent)
    return load_network(tiny, tmp_path / WEIGHTS_FILE)


def pruned(folder, network, target, progress=silent):
    target.mkdir()
    prune(
        folder, Sources(), dict, network, target=target, checkpoint=target.parent / "checkpoint",
        progress=progress,
    )  # fmt: skip
    return Pruned.read(target)


def held_out(folder):
    return folder.function("data", "load")(Sources()).holdout


def weights_in(path):
    return sum(int(np.prod(tensor.dims)) for tensor in onnx.load(path).graph.initializer)


def test_what_is_pruned_is_gone_from_the_network_its_files_and_its_onnx(halved, network, tmp_path):
    said = pruned(halved, network, tmp_path / "a")
    assert said.widths == {"0": (16, 8)}
    assert said.before.multiply_adds == 2 * said.after.multiply_adds == 112
    assert (said.before.parameters, said.after.parameters) == (131, 67)
    smaller = load_pruned(halved, tmp_path / "a", Sources())
    for name, each in (("large", network), ("small", smaller)):
        export(each, halved.recipe, tmp_path / f"{name}.onnx")
    assert weights_in(tmp_path / "large.onnx") - weights_in(tmp_path / "small.onnx") == 64
    assert [tuple(p.shape) for p in network.parameters()] == [(16, 4), (16,), (3, 16), (3,)]
    held = held_out(halved)
    answers = predict(smaller, held.inputs, halved.recipe)
    assert accuracy(answers, held.targets).value > 0.9


def test_a_network_read_from_its_files_answers_as_the_one_that_was_pruned(
    halved, network, tmp_path, monkeypatch
):
    finished = []
    module = halved.module("network")
    monkeypatch.setattr(module, "finish", lambda net: finished.append(net.eval()), raising=False)
    pruned(halved, network, tmp_path / "a")
    read = load_pruned(halved, tmp_path / "a", Sources())
    held = held_out(halved)
    for name, answer in predict(finished[0], held.inputs, halved.recipe).items():
        assert (predict(read, held.inputs, halved.recipe)[name] == answer).all()
    assert not read.training


def test_the_units_with_the_least_weights_go(network):
    with torch.no_grad():
        for unit in (2, 5, 11, 13):
            network[0].weight[unit] *= 1e-3
            network[3].weight[:, unit] *= 1e-3
    _, said = cut(network, POINTS, 0.25)
    assert [(each.layer, each.outputs) for each in said.cuts] == [("0", True)]
    assert sorted(said.cuts[0].units) == [2, 5, 11, 13]


def test_pruning_that_was_stopped_ends_with_the_weights_of_one_that_was_not(
    halved, network, tmp_path
):
    class Stopped(BaseException):
        pass

    def stop(done, total, note=""):
        if "epoch 2/" in note:
            raise Stopped

    with pytest.raises(Stopped):
        pruned(halved, network, tmp_path / "stopped", stop)
    seen = []
    pruned(halved, network, tmp_path / "resumed", lambda d, t, note="": seen.append(note))
    assert seen[0].startswith("epoch 2/")
    (tmp_path / "checkpoint").unlink()
    pruned(halved, network, tmp_path / "straight")
    resumed, straight = (
        torch.load(tmp_path / name / WEIGHTS_FILE, weights_only=True)
        for name in ("resumed", "straight")
    )
    assert all(torch.equal(resumed[name], straight[name]) for name in straight)


class Coupled(nn.Module):
    """A residual way, a concatenation and a transposed convolution, as ResNets and U-Nets have."""

    def __init__(self):
        super().__init__()
        self.first = nn.Sequential(nn.Conv2d(1, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU())
        self.added = nn.Conv2d(8, 8, 3, padding=1)
        self.down = nn.Conv2d(8, 16, 2, 2)
        self.up = nn.ConvTranspose2d(16, 8, 2, 2)
        self.head = nn.Conv2d(16, 2, 1)

    def forward(self, image):
        x = self.first(image)
        x = x + self.added(x)
        return torch.sigmoid(self.head(torch.cat([x, self.up(F.relu(self.down(x)))], dim=1)))


def test_coupled_layers_are_cut_together_and_outputs_are_left():
    network = Coupled().eval()
    smaller, said = cut(network, IMAGES, 0.5)
    assert said.widths == {
        "first.0": (8, 4), "added": (8, 4), "down": (16, 8), "up": (8, 4)
    }  # fmt: skip
    assert smaller(torch.zeros(2, 1, 8, 8)).shape == (2, 2, 8, 8)
    assert said.after.multiply_adds < 0.4 * said.before.multiply_adds


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        config = BertConfig(
            vocab_size=20, hidden_size=16, num_hidden_layers=2, num_attention_heads=4,
            intermediate_size=32, max_position_embeddings=40,
        )  # fmt: skip
        self.encoder = BertModel(config, add_pooling_layer=False)
        self.head = nn.Linear(16, 3)

    def forward(self, input_ids, attention_mask):
        return self.head(embed(self.encoder, input_ids, attention_mask))


def test_of_a_bert_whole_heads_and_feed_forward_units_go_and_its_width_stays():
    network = Classifier().eval()
    smaller, said = cut(network, TEXTS, 0.5)
    layers = "encoder.encoder.layer"
    heads = {
        f"{layers}.{k}.attention.self.{n}": (16, 8)
        for k in (0, 1)
        for n in ("query", "key", "value")
    }
    assert said.widths == heads | {f"{layers}.{k}.intermediate.dense": (32, 16) for k in (0, 1)}
    for each in said.cuts:
        if each.layer.endswith("attention.output.dense"):
            of_heads = np.array(sorted(each.units)).reshape(2, 4)
            assert (of_heads == of_heads[:, :1] // 4 * 4 + np.arange(4)).all()
    ids, mask = torch.ones(2, 5, dtype=torch.int64), torch.ones(2, 5, dtype=torch.int64)
    assert smaller(ids, mask).shape == (2, 3)


def test_a_pruned_bert_is_exported_with_fewer_weights_for_any_length(tmp_path):
    network = Classifier().eval()
    smaller, said = cut(network, TEXTS, 0.5)
    for name, each in (("large", network), ("small", smaller)):
        export(each, TEXTS, tmp_path / f"{name}.onnx")
    gone = weights_in(tmp_path / "large.onnx") - weights_in(tmp_path / "small.onnx")
    assert gone > 0.95 * (said.before.parameters - said.after.parameters)


def test_layers_that_were_cut_are_trained_and_others_stay_frozen():
    network = Classifier().eval()
    network.encoder.requires_grad_(requires_grad=False)
    smaller, _ = cut(network, TEXTS, 0.5)
    trained = {name for name, value in smaller.named_parameters() if value.requires_grad}
    assert "encoder.encoder.layer.0.intermediate.dense.weight" in trained
    assert "encoder.embeddings.word_embeddings.weight" not in trained
    assert "head.weight" in trained
    assert not any(value.requires_grad for value in network.encoder.parameters())


def refused(network, recipe, match, share=0.5):
    with pytest.raises(VariantError, match=match):
        cut(network.eval(), recipe, share)


def test_a_network_of_which_nothing_can_go_is_refused():
    refused(nn.Sequential(nn.Linear(4, 3)), POINTS, "Pruning took 0% .* and 0 of 15 parameters")


def test_a_network_of_which_little_goes_is_refused():
    class Mostly(nn.Module):
        """The layer with nearly all of the work gives an output."""

        def __init__(self):
            super().__init__()
            self.small, self.large = nn.Linear(4, 2), nn.Linear(4, 300)
            self.last = nn.Linear(2, 3)

        def forward(self, point):
            return self.last(F.relu(self.small(point))), self.large(point)

    recipe = replace(POINTS, outputs=(*POINTS.outputs, TensorSpec("large", "FP32", (300,))))
    refused(Mostly(), recipe, "Pruning took [01]% .* at least 25% of the multiply-adds must go")


def test_recurrent_layers_are_refused_in_a_clear_line():
    refused(nn.LSTM(4, 3), POINTS, r"recurrent layer \(LSTM\)")


def test_a_network_that_fixes_a_width_is_refused():
    class Fixed(nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.last = nn.Linear(4, 16), nn.Linear(16, 3)

        def forward(self, point):
            return self.last(self.first(point).reshape(-1, 16)[: len(point)])

    refused(Fixed(), POINTS, "The pruned network does not fit the recipe: .* declared inputs")


def test_parameters_outside_of_layers_are_refused():
    class Scaled(nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.last = nn.Linear(4, 16), nn.Linear(16, 3)
            self.scale = nn.Parameter(torch.ones(16))

        def forward(self, point):
            return self.last(self.first(point) * self.scale)

    refused(Scaled(), POINTS, "torch-pruning does not follow it")


def test_a_recipe_that_does_not_ask_for_it_is_told_what_it_lacks(tiny, network, tmp_path):
    with pytest.raises(VariantError, match=r"Set Optimisation\(pruning=...\) there"):
        pruned(tiny, network, tmp_path / "a")


def test_pruning_json_says_what_went(halved, network, tmp_path):
    said = pruned(halved, network, tmp_path / "a")
    value = json.loads((tmp_path / "a" / PRUNING_FILE).read_bytes())
    assert value["widths"] == {"0": [16, 8]}
    assert value["share"] == 0.5
    assert value["after"]["multiply_adds"] == said.after.multiply_adds == 56
