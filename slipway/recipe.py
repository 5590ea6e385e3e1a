"""What a model folder says about its model: frozen values, validated when built.

A folder of `model_repo/` holds

    recipe.py    RECIPE: the values of this module, no PyTorch
    network.py   build() -> torch.nn.Module;  loss(outputs, targets) -> a scalar tensor
    data.py      load() -> Data;  augment(inputs, rng) -> inputs (optional)

Reading a recipe runs `recipe.py` alone, so it costs milliseconds.
"""

import difflib
import importlib
import importlib.util
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any, cast

from slipway.errors import RecipeError, UnknownModel
from slipway.tensors import Array, TensorSpec

MODEL_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
"""Also a Triton model name, a folder and a part of an object key."""


def _require(condition: bool, what: str, why: str) -> None:
    if not condition:
        raise RecipeError(what, why=why, mend="Correct it in recipe.py.")


@dataclass(frozen=True)
class Training:
    """How the network is trained: AdamW, one cycle up to `learning_rate` and down again."""

    epochs: int
    batch_size: int
    learning_rate: float
    weight_decay: float = 0.0
    seed: int = 0

    def __post_init__(self) -> None:
        _require(self.epochs >= 1, f"Training has epochs={self.epochs}", "at least 1 is needed")
        _require(
            self.batch_size >= 2,
            f"Training has batch_size={self.batch_size}",
            "batch normalisation needs at least 2",
        )
        _require(
            self.learning_rate > 0,
            f"Training has learning_rate={self.learning_rate}",
            "it must be positive",
        )


@dataclass(frozen=True)
class Metric:
    """The figure a model is judged by (a name of `slipway.metrics`) and the least it must reach."""

    name: str
    floor: float


@dataclass(frozen=True)
class Serving:
    """The policy from which Triton's configuration is written.

    `max_batch_size` bounds what the dynamic batcher joins; `batch_buckets` are warmed up before the
    model turns READY. `instances` is Triton's instance count, `threads` the ONNX Runtime threads of
    each (0: one per core). Requests wait at most `queue_delay_us` microseconds for company, and
    less where they make one of the `preferred_batch_sizes`. Half of what is under way at once is a
    good one on a CPU: while one half is computed the other is prepared, where batches that join
    whatever waits drift to a large and a small one in turn (on a 16 x 16
    ResNet-18: 5 % slower, 99th percentiles half as long again; at 32 x 32 no clear change).

    With `queue_size` and `queue_timeout_us` they are refused once so many are waiting, or after so
    long; 0 sets no limit. Either limit makes Triton stop preparing the next batch while one runs,
    and it then now and then overlooks a waiting request for half a second (measured on 2.51;
    triton-inference-server/server issue 8870 tells of the same part). So neither is set unless a
    recipe asks for it.
    """

    max_batch_size: int = 16
    batch_buckets: tuple[int, ...] = (1, 2, 4, 8, 16)
    preferred_batch_sizes: tuple[int, ...] = ()
    instances: int = 1
    threads: int = 0
    queue_delay_us: int = 0
    queue_size: int = 0
    queue_timeout_us: int = 0

    def __post_init__(self) -> None:
        at_least = {
            "max_batch_size": 1,
            "instances": 1,
            "threads": 0,
            "queue_delay_us": 0,
            "queue_size": 0,
            "queue_timeout_us": 0,
        }
        for name, least in at_least.items():
            value = getattr(self, name)
            _require(value >= least, f"Serving has {name}={value}", f"at least {least} is needed")
        buckets = self.batch_buckets
        _require(
            bool(buckets)
            and buckets == tuple(sorted(set(buckets)))
            and buckets[0] >= 1
            and buckets[-1] == self.max_batch_size,
            f"Serving has batch_buckets={buckets}",
            f"they rise from 1 or more to max_batch_size ({self.max_batch_size})",
        )
        preferred = self.preferred_batch_sizes
        _require(
            set(preferred) <= set(buckets) and preferred == tuple(sorted(set(preferred))),
            f"Serving has preferred_batch_sizes={preferred}",
            f"they rise, and are among the batch_buckets {buckets}, which are warmed up",
        )


@dataclass(frozen=True)
class Recipe:
    """Everything Slipway needs to know to take a model from PyTorch to a served endpoint.

    `parity` is the largest absolute difference allowed between PyTorch's answer and any later form
    of the model, the served one included.
    """

    title: str
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    training: Training
    metric: Metric
    parity: float = 1e-4
    serving: Serving = field(default_factory=Serving)

    def __post_init__(self) -> None:
        names = [t.name for t in (*self.inputs, *self.outputs)]
        _require(
            bool(self.inputs) and bool(self.outputs),
            "The recipe lacks inputs or outputs",
            "a served model has at least one of each",
        )
        _require(
            len(set(names)) == len(names),
            f"The recipe has the tensors {names}",
            "each name may be used once",
        )
        _require(self.parity > 0, f"The recipe has parity={self.parity}", "it must be positive")


@dataclass(frozen=True)
class Split:
    """Examples: for each input an array with the batch dimension first, and one target each."""

    inputs: Mapping[str, Array]
    targets: Array

    def __len__(self) -> int:
        return len(self.targets)

    def take(self, rows: Array | slice) -> "Split":
        return Split({n: a[rows] for n, a in self.inputs.items()}, self.targets[rows])


@dataclass(frozen=True)
class Data:
    """What the network learns from, and what only its evaluation may see."""

    train: Split
    holdout: Split


@dataclass(frozen=True)
class ModelFolder:
    """A folder of the model repository, with its recipe read."""

    name: str
    path: Path
    recipe: Recipe

    def module(self, name: str) -> ModuleType:
        """Import `network` or `data` of this folder."""
        return _import(self.path, name)

    def function(self, module: str, name: str) -> Callable[..., Any]:
        """A function that the folder must define; `RecipeError` where it does not."""
        found = getattr(self.module(module), name, None)
        if not callable(found):
            raise RecipeError(
                f"{self.path / module}.py does not define {name}()",
                why="every model folder does",
                mend="README.md, 'Add a model', says what belongs where.",
            )
        return cast("Callable[..., Any]", found)

    @property
    def sources(self) -> tuple[Path, ...]:
        """Every Python file of the folder: what decides, with the libraries, what is built."""
        return tuple(sorted(self.path.rglob("*.py")))


def model_names(root: Path) -> list[str]:
    """The models below `root`, in alphabetical order."""
    return sorted(path.parent.name for path in root.glob("*/recipe.py"))


def open_model(name: str, root: Path) -> ModelFolder:
    """Read `root/name/recipe.py`. Raises `UnknownModel` or `RecipeError`."""
    names = model_names(root)
    if name not in names:
        near = difflib.get_close_matches(name, names, n=3, cutoff=0.4)
        raise UnknownModel(
            f"There is no model '{name}' in {root}",
            why=f"the nearest names are: {', '.join(near)}"
            if near
            else f"it holds {', '.join(names) or 'no model folders'}",
        )
    if not MODEL_NAME.fullmatch(name):
        raise RecipeError(
            f"A model cannot be named '{name}'",
            why="a name begins with a lower-case letter and goes on with letters, digits and _",
            mend=f"Rename the folder {root / name}.",
        )
    path = (root / name).resolve()
    recipe = getattr(_import(path, "recipe"), "RECIPE", None)
    if not isinstance(recipe, Recipe):
        raise RecipeError(
            f"{path / 'recipe.py'} does not define RECIPE",
            why="a model folder says what it is with RECIPE = Recipe(...)",
        )
    return ModelFolder(name, path, recipe)


def _import(folder: Path, name: str) -> ModuleType:
    """Import `folder/name.py` in a package of its own, so that it may import its siblings."""
    package = f"slipway_models.{folder.name}_{abs(hash(folder)):x}"
    if package not in sys.modules:
        spec = importlib.util.spec_from_loader(package, loader=None, is_package=True)
        assert spec is not None
        module = importlib.util.module_from_spec(spec)
        module.__path__ = [str(folder)]
        sys.modules[package] = module
    try:
        return importlib.import_module(f"{package}.{name}")
    except RecipeError:
        raise
    except Exception as error:
        if isinstance(error, ModuleNotFoundError) and error.name == f"{package}.{name}":
            why = "there is no such file"
        else:
            why = f"{type(error).__name__}: {error}"
        raise RecipeError(f"{folder / name}.py cannot be read", why=why) from error
