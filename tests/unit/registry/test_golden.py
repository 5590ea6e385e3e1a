import json

import numpy as np
import pytest

from slipway import contract
from slipway.errors import IntegrityError, NotFound
from slipway.golden import Golden
from slipway.registry.golden import read_golden, released_golden
from slipway.registry.publish import publish
from slipway.registry.releases import promote
from slipway.registry.store import open_store
from tests.factories import packaged_model


def golden_json(factor):
    x = np.array([[1.0, 2.0]], np.float32)
    return json.dumps(Golden({"x": x}, {"y": factor * x}, 1e-4).to_json()).encode()


@pytest.fixture
def registry(tmp_path):
    """Two versions of a model, the first of them released to `local`."""
    store = open_store(str(tmp_path / "registry"))
    for factor in (2, 3):
        folder = tmp_path / f"package{factor}"
        packaged_model(folder, files={contract.GOLDEN_FILE: golden_json(factor)})
        publish(store, folder)
    promote(store, "local", "tiny", 1)
    return str(tmp_path / "registry")


def test_the_golden_request_is_that_of_the_released_version(registry):
    assert released_golden(registry, "local", "tiny").outputs["y"].tolist() == [[2.0, 4.0]]
    promote(open_store(registry), "local", "tiny", 2)
    assert released_golden(registry, "local", "tiny").outputs["y"].tolist() == [[3.0, 6.0]]


def test_a_model_that_is_not_released_has_none(registry):
    with pytest.raises(NotFound):
        released_golden(registry, "dev", "tiny")


def test_a_file_is_read_as_a_build_leaves_it(tmp_path):
    path = tmp_path / "golden.json"
    path.write_bytes(golden_json(2))
    assert read_golden(path).tolerance == pytest.approx(1e-4)


def test_a_file_that_is_absent_or_no_golden_request_is_refused(tmp_path):
    path = tmp_path / "golden.json"
    with pytest.raises(NotFound, match=r"golden\.json"):
        read_golden(path)
    for text in ("{", "{}"):
        path.write_text(text)
        with pytest.raises(IntegrityError):
            read_golden(path)
