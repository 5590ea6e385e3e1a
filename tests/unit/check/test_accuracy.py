import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.check.accuracy import load_holdout, mixed_slices
from slipway.errors import CheckError


@given(st.integers(0, 500), st.integers(1, 40))
def test_every_row_is_sent_once_and_in_order(total, largest):
    rows = np.arange(total)
    parts = [rows[part] for part in mixed_slices(total, largest)]
    assert np.array_equal(np.concatenate([rows[:0], *parts]), rows)
    assert all(1 <= len(part) <= largest for part in parts)


@given(st.integers(1, 24))
def test_with_enough_rows_every_size_occurs(largest):
    enough = largest * (largest + 1) // 2
    sizes = [part.stop - part.start for part in mixed_slices(enough, largest)]
    assert sorted(sizes) == list(range(1, largest + 1))


def test_held_out_examples_are_read_as_the_build_leaves_them(tmp_path):
    path = tmp_path / "holdout.npz"
    image, logits = np.ones((3, 2), np.float32), np.zeros((3, 10), np.float32)
    np.savez(path, **{"input/image": image, "reference/logits": logits, "targets": np.arange(3)})
    holdout = load_holdout(path)
    assert np.array_equal(holdout.inputs["image"], image)
    assert np.array_equal(holdout.reference["logits"], logits)
    assert holdout.targets.tolist() == [0, 1, 2]


@pytest.mark.parametrize("missing", ["input/image", "reference/logits", "targets"])
def test_a_file_that_lacks_something_is_refused(tmp_path, missing):
    arrays = {name: np.zeros(3) for name in ("input/image", "reference/logits", "targets")}
    del arrays[missing]
    np.savez(tmp_path / "holdout.npz", **arrays)
    with pytest.raises(CheckError, match=r"scripts/build\.py"):
        load_holdout(tmp_path / "holdout.npz")


def test_a_file_that_is_not_there_or_no_archive_is_refused(tmp_path):
    (tmp_path / "text.npz").write_text("no archive")
    for name in ("absent.npz", "text.npz"):
        with pytest.raises(CheckError, match=name):
            load_holdout(tmp_path / name)
