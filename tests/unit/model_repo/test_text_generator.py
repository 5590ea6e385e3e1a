"""The text generator's folder: its texts, tokens, decoder, baseline, exhibits and client."""

import json
import re
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer
from transformers import LlamaConfig, LlamaForCausalLM
from tritonclient.grpc import service_pb2 as messages
from tritonclient.grpc import service_pb2_grpc as stubs
from tritonclient.utils import InferenceServerException

from slipway.build.network import build_network
from slipway.dataset import Data, Sources, Split
from slipway.duplicates import TEXTS_ALIKE, closest, texts
from slipway.errors import DataError
from slipway.exhibits import Bars, Lines, Passages, View, from_json, to_json
from slipway.folder import open_model
from slipway.metrics.language import perplexity
from slipway.tensors import to_bytes

FOLDER = open_model("text_generator", Path(__file__).parents[3] / "model_repo")
data, places, tokens, network, baseline, client = (
    FOLDER.module(name) for name in ("data", "places", "tokens", "network", "baseline", "client")
)
kneser_ney = FOLDER.module("kneser_ney")
CONTEXT = FOLDER.recipe.generation.context
VOCABULARY = FOLDER.module("recipe").VOCABULARY


@pytest.fixture(scope="module")
def shipped():
    return data.generated() + data.written()


@pytest.fixture(scope="module")
def loaded() -> Data:
    return data.load(Sources())


@pytest.fixture(scope="module")
def decoder():
    torch.manual_seed(0)
    return build_network(FOLDER).eval()


@pytest.fixture
def encoder():
    return tokens.Encoder.of(tokens.SHIPPED)


# ------------------------------------------------------------------------------------------ texts


def test_no_held_out_text_is_a_near_duplicate_of_one_learnt_from(shipped):
    pair = closest(texts(shipped.holdout, shipped.train))
    assert pair.likeness < TEXTS_ALIKE


def test_held_out_places_people_and_inns_have_names_that_training_never_saw():
    learnt, held = places.names("train"), places.names("holdout")
    for what in learnt:
        assert held[what]
        assert not set(learnt[what]) & set(held[what])
    texts = " ".join(data.generated().train)
    told = {text for what in held.keys() - {"stems"} for text in held[what]}
    assert not told & set(re.findall(r"\w+(?:-\w+)?", texts))
    words = places._words()
    endings = {ending for kind in words["kinds"] for ending in kind["endings"]}
    endings |= {ending for some in words["endings"].values() for ending in some}
    names = {stem + ending for stem in held["stems"] for ending in endings}
    assert not names & set(re.findall(r"\w+", texts))


def test_the_generator_gives_the_same_texts_again_and_no_text_twice():
    first, second = (list(places.documents("train", 50, seed=1)) for _ in range(2))
    assert first == second
    assert len(set(first)) == 50
    assert first != list(places.documents("train", 50, seed=2))


@given(seed=st.integers(0, 100_000))
@settings(max_examples=200)
def test_what_a_text_recalls_was_said_before(seed):
    rng = np.random.default_rng(seed)
    way, facts = places.invent(rng, "train")
    text = places.describe(rng, way, facts)
    assert not re.search(r"[{}\[\]|]|\b[Aa] [aeiou]|  | [.,;]", text)
    if f"{facts['total']} {facts['together']}" in text:
        recalled = text.index(f"{facts['total']} {facts['together']}")
        assert f"{facts['first']} {facts['ones']}" in text[:recalled]
        assert f"{facts['second']} {facts['others']}" in text[:recalled]
    for recalled in re.finditer(rf"{facts['day_before']} (evening|night)", text):
        assert facts["day"] in text[: recalled.start()]
    for recalled in re.finditer(rf"(costs|pay|comes to) {facts['double_fare']}\b", text):
        assert f"{facts['fare']} crowns" in text[: recalled.start()]
    her = {"she": "he", "he": "she"}[facts["she"]]
    assert not re.search(rf"\b{her}\b", text)


@given(seed=st.integers(0, 1000))
def test_sums_and_days_are_right(seed):
    numbers = places._words()["words"]["numbers"]
    _, facts = places.invent(np.random.default_rng(seed), "holdout")
    value = {word: number for number, word in enumerate(numbers, 1)}
    assert value[facts["first"]] + value[facts["second"]] == value[facts["total"]]
    assert 2 * value[facts["fare"]] == value[facts["double_fare"]]
    days = places._words()["words"]["days"]
    assert (days.index(facts["day"]) - days.index(facts["day_before"])) % 7 == 1
    assert (days.index(facts["day_after"]) - days.index(facts["day"])) % 7 == 1


def test_at_least_forty_texts_were_written_each_of_80_to_150_words():
    written = data.read_texts(data.WRITTEN)
    assert len(written) >= 40
    assert all(80 <= len(text.split()) <= 150 for text in written)
    split = data.written()
    assert sorted(split.train + split.holdout) == sorted(written)
    assert len(split.holdout) == round(data.HOLDOUT * len(written))


# -------------------------------------------------------------------------------- a user's texts


ALPHABET = " ".join("abcdefghijklmnopqrstuvwxyz")


def sentences(count, seed=0):
    rng = np.random.default_rng(seed)
    words = [f"w{k}" for k in range(300)]
    return [" ".join(rng.choice(words, 12)) for _ in range(count)]


def test_texts_come_from_a_file_with_blank_lines_a_folder_or_a_table(tmp_path):
    wanted = sentences(12)
    (tmp_path / "all.txt").write_text("\r\n\r\n".join(wanted) + "\n\n\n")
    (tmp_path / "all.csv").write_text("id,text\n" + "\n".join(f'1,"{text}"' for text in wanted))
    folder = tmp_path / "folder"
    folder.mkdir()
    for k, text in enumerate(wanted):
        (folder / f"{k:02}.txt").write_text(text + "\n\nSecond paragraph.\n")
    assert data.read_texts(tmp_path / "all.txt") == wanted
    assert data.read_texts(tmp_path / "all.csv") == wanted
    whole = [f"{text}\n\nSecond paragraph." for text in wanted]
    assert data.read_texts(folder) == whole
    brought = data.load(Sources(data=tmp_path / "all.csv"))
    assert len(brought.train) + len(brought.holdout) == 12


def test_near_duplicates_of_a_user_stay_together(tmp_path):
    different = sentences(30)
    near = [f"{text} {k}" for k, text in enumerate(different)]
    split = data.split(different + near)
    assert split.holdout
    assert closest(texts(split.holdout, split.train)).likeness < TEXTS_ALIKE


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("few.txt", b"one\n\ntwo", "2 different texts, and at least 10"),
        ("latin.txt", "\n\n".join(["é"] * 12).encode("latin-1"), "not UTF-8"),
        ("table.csv", b"label,words\na,b\n", "lacks the column text"),
        ("texts.json", b"[]", "holds no texts"),
        ("missing.txt", None, "No such file"),
        ("alike.txt", "\n\n".join(f"{ALPHABET} {k}" for k in range(12)).encode(), "held out"),
    ],
)
def test_what_is_not_texts_is_refused_in_one_line(tmp_path, name, content, said):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=said) as refused:
        data.load(Sources(data=tmp_path / name))
    assert "\n" not in str(refused.value)


# ----------------------------------------------------------------------------------------- tokens


def test_the_shipped_tokenizer_is_the_one_that_the_training_texts_give(shipped):
    again = json.loads(tokens.train_tokenizer(shipped.train).to_str())
    assert json.loads(tokens.SHIPPED.read_text()) == again
    assert len(again["model"]["vocab"]) == VOCABULARY


def test_padding_beginning_and_end_have_the_ids_that_recipe_and_network_use(decoder):
    tokenizer = Tokenizer.from_file(str(tokens.SHIPPED))
    config = network.decoder(decoder).config
    assert tokenizer.token_to_id(tokens.PAD) == FOLDER.recipe.inputs[0].fill == config.pad_token_id
    assert tokenizer.token_to_id(tokens.BEGIN) == config.bos_token_id
    assert tokenizer.token_to_id(tokens.END) == config.eos_token_id


@given(text=st.text(st.characters(exclude_categories=["Cs"]), max_size=40))
@settings(max_examples=50)
def test_any_text_comes_back_from_its_tokens(text):
    encoder = tokens.Encoder.of(tokens.SHIPPED)
    (ids,) = encoder.ids([text])
    assert (ids[0], ids[-1]) == (1, 2)
    assert encoder.text(ids) == text


def test_the_name_of_a_special_token_in_a_text_is_text(encoder):
    (ids,) = encoder.ids([f"a {tokens.END} b {tokens.PAD}"])
    assert ids.count(encoder.end) == 1
    assert 0 not in ids


@given(lengths=st.lists(st.integers(2, 900), min_size=1, max_size=5))
@settings(max_examples=50)
def test_windows_predict_each_token_once_with_at_least_half_a_context(lengths):
    rng = np.random.default_rng(sum(lengths))
    documents = [rng.integers(3, 1000, length).tolist() for length in lengths]
    split = tokens.windows(documents)
    ids, targets = split.inputs["input_ids"], split.targets
    assert ids.shape == targets.shape
    assert ids.shape[1] <= CONTEXT
    for row in range(len(ids)):
        at = np.flatnonzero(targets[row] != tokens.IGNORED)
        inside = at[at + 1 < np.count_nonzero(ids[row])]
        assert np.array_equal(targets[row, inside], ids[row, inside + 1])
        begins = any(ids[row, 0] == document[0] for document in documents)
        assert begins or at[0] + 1 >= CONTEXT // 2
    said = targets[targets != tokens.IGNORED].tolist()
    assert said == [token for document in documents for token in document[1:]]


def test_shipped_texts_fit_one_window_each(shipped, loaded):
    assert len(loaded.train) == len(shipped.train)
    assert len(loaded.holdout) == len(shipped.holdout)


def test_a_batch_is_cut_to_its_longest_text():
    ids = np.array([[5, 6, 0, 0], [7, 8, 9, 0]])
    cut = data.augment({"input_ids": ids}, np.random.default_rng(0))
    assert cut["input_ids"].tolist() == [[5, 6, 0], [7, 8, 9]]


# ---------------------------------------------------------------------------------------- network


@torch.inference_mode()
def test_no_token_sees_a_later_one_and_padding_changes_nothing(decoder):
    ids = torch.randint(3, VOCABULARY, (3, 41), generator=torch.Generator().manual_seed(1))
    whole = decoder(ids)
    assert whole.shape == (3, 41, VOCABULARY)
    changed = ids.clone()
    changed[:, 20:] = 0
    torch.testing.assert_close(decoder(changed)[:, :20], whole[:, :20], atol=1e-5, rtol=0)
    torch.testing.assert_close(decoder(ids[1:2, :20])[0], whole[1, :20], atol=1e-5, rtol=0)


@torch.inference_mode()
def test_the_decoder_for_the_export_is_the_network(decoder):
    ids = torch.arange(3, 40)[None]
    torch.testing.assert_close(network.decoder(decoder)(ids).logits, decoder(ids))


def test_the_loss_is_that_of_tokens_and_not_of_padding():
    logits = torch.zeros(2, 4, VOCABULARY)
    targets = torch.full((2, 6), tokens.IGNORED)
    targets[0, :3] = 5
    expected = np.log(VOCABULARY)
    assert network.loss({"logits": logits}, targets).item() == pytest.approx(expected)
    logits[0, 3] = 99.0
    assert network.loss({"logits": logits}, targets).item() == pytest.approx(expected)


def test_a_few_steps_of_training_lower_the_loss(loaded):
    torch.manual_seed(0)
    trained = network.build(Sources())
    optimiser = torch.optim.AdamW(trained.parameters(), lr=1e-3)
    ids = torch.from_numpy(loaded.train.inputs["input_ids"][:2, :64])
    targets = torch.from_numpy(loaded.train.targets[:2, :64])
    losses = []
    for _ in range(4):
        value = network.loss({"logits": trained(ids)}, targets)
        optimiser.zero_grad()
        value.backward()
        optimiser.step()
        losses.append(value.item())
    assert losses[-1] < losses[0] - 0.5


@pytest.fixture
def hugging_face(tmp_path, shipped):
    """A folder as Hugging Face saves a decoder, with a tokenizer of its own."""
    folder = tmp_path / "llama"
    config = LlamaConfig(
        vocab_size=VOCABULARY,
        hidden_size=16,
        intermediate_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
    )
    torch.manual_seed(3)
    LlamaForCausalLM(config).save_pretrained(folder)
    tokens.train_tokenizer(shipped.train[:40]).save(str(folder / "tokenizer.json"))
    (folder / "tokenizer_config.json").write_text(json.dumps({"eos_token": tokens.END}))
    return folder


def test_a_folder_of_hugging_face_brings_its_weights_and_its_tokenizer(hugging_face):
    sources = Sources(checkpoint=hugging_face)
    brought = build_network(FOLDER, sources)
    assert network.decoder(brought).config.hidden_size == 16
    again = LlamaForCausalLM.from_pretrained(hugging_face)
    torch.testing.assert_close(network.decoder(brought).lm_head.weight, again.lm_head.weight)
    assert network.tokenizer(sources) == hugging_face / "tokenizer.json"
    other, own = (data.load(each).train.inputs["input_ids"] for each in (sources, Sources()))
    assert not np.array_equal(other[:5, :20], own[:5, :20])


@pytest.mark.parametrize("missing", ["tokenizer.json", "tokenizer_config.json"])
def test_a_folder_without_its_tokenizer_is_refused(hugging_face, missing):
    (hugging_face / missing).unlink()
    with pytest.raises(DataError, match=f"lacks {missing}"):
        data.load(Sources(checkpoint=hugging_face))


def test_a_file_of_weights_goes_with_the_shipped_tokenizer(tmp_path):
    assert network.tokenizer(Sources(checkpoint=tmp_path / "weights.pt")) == tokens.SHIPPED


# --------------------------------------------------------------------------------------- baseline


def plain_kneser_ney(sequences, order):
    """The textbook's recursion with dictionaries; `sequences` begin with `order - 1` fillers."""
    counts = [defaultdict(int) for _ in range(order + 1)]
    for sequence in sequences:
        for end in range(order - 1, len(sequence)):
            counts[order][tuple(sequence[end - order + 1 : end + 1])] += 1
    for n in range(order - 1, 0, -1):
        for gram, count in counts[n + 1].items():
            counts[n][gram[1:]] += count if gram[0] == kneser_ney.NOTHING else 1

    def probability(context, token, size):
        n = len(context) + 1
        below = probability(context[1:], token, size) if n > 1 else 1 / size
        followers = {gram[-1]: c for gram, c in counts[n].items() if gram[:-1] == context}
        if not followers:
            return below
        taken = kneser_ney.discounts(np.array(list(counts[n].values())))
        total = sum(followers.values())
        free = sum(taken[min(c, 3) - 1] for c in followers.values()) / total
        count = followers.get(token, 0)
        left = (count - taken[min(count, 3) - 1]) / total if count else 0.0
        return left + free * below

    return probability


@given(seed=st.integers(0, 1000), order=st.integers(1, 4))
@settings(max_examples=25, deadline=None)
def test_kneser_ney_is_the_textbooks(seed, order):
    size, filler = 6, [kneser_ney.NOTHING] * (order - 1)
    rng = np.random.default_rng(seed)
    weights = rng.dirichlet(np.full(size, 0.5), size)
    sequences = []
    for _ in range(rng.integers(1, 8)):
        sequence = [0]
        for _ in range(rng.integers(2, 15)):
            sequence.append(int(rng.choice(size, p=weights[sequence[-1]])))
        sequences.append([*filler, *sequence])
    grams = np.array(
        [s[e - order + 1 : e + 1] for s in sequences for e in range(order - 1, len(s))]
    )
    model = kneser_ney.KneserNey(order, size).fit(grams[:, :-1], grams[:, -1])
    asked = np.concatenate([grams[:, :-1], rng.integers(0, size, (10, order - 1))])
    got = model.probabilities(asked)
    probability = plain_kneser_ney(sequences, order)
    wanted = [[probability(tuple(c), t, size) for t in range(size)] for c in asked.tolist()]
    np.testing.assert_allclose(got, wanted, rtol=1e-5)
    np.testing.assert_allclose(got.sum(axis=1), 1, rtol=1e-5)


def test_discounts_come_from_the_counts_of_counts():
    counts = np.repeat([1, 2, 3, 4], [40, 20, 10, 5])
    y = 40 / (40 + 2 * 20)
    wanted = [1 - 2 * y * 20 / 40, 2 - 3 * y * 10 / 20, 3 - 4 * y * 5 / 10]
    assert kneser_ney.discounts(counts) == pytest.approx(wanted)
    assert kneser_ney.discounts(np.array([1, 1, 2])) == pytest.approx(kneser_ney.FALLBACK)


@pytest.fixture(scope="module")
def small(loaded) -> Data:
    """Few texts to learn from; one generated and one written to be judged on."""
    return Data(loaded.train.take(slice(None, None, 15)), loaded.holdout.take([0, 1, -1]))


@pytest.fixture(scope="module")
def counted(small):
    return baseline.answer(small)


def test_the_baseline_gives_log_probabilities_of_every_token_at_every_position(small, counted):
    assert counted["logits"].shape == (*small.holdout.targets.shape, VOCABULARY)
    np.testing.assert_allclose(np.exp(counted["logits"]).sum(axis=-1), 1, atol=1e-4)
    assert perplexity(counted, small.holdout.targets).value < VOCABULARY / 10


def test_the_baseline_sees_four_tokens_of_the_same_text_and_no_later_one(small, counted):
    ids = small.holdout.inputs["input_ids"].copy()
    before = baseline.contexts(small.holdout)
    assert before[0, 0].tolist() == [-1, -1, -1, ids[0, 0]]
    assert before[1, 9].tolist() == ids[1, 6:10].tolist()
    ids[:, 30:] = 5
    changed = baseline.answer(Data(small.train, Split({"input_ids": ids}, small.holdout.targets)))
    assert np.array_equal(changed["logits"][:, :30], counted["logits"][:, :30])
    assert not np.array_equal(changed["logits"][:, 40], counted["logits"][:, 40])


# --------------------------------------------------------------------------------------- exhibits


def test_exhibits_show_curve_kinds_gains_and_samples(small, counted, encoder):
    """The 5-gram stands in for the decoder, sharpened so that it gains somewhere."""
    model = kneser_ney.KneserNey(baseline.ORDER, VOCABULARY)
    learnt = small.train.targets != tokens.IGNORED
    model.fit(baseline.contexts(small.train)[learnt], small.train.targets[learnt])

    def answer(inputs):
        before = baseline.contexts(Split(inputs, inputs["input_ids"]))[:, -1:]
        return {"logits": np.log(model.probabilities(before[:, 0]))[:, None]}

    view = View(small, {"logits": 1.5 * counted["logits"]}, counted, answer)
    shown = list(FOLDER.function("exhibits", "exhibits")(view))
    assert [type(each) for each in shown] == [Lines, Bars, Passages, Passages]
    assert [from_json(json.loads(json.dumps(to_json(each)))) for each in shown] == shown
    curve, kinds, gains, samples = shown
    assert [series.name for series in curve.series] == ["decoder", baseline.TITLE]
    assert [name.split(",")[0] for name, _ in kinds.rows] == ["generated"] * 2 + ["written"] * 2
    assert 1 <= len(gains.rows) <= 3
    assert len(samples.rows) == 3
    (whole,) = (encoder.text(row) for row in small.holdout.inputs["input_ids"][:1])
    begun, _, rest = samples.rows[0]
    assert whole.startswith(begun + rest)
    assert len(rest) > 100


def test_a_users_texts_are_one_kind(encoder):
    exhibits = FOLDER.module("exhibits")
    brought = tokens.windows(encoder.ids(sentences(4)))
    assert {kind: rows.sum() for kind, rows in exhibits._kinds(brought, encoder).items()} == {
        "all texts": 4
    }


# ----------------------------------------------------------------------------------------- client


class Streaming(stubs.GRPCInferenceServiceServicer):
    """A decoupled model that streams `pieces`, then the empty final answer, or else `error`."""

    def __init__(self):
        self.pieces: list[str] = []
        self.error = ""
        self.silent = False
        self.request = None

    def ModelStreamInfer(self, requests, context):  # noqa: N802 - the protocol's name
        for request in requests:
            self.request = request
            for piece in self.pieces:
                answer = messages.ModelInferResponse(model_name=request.model_name)
                array = np.array([piece], dtype=object)
                answer.outputs.add(name="text_output", datatype="BYTES", shape=[1])
                answer.raw_output_contents.append(to_bytes(array))
                answer.parameters["triton_final_response"].bool_param = False
                yield messages.ModelStreamInferResponse(infer_response=answer)
            if self.error:
                yield messages.ModelStreamInferResponse(error_message=self.error)
            elif not self.silent:
                last = messages.ModelInferResponse(model_name=request.model_name)
                last.parameters["triton_final_response"].bool_param = True
                yield messages.ModelStreamInferResponse(infer_response=last)


@pytest.fixture
def served():
    model = Streaming()
    server = grpc.server(ThreadPoolExecutor(max_workers=2))
    stubs.add_GRPCInferenceServiceServicer_to_server(model, server)
    address = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    server.start()
    yield model, address
    server.stop(grace=None).wait()


def test_the_client_streams_pieces_and_sends_what_was_asked_for(served):
    model, address = served
    model.pieces = ["Lark", "shire turns ", "süd."]
    asked = client.ask(address, "Ebbmouth", max_tokens=7, temperature=0.5, stop=["."])
    assert list(asked) == model.pieces
    names = [tensor.name for tensor in model.request.inputs]
    sent = dict(zip(names, model.request.raw_input_contents, strict=True))
    assert [list(tensor.shape) for tensor in model.request.inputs] == [[1]] * len(names)
    assert sent["text_input"][4:] == b"Ebbmouth"
    assert (sent["stream"], sent["exclude_input_in_output"]) == (b"\1", b"\1")
    said = json.loads(sent["sampling_parameters"][4:])
    assert said == {"max_tokens": 7, "temperature": 0.5, "stop": ["."]}


def test_the_client_raises_what_the_server_says(served):
    model, address = served
    model.pieces, model.error = ["Lark"], "the queue is full"
    answer = client.ask(address, "Ebbmouth")
    assert next(answer) == "Lark"
    with pytest.raises(InferenceServerException, match="the queue is full"):
        next(answer)


def test_the_client_does_not_wait_for_ever(served):
    model, address = served
    model.silent = True
    with pytest.raises(TimeoutError, match=r"nothing came for 0\.2 seconds"):
        list(client.ask(address, "Ebbmouth", idle_timeout_s=0.2))


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (["Larkshire turns ", "north. The train from Elmton goes at six."], ""),
        ([], "only 0 words"),
        (["Larkshire turns <|end|> north, and a train goes."], "special tokens"),
        (["the the the the the the the the the the"], "repeats itself"),
    ],
)
def test_the_smoke_test_tells_a_sensible_answer_from_a_broken_one(answer, said):
    assert (said in client.check(answer)) if said else client.check(answer) == ""


def test_the_client_imports_nothing_of_slipway():
    assert "slipway" not in (FOLDER.path / "client.py").read_text()
