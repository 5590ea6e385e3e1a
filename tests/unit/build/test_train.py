from dataclasses import replace

import pytest
import torch

from slipway.build.train import WEIGHTS_FILE, _batches, train
from slipway.dataset import Sources
from slipway.errors import BuildError, DataError


class Stopped(BaseException):
    """As Ctrl-C is: no ordinary exception."""


def weights(folder):
    return torch.load(folder / WEIGHTS_FILE, weights_only=True)


def trained(tiny, folder, progress=lambda *_: None):
    folder.mkdir(exist_ok=True)
    train(
        tiny,
        Sources(),
        dict,
        target=folder,
        checkpoint=folder.parent / f"{folder.name}.checkpoint",
        progress=progress,
    )
    return weights(folder)


def test_training_that_was_stopped_ends_with_the_weights_of_one_that_was_not(tiny, tmp_path):
    def stop_in_the_fourth_epoch(done, total, note=""):
        if "epoch 4/" in note:
            raise Stopped

    with pytest.raises(Stopped):
        trained(tiny, tmp_path / "resumed", stop_in_the_fourth_epoch)
    assert not (tmp_path / "resumed" / WEIGHTS_FILE).exists()
    seen = []
    resumed = trained(tiny, tmp_path / "resumed", lambda d, t, note="": seen.append(note))
    straight = trained(tiny, tmp_path / "straight")
    assert seen[0].startswith("epoch 4/")
    assert all(torch.equal(resumed[name], straight[name]) for name in straight)


def test_a_damaged_checkpoint_means_starting_afresh(tiny, tmp_path):
    (tmp_path / "a.checkpoint").write_bytes(b"half a checkpoi")
    seen = []
    trained(tiny, tmp_path / "a", lambda d, t, note="": seen.append(note))
    assert seen[0].startswith("epoch 1/")


def test_progress_ends_at_its_total(tiny, tmp_path):
    seen = []
    trained(tiny, tmp_path / "a", lambda done, total, note="": seen.append((done, total)))
    assert seen[-1][0] == seen[-1][1] == len(seen)


def test_a_training_that_diverges_is_an_error_each_time_and_keeps_nothing_of_it(tiny, tmp_path):
    training = replace(tiny.recipe.training, learning_rate=1e30)
    wild = replace(tiny, recipe=replace(tiny.recipe, training=training))
    for _ in range(2):
        with pytest.raises(BuildError, match=r"The loss of epoch \d+ is .*Lower learning_rate"):
            trained(wild, tmp_path / "a")
    assert not (tmp_path / "a" / WEIGHTS_FILE).exists()


@pytest.mark.parametrize("size", [2, 7, 16, 1000])
def test_no_batch_is_a_single_row_and_every_row_is_in_one(size):
    for examples in range(2, 40):
        batches = [list(range(examples))[rows] for rows in _batches(examples, size)]
        assert [row for batch in batches for row in batch] == list(range(examples))
        assert all(2 <= len(batch) <= size + 1 for batch in batches)


def test_a_folder_is_refused_where_weights_are_a_file(tiny, tmp_path):
    with pytest.raises(DataError, match="tiny begins from a file of weights"):
        train(
            tiny,
            Sources(checkpoint=tmp_path),
            dict,
            target=tmp_path,
            checkpoint=tmp_path / "checkpoint",
            progress=lambda *_: None,
        )
