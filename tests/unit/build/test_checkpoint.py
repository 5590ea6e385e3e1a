import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from slipway.build.checkpoint import load_state, resolve
from slipway.errors import DataError
from slipway.files import sha256_of


@pytest.fixture
def network():
    return nn.Linear(2, 3)


@pytest.mark.parametrize("suffix", [".pt", ".safetensors"])
def test_weights_come_from_either_kind_of_file(network, tmp_path, suffix):
    other, file = nn.Linear(2, 3), tmp_path / f"weights{suffix}"
    save = save_file if suffix == ".safetensors" else torch.save
    save(other.state_dict(), file)
    load_state(network, file)
    assert torch.equal(network.weight, other.weight)


def not_a_checkpoint(file):
    file.write_bytes(b"not a checkpoint")


def another_network(file):
    torch.save(nn.Linear(5, 3).state_dict(), file)


def code(file):
    torch.save({"weight": nn.Linear(2, 3)}, file)


@pytest.mark.parametrize(
    ("write", "said"),
    [
        (not_a_checkpoint, "cannot be read"),
        (another_network, "do not fit the network.*size mismatch for weight"),
        (code, "cannot be read.*more than plain tensors"),
    ],
)
def test_what_does_not_fit_is_refused_in_one_line(network, tmp_path, write, said):
    file = tmp_path / "weights.pt"
    write(file)
    with pytest.raises(DataError, match=said) as caught:
        load_state(network, file)
    assert "\n" not in str(caught.value)
    assert "weights_only" not in str(caught.value)  # nobody is told to run foreign code


def test_a_file_and_a_folder_are_taken_as_they_are(tmp_path):
    (tmp_path / "model.safetensors").write_bytes(b"x")
    assert resolve(str(tmp_path)) == tmp_path.resolve()
    assert resolve(str(tmp_path / "model.safetensors")).name == "model.safetensors"


def test_the_hash_is_that_of_the_file_or_of_the_only_weights_in_a_folder(tmp_path):
    file = tmp_path / "model.safetensors"
    file.write_bytes(b"x")
    right = sha256_of(file)
    assert resolve(str(file), right.upper()) == file.resolve()
    assert resolve(str(tmp_path), right) == tmp_path.resolve()
    with pytest.raises(DataError, match=f"its sha256 is {right}"):
        resolve(str(file), "0" * 64)
    (tmp_path / "another.safetensors").write_bytes(b"y")
    with pytest.raises(DataError, match="holds 2 files of weights"):
        resolve(str(tmp_path), right)


def test_what_is_nowhere_is_refused(monkeypatch):
    with pytest.raises(DataError, match="neither a file, nor a folder, nor a Hugging Face id"):
        resolve("nowhere")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(DataError, match="org/nothing@main cannot be fetched"):
        resolve("org/nothing@main")
