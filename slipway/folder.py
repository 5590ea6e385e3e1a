"""A folder of the model repository: where each part of a model is found, the same in every one.

    README.md     the model card: what it is, its data, its figures, its limits
    recipe.py     RECIPE: the values of `slipway.recipe`, no PyTorch
    data.py       load(sources) -> Data;  augment(inputs, rng) -> inputs (optional)
    network.py    build(sources) -> torch.nn.Module;  loss(outputs, targets) -> a scalar tensor;
                  finish(network) (optional): what is computed once, after the last epoch;
                  tokenizer(sources) -> path of tokenizer.json (where the recipe takes text);
                  TAKES_FOLDERS = True where a checkpoint may be a Hugging Face folder;
                  decoder(network) -> the transformers model (where the recipe generates text)
    student.py    a smaller network that learns from the trained one (optional):
                  build(sources, teacher) -> torch.nn.Module;
                  distance(outputs, teachers_outputs, temperature) -> a scalar tensor;
                  teaching(teacher) (optional) -> what answers in the teacher's place in training
    baseline.py   TITLE;  answer(data) -> outputs on data.holdout, of something simpler
    exhibits.py   exhibits(view) -> what people of the field look at, for the report
    client.py     how a client calls the served model
    data/         the data, where some is shipped

Reading a recipe runs `recipe.py` alone, so it costs milliseconds.
"""

import difflib
import importlib
import importlib.util
import shutil
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, cast

from slipway.errors import RecipeError, UnknownModel
from slipway.files import staged_folder
from slipway.recipe import MODEL_NAME, Recipe


@dataclass(frozen=True)
class ModelFolder:
    """A folder of the model repository, with its recipe read."""

    name: str
    path: Path
    recipe: Recipe

    def module(self, name: str) -> ModuleType:
        """Import a part of this folder by its name, such as `network`."""
        return _import(self.path, name)

    def has(self, name: str) -> bool:
        """Whether the folder has that part; not every model needs every one."""
        return (self.path / f"{name}.py").is_file()

    def function(self, module: str, name: str) -> Callable[..., Any]:
        """A function that the folder must define; `RecipeError` where it does not."""
        found = getattr(self.module(module), name, None)
        if not callable(found):
            raise RecipeError(
                f"{self.path / module}.py does not define {name}()",
                why="every model folder does",
                mend="docs/add-a-model.md says what belongs where.",
            )
        return cast("Callable[..., Any]", found)

    @property
    def files(self) -> tuple[Path, ...]:
        """Every file of the folder that is not made by running it."""
        return tuple(
            path
            for path in sorted(self.path.rglob("*"))
            if path.is_file() and "__pycache__" not in path.parts
        )

    @property
    def training_sources(self) -> tuple[Path, ...]:
        """The files that decide what is trained, shipped data included."""
        return tuple(
            path for path in self.files if path.relative_to(self.path).as_posix() not in NOT_TRAINED
        )

    @property
    def constants(self) -> Mapping[str, Any]:
        """What `recipe.py` holds beside RECIPE for the other files, by its names in capitals."""
        held = vars(self.module("recipe"))
        return {name: held[name] for name in sorted(held) if name.isupper() and name != "RECIPE"}


NOT_TRAINED = frozenset(
    {"README.md", "recipe.py", "baseline.py", "exhibits.py", "client.py", "student.py"}
)
"""Files of a folder that change nothing in what is trained; of the recipe values count."""


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
    _require_name(name, root / name)
    path = (root / name).resolve()
    recipe = getattr(_import(path, "recipe"), "RECIPE", None)
    if not isinstance(recipe, Recipe):
        raise RecipeError(
            f"{path / 'recipe.py'} does not define RECIPE",
            why="a model folder says what it is with RECIPE = Recipe(...)",
        )
    return ModelFolder(name, path, recipe)


def copy_model(like: str, name: str, root: Path) -> ModelFolder:
    """Make `root/name` as a copy of `root/like` that calls itself by its new name.

    Raises `RecipeError` where it exists or cannot be named so.
    """
    source = open_model(like, root)
    target = root / name
    _require_name(name, target)
    if target.exists():
        raise RecipeError(f"{target} exists already", mend="Choose another name, or remove it.")
    with staged_folder(target) as staged:
        for path in source.files:
            copy = staged / path.relative_to(source.path)
            copy.parent.mkdir(parents=True, exist_ok=True)
            if path.suffix in {".py", ".md"}:
                copy.write_text(path.read_text("utf-8").replace(like, name), "utf-8")
            else:
                shutil.copyfile(path, copy)
    return open_model(name, root)


def _require_name(name: str, path: Path) -> None:
    if not MODEL_NAME.fullmatch(name):
        raise RecipeError(
            f"A model cannot be named '{name}'",
            why="a name begins with a lower-case letter and goes on with letters, digits and "
            "single _",
            mend=f"Rename the folder {path}.",
        )


def _import(folder: Path, name: str) -> ModuleType:
    """Import `folder/name.py` in a package of its own, so that it may import its siblings."""
    package = f"slipway_model_{folder.name}_{abs(hash(folder)):x}"
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
