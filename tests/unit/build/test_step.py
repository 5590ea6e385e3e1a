"""Which libraries a step says it was made with."""

import importlib.metadata

import pytest

from slipway.build.step import versions


@pytest.fixture
def installed(monkeypatch):
    """As if these distributions were all that is installed."""

    def of(found):
        def version(name):
            if name not in found:
                raise importlib.metadata.PackageNotFoundError(name)
            return found[name]

        monkeypatch.setattr(importlib.metadata, "version", version)

    return of


def test_onnxruntime_gpu_counts_as_onnxruntime_and_is_another_ingredient(installed):
    installed({"onnxruntime-gpu": "1.32.0"})
    assert versions("onnxruntime") == {"onnxruntime": "1.32.0 (onnxruntime-gpu)"}
    installed({"onnxruntime": "1.32.0", "onnxruntime-gpu": "1.31.0"})
    assert versions("onnxruntime") == {"onnxruntime": "1.32.0"}


def test_a_library_that_is_missing_is_not_passed_over(installed):
    installed({"onnxruntime": "1.32.0"})
    with pytest.raises(importlib.metadata.PackageNotFoundError, match="torch"):
        versions("torch")
