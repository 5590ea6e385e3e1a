"""A backend's `model.py` as Triton imports it."""

import importlib.util
import sys

import numpy as np
import pytest

from slipway.triton.environment import SHARED
from slipway.triton.server import BACKENDS
from tests import triton_python


@pytest.fixture
def load_backend(monkeypatch, tmp_path):
    """Call it with a backend's name for its `model.py`, imported anew: by its folder, beside what
    backends share and a `triton_python_backend_utils`, and as under numpy 1.
    """
    used = [BACKENDS / SHARED]
    monkeypatch.setitem(sys.modules, "triton_python_backend_utils", triton_python.utils(tmp_path))
    monkeypatch.syspath_prepend(BACKENDS / SHARED)
    monkeypatch.setattr(np, "__version__", "1.26.4")

    def load(name):
        folder = BACKENDS / name
        used.append(folder)
        monkeypatch.syspath_prepend(folder)
        spec = importlib.util.spec_from_file_location("backend_under_test", folder / "model.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    yield load
    triton_python.forget(*used)
