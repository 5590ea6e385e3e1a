"""Small networks in ONNX: written by hand, or by the exporter from PyTorch."""

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import pytest
import torch
from onnx import numpy_helper, parser
from torch import Tensor, nn
from torch.nn import functional as F

from slipway.build.export import export
from slipway.recipe import Metric, Recipe, Training
from slipway.tensors import Array, TensorSpec

HEADER = '<ir_version: 10, opset_import: ["" : 20, "com.microsoft" : 1]>\n'
WIDTH, HEADS = 32, 2


@pytest.fixture
def onnx_file(tmp_path) -> Callable[..., Path]:
    """Writes a graph in ONNX's text form, with arrays for initialisers, to a file."""

    def write(graph: str, name: str = "model.onnx", **weights: Array) -> Path:
        model = parser.parse_model(HEADER + graph)
        tensors = [numpy_helper.from_array(array, key) for key, array in weights.items()]
        model.graph.initializer.extend(tensors)
        onnx.save(model, tmp_path / name)
        return tmp_path / name

    return write


@pytest.fixture(scope="session")
def run() -> Callable[[Path, Mapping[str, Array]], dict[str, Array]]:
    def answers(path: Path, inputs: Mapping[str, Array]) -> dict[str, Array]:
        session = ort.InferenceSession(path, providers=["CPUExecutionProvider"])
        names = [output.name for output in session.get_outputs()]
        return dict(zip(names, session.run(None, dict(inputs)), strict=True))

    return answers


class Transformer(nn.Module):
    """Two layers of attention over tokens that a mask lets through."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(50, WIDTH)
        self.layers = nn.ModuleList(Layer() for _ in range(2))
        self.head = nn.Linear(WIDTH, 3)

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        x = F.layer_norm(self.embedding(ids), (WIDTH,))
        for layer in self.layers:
            x = layer(x, mask[:, None, None, :].bool())
        return self.head(x[:, 0])


class Layer(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.projections = nn.ModuleList(nn.Linear(WIDTH, WIDTH) for _ in range(4))
        self.norms = nn.ModuleList(nn.LayerNorm(WIDTH) for _ in range(2))
        self.wide, self.narrow = nn.Linear(WIDTH, 2 * WIDTH), nn.Linear(2 * WIDTH, WIDTH)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        shape = (x.shape[0], x.shape[1], HEADS, WIDTH // HEADS)
        q, k, v = (p(x).view(shape).transpose(1, 2) for p in self.projections[:3])
        mask = mask.expand(-1, 1, x.shape[1], -1)
        mixed = F.scaled_dot_product_attention(q, k, v, attn_mask=mask)
        mixed = mixed.transpose(1, 2).reshape(x.shape)
        x = self.norms[0](x + self.projections[3](mixed))
        return self.norms[1](x + self.narrow(F.gelu(self.wide(x))))


class Convolutions(nn.Module):
    """As in a U-Net: down, up again, and beside it what was there before."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(1, 8, 3, padding=1)
        self.second = nn.Conv2d(8, 8, 3, padding=1)
        self.third = nn.Conv2d(8, 8, 1)
        self.up = nn.ConvTranspose2d(8, 8, 2, 2)
        self.merge = nn.Conv2d(16, 8, 3, padding=1)
        self.head = nn.Linear(8, 2)

    def forward(self, image: Tensor) -> Tensor:
        fine = F.relu(self.first(image))
        coarse = F.max_pool2d(fine, 2)
        coarse = F.relu(self.second(coarse) + coarse)
        coarse = F.relu(self.third(coarse))
        both = torch.cat([fine, self.up(coarse)], dim=1)
        return self.head(F.relu(self.merge(both)).mean(dim=(2, 3)))


class Recurrent(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(4, 16, batch_first=True)
        self.head = nn.Linear(16, 2)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.lstm(x)[0][:, -1])


def exported(network: nn.Module, path: Path, *inputs: TensorSpec) -> Path:
    recipe = Recipe(
        title="Small",
        inputs=inputs,
        outputs=(TensorSpec("scores", "FP32", (network.head.out_features,)),),
        training=Training(epochs=1, batch_size=2, learning_rate=0.1),
        metric=Metric("accuracy", floor=0.5),
    )
    export(network.eval(), recipe, path)
    return path


@pytest.fixture(scope="session")
def transformer(tmp_path_factory) -> Path:
    torch.manual_seed(0)
    tokens = (TensorSpec(name, "INT64", ("tokens",)) for name in ("ids", "mask"))
    return exported(Transformer(), tmp_path_factory.mktemp("small") / "transformer.onnx", *tokens)


@pytest.fixture(scope="session")
def convolutions(tmp_path_factory) -> Path:
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("small") / "convolutions.onnx"
    return exported(Convolutions(), path, TensorSpec("image", "FP32", (1, 8, 8)))


@pytest.fixture(scope="session")
def recurrent(tmp_path_factory) -> Path:
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("small") / "recurrent.onnx"
    return exported(Recurrent(), path, TensorSpec("x", "FP32", ("steps", 4)))


@pytest.fixture(scope="session")
def texts() -> list[dict[str, Array]]:
    """Padded to different lengths; the second row of each batch is all padding."""
    random = np.random.default_rng(0)
    batches = []
    for rows, tokens in ((3, 7), (2, 12), (5, 9)):
        lengths = random.integers(1, tokens, rows)
        lengths[1] = 0
        mask = (np.arange(tokens) < lengths[:, None]).astype(np.int64)
        batches.append({"ids": random.integers(1, 50, (rows, tokens)) * mask, "mask": mask})
    return batches


@pytest.fixture(scope="session")
def images() -> list[dict[str, Array]]:
    random = np.random.default_rng(0)
    return [{"image": random.normal(size=(8, 1, 8, 8)).astype(np.float32)} for _ in range(4)]


@pytest.fixture(scope="session")
def series() -> list[dict[str, Array]]:
    random = np.random.default_rng(0)
    return [{"x": random.normal(size=(4, 6, 4)).astype(np.float32)} for _ in range(3)]
