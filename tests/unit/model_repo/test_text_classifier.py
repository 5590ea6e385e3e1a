"""The text classifier's folder: its data, a network of any BERT, what it is compared with."""

import csv
import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import BertConfig, BertModel

from slipway.build.export import export
from slipway.build.network import build_network, call, predict
from slipway.build.padding import extend, trim
from slipway.build.session import OnnxModel
from slipway.build.text import preparation
from slipway.dataset import Data, Sources, Split
from slipway.duplicates import TEXTS_ALIKE, closest, texts
from slipway.errors import DataError
from slipway.exhibits import Bars, Passages, View, from_json, to_json
from slipway.folder import open_model

FOLDER = open_model("text_classifier", Path(__file__).parents[3] / "model_repo")
TOPICS = FOLDER.module("recipe").TOPICS


@pytest.fixture(scope="module")
def shipped() -> Data:
    return FOLDER.module("data").load(Sources())


@pytest.fixture(scope="module")
def small_bert(tmp_path_factory) -> Sources:
    """A folder as Hugging Face saves a BERT, of one layer with random weights."""
    folder = tmp_path_factory.mktemp("bert")
    config = BertConfig(
        vocab_size=60,
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=128,
    )
    torch.manual_seed(0)
    model = BertModel(config, add_pooling_layer=False)
    save_file(model.state_dict(), folder / "model.safetensors")
    (folder / "config.json").write_text(json.dumps(config.to_dict()))
    vocabulary = {
        word: k for k, word in enumerate(["[PAD]", "[UNK]", *(f"w{n}" for n in range(58))])
    }
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.save(str(folder / "tokenizer.json"))
    return Sources(checkpoint=folder)


def sentences(*lengths, seed=0):
    rng = np.random.default_rng(seed)
    written = [" ".join(f"w{n}" for n in rng.integers(0, 58, length)) for length in lengths]
    return FOLDER.module("data").as_input(written)


def table(path, rows, header=("label", "text")):
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([header, *rows])
    return Sources(data=path)


def different_texts(each, labels=TOPICS):
    return [
        (label, f"{label}{n} tells of {label}{n}{n} again") for label in labels for n in range(each)
    ]


def refusal(sources) -> str:
    with pytest.raises(DataError) as caught:
        FOLDER.module("data").load(sources)
    return str(caught.value)


def test_a_quarter_of_each_topic_is_held_out_and_a_quarter_of_its_near_misses(shipped):
    hard = FOLDER.module("data").near_misses()
    held = shipped.holdout
    assert Counter(held.targets.tolist()) == dict.fromkeys(range(6), 25)
    near = Counter(
        int(target)
        for text, target in zip(held.inputs["text"][:, 0], held.targets, strict=True)
        if text in hard
    )
    assert near == dict.fromkeys(range(6), 6)
    assert len(shipped.train) == 450
    assert len(hard) == 150


def test_no_text_is_a_near_duplicate_of_a_held_out_one(shipped):
    train, held = (part.inputs["text"][:, 0] for part in (shipped.train, shipped.holdout))
    pair = closest(texts(train, held))
    assert pair.likeness < TEXTS_ALIKE / 4, (train[pair.left], held[pair.right])


def test_the_split_is_the_same_every_time(shipped):
    again = FOLDER.module("data").load(Sources())
    assert np.array_equal(again.holdout.inputs["text"], shipped.holdout.inputs["text"])


def test_every_shipped_text_is_held_by_the_longest_setting(shipped):
    prepared = preparation(FOLDER, Sources())(shipped.train.inputs)
    assert prepared["attention_mask"].sum(axis=1).max() < FOLDER.recipe.tokenizer.lengths[-1]


def test_a_users_near_duplicates_stay_on_one_side(tmp_path):
    rows = different_texts(8)
    copies = [(label, text.replace("again", "once more")) for label, text in rows]
    data = FOLDER.module("data").load(table(tmp_path / "own.csv", rows + copies))
    assert len(data.train) + len(data.holdout) == len(rows + copies)
    train, held = (part.inputs["text"][:, 0] for part in (data.train, data.holdout))
    assert closest(texts(train, held)).likeness < TEXTS_ALIKE
    assert set(data.holdout.targets) == set(data.train.targets) == set(range(6))


def test_a_table_with_an_unknown_label_is_refused(tmp_path):
    said = refusal(table(tmp_path / "own.csv", [*different_texts(4), ("weather", "rain")]))
    assert "has the label 'weather': the labels of the recipe are business, culture" in said
    assert said.endswith("Change TOPICS in recipe.py, or the table.")


def test_a_table_that_lacks_a_topic_or_has_it_once_is_refused(tmp_path):
    without = table(tmp_path / "own.csv", different_texts(4, TOPICS[1:]))
    assert "too few texts of the label 'business'" in refusal(without)
    rows = [*different_texts(4, TOPICS[1:]), *[("business", "the same text for all")] * 4]
    assert "too few texts of the label 'business'" in refusal(table(tmp_path / "own.csv", rows))


def test_a_table_without_a_column_of_labels_is_refused(tmp_path):
    rows = different_texts(4)
    assert "label" in refusal(table(tmp_path / "own.csv", rows, header=("topic", "text")))


def test_minilm_takes_the_place_of_the_encoder_unless_another_is_given(small_bert):
    assert build_network(FOLDER).encoder.config.num_hidden_layers == 6
    assert build_network(FOLDER, small_bert).encoder.config.num_hidden_layers == 1


def test_all_learns_from_a_batch_but_the_embeddings_and_the_lower_two_thirds():
    network = build_network(FOLDER)
    inputs = preparation(FOLDER, Sources())({"text": sentences(9, 3, 5, 7)})
    outputs = call(network, {n: torch.from_numpy(a) for n, a in inputs.items()}, FOLDER.recipe)
    FOLDER.function("network", "loss")(outputs, torch.tensor([0, 5, 2, 2])).backward()
    kept = ("encoder.embeddings.", *(f"encoder.encoder.layer.{n}." for n in range(4)))
    for name, parameter in network.named_parameters():
        learns = parameter.grad is not None and bool(parameter.grad.any())
        # A key's bias moves all scores of a softmax alike, so rounding alone is its gradient.
        if not name.endswith("key.bias"):
            assert learns != name.startswith(kept), name


def test_the_exported_file_answers_alone_as_in_a_batch_and_however_far_padded(small_bert, tmp_path):
    network = build_network(FOLDER, small_bert).eval()
    export(network, FOLDER.recipe, tmp_path / "model.onnx")
    model = OnnxModel(tmp_path / "model.onnx")
    inputs = preparation(FOLDER, small_bert)({"text": sentences(1, 41, 0, 6, 17)})
    expected = predict(network, inputs, FOLDER.recipe)["logits"]

    recipe = FOLDER.recipe
    together = model(inputs)["logits"]
    singles = [trim({n: a[k : k + 1] for n, a in inputs.items()}, recipe) for k in range(5)]
    alone = np.concatenate([model(single)["logits"] for single in singles])
    padded = model(extend(inputs, recipe.inputs, by=29))["logits"]
    assert singles[0]["input_ids"].shape == (1, 1)
    for answer in (together, alone, padded):
        np.testing.assert_allclose(answer, expected, atol=1e-5)


def test_the_baseline_answers_as_the_model_does_and_better_than_chance(shipped):
    answer = FOLDER.function("baseline", "answer")(shipped)["logits"]
    assert answer.shape == (150, 6)
    assert answer.dtype == np.float32
    assert (answer.argmax(axis=1) == shipped.holdout.targets).mean() > 0.5


def test_the_baseline_learns_nothing_from_the_held_out_targets(shipped):
    blind = Data(shipped.train, Split(shipped.holdout.inputs, shipped.holdout.targets * 0))
    answer = FOLDER.function("baseline", "answer")
    assert np.array_equal(answer(blind)["logits"], answer(shipped)["logits"])


def view(data, wrong=()):
    """A model that is sure and right but on the rows `wrong`; a baseline that says topic 0."""
    targets = data.holdout.targets
    said = targets.copy()
    for row in wrong:
        said[row] = (said[row] + 1) % 6
    return View(
        data=data,
        outputs={"logits": 4 * np.eye(6, dtype=np.float32)[said]},
        baseline={"logits": np.eye(6, dtype=np.float32)[targets * 0]},
        answer=lambda inputs: {"logits": np.eye(6, dtype=np.float32)[targets]},
    )


def test_the_exhibits_tell_near_misses_from_the_others(shipped):
    hard = FOLDER.module("data").near_misses()
    near = [k for k, text in enumerate(shipped.holdout.inputs["text"][:, 0]) if text in hard]
    (bars,) = [
        each
        for each in FOLDER.function("exhibits", "exhibits")(view(shipped, wrong=near[:9]))
        if isinstance(each, Bars)
    ]
    rows = dict(bars.rows)
    assert rows["near-misses (36), model"] == 0.75
    assert rows["the others (114), model"] == 1
    assert rows["the others (114), baseline"] == pytest.approx(1 / 6)


def test_the_exhibits_show_each_text_that_was_told_wrong(shipped):
    (passages,) = [
        each
        for each in FOLDER.function("exhibits", "exhibits")(view(shipped, wrong=[3]))
        if isinstance(each, Passages)
    ]
    target = shipped.holdout.targets[3]
    text, true, said, _ = passages.rows[0]
    assert len(passages.rows) == 1
    assert text == shipped.holdout.inputs["text"][3, 0]
    assert (true, said) == (TOPICS[target], TOPICS[(target + 1) % 6])


def test_the_exhibits_can_be_made_of_a_users_texts_and_of_a_model_that_is_always_right(tmp_path):
    data = FOLDER.module("data").load(table(tmp_path / "own.csv", different_texts(8)))
    made = list(FOLDER.function("exhibits", "exhibits")(view(data)))
    assert not any("near-miss" in name for name, _ in made[0].rows)
    for each in made:
        assert from_json(json.loads(json.dumps(to_json(each)))) == each


def test_reliability_is_the_distance_from_the_ideal():
    sure = (0.55, 0.65, 0.75, 0.85, 0.95)
    logits = np.log([(p, 1 - p) for p in sure for _ in range(20)])
    # Each bin is right less often than it says, by a tenth.
    targets = np.array([int(k >= round(20 * (p - 0.1))) for p in sure for k in range(20)])
    lines = FOLDER.module("exhibits").reliability(logits, targets)
    assert lines.series[0].x == pytest.approx(sure)
    assert lines.series[0].y == pytest.approx([p - 0.1 for p in sure])
    assert lines.note.endswith("Mean distance from the ideal: 0.100.")


def test_the_client_asks_for_the_label_of_one_text(triton):
    client = FOLDER.module("client")
    triton.outputs = {"logits": ("BYTES", np.array([["4.250000:4:sport"]], dtype=object))}
    answer = client.ask(triton.address, "Grüße")
    assert answer == ("sport", 4.25)
    (given,), (wanted,) = triton.request.inputs, triton.request.outputs
    assert (given.name, given.datatype, list(given.shape)) == ("text", "BYTES", [1, 1])
    assert triton.request.raw_input_contents[0][4:].decode() == "Grüße"
    assert wanted.parameters["classification"].int64_param == 1


def test_the_client_tells_a_sensible_answer_from_another():
    client = FOLDER.module("client")
    assert client.check(client.Topic("sport", 3.0)) == ""
    assert "culture" in client.check(client.Topic("culture", 3.0))
