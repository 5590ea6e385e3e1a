"""What a build leaves for the checks, and what is not that."""

import numpy as np
import pytest

from slipway.errors import IntegrityError
from slipway.questions import Questions

ARRAYS = {
    "input/image": np.ones((3, 2), np.float32),
    "reference/logits": np.zeros((3, 10), np.float32),
    "targets": np.arange(3),
    "metric": np.array("accuracy"),
    "exact": np.array(False),
}


def test_held_out_examples_are_read_as_the_build_leaves_them(tmp_path):
    np.savez(tmp_path / "holdout.npz", **ARRAYS)
    holdout = Questions.read(tmp_path / "holdout.npz")
    assert np.array_equal(holdout.inputs["image"], ARRAYS["input/image"])
    assert np.array_equal(holdout.reference["logits"], ARRAYS["reference/logits"])
    assert holdout.targets.tolist() == [0, 1, 2]
    assert (holdout.metric, holdout.exact) == ("accuracy", False)


@pytest.mark.parametrize("missing", ARRAYS)
def test_a_file_that_lacks_something_is_refused(tmp_path, missing):
    arrays = {name: array for name, array in ARRAYS.items() if name != missing}
    np.savez(tmp_path / "holdout.npz", **arrays)
    with pytest.raises(IntegrityError, match=r"scripts/build\.py"):
        Questions.read(tmp_path / "holdout.npz")


def test_a_file_that_is_not_there_or_no_archive_is_refused(tmp_path):
    (tmp_path / "text.npz").write_text("no archive")
    np.save(tmp_path / "single.npy", np.zeros(3))
    for name in ("absent.npz", "text.npz", "single.npy"):
        with pytest.raises(IntegrityError, match=name):
            Questions.read(tmp_path / name)
