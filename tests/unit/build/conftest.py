"""The tiny model, and a way to change it: each test that does works on a copy."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from slipway.folder import ModelFolder, open_model
from slipway.progress import silent

TINY = Path(__file__).parents[2] / "data" / "model_repo" / "tiny"


@pytest.fixture(scope="session")
def built(tmp_path_factory) -> tuple[Path, list]:
    """The tiny model, built once: the workspace and what each step said."""
    from slipway.build.line import build

    workspace = tmp_path_factory.mktemp("workspace")
    return workspace, list(build(open_model("tiny", TINY.parent), workspace, silent))


@pytest.fixture
def tiny_text() -> ModelFolder:
    return open_model("tiny_text", TINY.parent)


@pytest.fixture
def tiny() -> ModelFolder:
    return open_model("tiny", TINY.parent)


@pytest.fixture
def changed(tmp_path) -> Callable[..., ModelFolder]:
    """A copy of the tiny model in which one text of one file is replaced."""

    def change(file: str, old: str, new: str) -> ModelFolder:
        folder = tmp_path / "models" / "tiny"
        if not folder.exists():
            shutil.copytree(TINY, folder, ignore=shutil.ignore_patterns("__pycache__"))
        text = (folder / file).read_text()
        assert old in text
        (folder / file).write_text(text.replace(old, new))
        return open_model("tiny", folder.parent)

    return change
