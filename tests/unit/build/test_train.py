import pytest
import torch

from slipway.build.train import WEIGHTS_FILE, train
from slipway.dataset import Sources


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
