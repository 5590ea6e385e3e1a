"""The recommender: its shop, its visitors, the splits, the network, what users bring."""

import csv
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from slipway import exhibits as kinds
from slipway.build.network import build_network, call, check_outputs, predict
from slipway.build.padding import extend
from slipway.build.text import preparation
from slipway.dataset import Sources
from slipway.errors import DataError
from slipway.exhibits import View
from slipway.folder import open_model
from slipway.metrics.ranking import hit_rate

FOLDER = open_model("recommender", Path(__file__).parents[3] / "model_repo")
SHOP = FOLDER.module("shop")
VISITORS = FOLDER.module("visitors")
DATA = FOLDER.module("data")
RECIPE = FOLDER.recipe
NAMES = RECIPE.tokenizer.ids, RECIPE.tokenizer.mask


@pytest.fixture(scope="module")
def shipped():
    return DATA.load(Sources())


@pytest.fixture(scope="module")
def small(tmp_path_factory) -> Sources:
    """A shop of 32 items with 40 sessions, as a user brings it."""
    texts = [item.text for item in SHOP.items()[:32]]
    rng = np.random.default_rng(0)
    sessions = [rng.permutation(32)[: rng.integers(2, 7)].tolist() for _ in range(40)]
    return written(tmp_path_factory.mktemp("shop"), texts, sessions)


def written(folder: Path, texts: list[str], sessions: list[list[object]]) -> Sources:
    with (folder / "items.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["text"], *([text] for text in texts)])
    rows = [[f"s{k}", item] for k, items in enumerate(sessions) for item in items]
    with (folder / "sessions.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["session", "item"], *rows])
    return Sources(data=folder)


@pytest.fixture(scope="module")
def network(small):
    """With random weights behind BERT's, and its table filled."""
    torch.manual_seed(0)
    network = build_network(FOLDER, small)
    FOLDER.function("network", "finish")(network)
    return network.eval()


@pytest.fixture(scope="module")
def prepare(small):
    return preparation(FOLDER, small)


def history(*rows: list[str]) -> dict[str, np.ndarray]:
    texts = np.full((len(rows), max(1, *map(len, rows))), "", dtype=object)
    for k, row in enumerate(rows):
        texts[k, : len(row)] = row
    return {"history": texts}


# The shop and its visitors.


def test_each_text_says_what_the_item_is():
    items = SHOP.items()
    assert len({item.text for item in items}) == len(items) == 384
    for item in items:
        phrase, names = list(SHOP.PURSUITS.items())[item.pursuit]
        adjectives, features = SHOP.STYLES[item.style]
        title, described = item.text.split(". ", 1)
        assert title in {f"{adjective} {names[item.kind]}" for adjective in adjectives}
        assert described in {f"{f}, {phrase}{SHOP.SEASONS[item.season]}." for f in features}


def test_no_two_styles_share_a_word_to_be_known_by():
    words = [word for pair in SHOP.STYLES for part in pair for word in part]
    assert len(words) == len(set(words))


def test_the_catalogue_that_is_shipped_for_clients_is_the_shops():
    with (FOLDER.path / "data" / "items.csv").open(newline="") as file:
        assert tuple(row["text"] for row in csv.DictReader(file)) == DATA.catalogue(Sources())


def test_visits_are_the_same_every_time_and_others_with_another_seed():
    items = SHOP.items()
    assert VISITORS.visits(items, 1, 20) == VISITORS.visits(items, 1, 20)
    assert VISITORS.visits(items, 1, 20) != VISITORS.visits(items, 2, 20)


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=20, deadline=None)
def test_nobody_looks_at_an_item_twice_and_most_stay_with_their_tastes(seed):
    items = SHOP.items()
    visits = VISITORS.visits(items, seed, 40)
    assert all(len(visit) == len(set(visit)) for visit in visits)
    assert all(VISITORS.SHORTEST <= len(visit) <= VISITORS.LONGEST for visit in visits)
    styles = [[items[item].style for item in visit] for visit in visits]
    loyal = [max(map(row.count, row)) / len(row) for row in styles]
    assert np.mean(loyal) > 0.6


# Splits.


def closest(data) -> float:
    """The most that a held-out history and one of training share, with the same next item."""

    def examples(split):
        pairs = zip(data.histories(split), split.targets.tolist(), strict=True)
        return [(frozenset(seen), target) for seen, target in pairs]

    learnt: dict[int, list[frozenset[int]]] = {}
    for seen, target in examples(data.train):
        learnt.setdefault(target, []).append(seen)
    return max(
        len(seen & other) / len(seen | other)
        for seen, target in examples(data.holdout)
        for other in learnt.get(target, [frozenset()])
    )


def test_no_example_to_learn_from_is_nearly_a_held_out_one(shipped):
    assert len(shipped.holdout) == VISITORS.VISITORS * DATA.HOLDOUT
    assert 0.5 < closest(shipped) < DATA.VISITS_ALIKE


def test_a_first_look_is_learnt_from_nothing(shipped):
    lengths = [len(seen) for seen in shipped.histories(shipped.train)]
    assert lengths.count(0) == VISITORS.VISITORS * (1 - DATA.HOLDOUT)


def test_what_is_cut_off_a_long_history_makes_no_difference(tmp_path):
    """All have the same latest 20 items and the same next one, and differ in the oldest alone."""
    texts = [item.text for item in SHOP.items()[:80]]
    sessions = [[40 + k, *range(DATA.LONGEST + 1)] for k in range(30)]
    data = DATA.load(written(tmp_path, texts, sessions))
    assert closest(data) < DATA.VISITS_ALIKE


@given(st.lists(st.lists(st.integers(0, 3), min_size=2, max_size=4, unique=True), min_size=12))
@settings(max_examples=30, deadline=None)
def test_users_sessions_are_split_as_strictly(sessions):
    texts = [item.text for item in SHOP.items()[:12]]
    apart = [[4, 5], [5, 6], [6, 7], [7, 8]]
    with TemporaryDirectory() as folder:
        data = DATA.load(written(Path(folder), texts, sessions + apart))
    assert len(data.holdout) == round(DATA.HOLDOUT * len(sessions + apart))
    assert closest(data) < DATA.VISITS_ALIKE


def test_the_next_item_is_never_in_the_history(shipped):
    for split in (shipped.train, shipped.holdout):
        pairs = zip(shipped.histories(split), split.targets, strict=True)
        assert all(target not in seen for seen, target in pairs)


def test_an_example_that_repeats_a_held_out_one_is_left_out_of_training(tmp_path):
    """All visitors but one do the same, so that whoever is held out has a double."""
    texts = [item.text for item in SHOP.items()[:12]]
    data = DATA.load(written(tmp_path, texts, [[0, 1, 2]] * 11 + [[1, 0, 2]] * 11))
    assert len(data.holdout) == 2
    assert set(data.holdout.targets) == {2}
    assert 2 not in data.train.targets


def test_histories_are_oldest_first_and_keep_the_latest(tmp_path):
    texts = [item.text for item in SHOP.items()[:40]]
    data = DATA.load(written(tmp_path, texts, [list(range(30))] * 10))
    assert data.holdout.targets.tolist() == [29]
    assert data.histories(data.holdout) == [tuple(range(9, 29))]


# What users bring.


def test_a_second_look_at_an_item_is_no_new_item(tmp_path):
    texts = [item.text for item in SHOP.items()[:12]]
    data = DATA.load(written(tmp_path, texts, [[3, 3, 5, 3, 7, 5]] * 10))
    assert data.histories(data.holdout) == [(3, 5)]
    assert data.holdout.targets.tolist() == [7]


@pytest.mark.parametrize("item", ["32", "-1", "tent", "1.5", "²"])
def test_an_item_that_is_not_in_the_catalogue_is_refused(tmp_path, item):
    texts = [each.text for each in SHOP.items()[:32]]
    sources = written(tmp_path, texts, [[0, 1]] * 9 + [[0, item]])
    with pytest.raises(DataError, match=rf"session s9 has the item '{item}'.*0 to 31"):
        DATA.load(sources)


def test_two_items_with_one_text_are_refused(tmp_path):
    texts = [f"item number {k}" for k in range(20)] + ["Item  Number 3"]
    with pytest.raises(DataError, match="items 3 and 20 have the same text"):
        DATA.load(written(tmp_path, texts, [[0, 1]] * 10))


def test_items_that_differ_only_where_bert_no_longer_reads_are_refused(tmp_path):
    texts = [f"{k} {'long ' * 40}" for k in range(12)] + [f"{'long ' * 40} {k}" for k in range(2)]
    sources = written(tmp_path, texts, [[k, k + 1] for k in range(11)])
    DATA.load(sources)
    with pytest.raises(DataError, match="items 12 and 13 have the same first 32 tokens"):
        build_network(FOLDER, sources)


def test_a_catalogue_too_small_for_a_list_is_refused(tmp_path):
    texts = [f"item number {k}" for k in range(10)]
    with pytest.raises(DataError, match=r"it has 10 items. There must be more than the 10"):
        DATA.load(written(tmp_path, texts, [[0, 1]] * 10))


def test_too_few_sessions_with_two_items_are_refused(tmp_path):
    texts = [f"item number {k}" for k in range(20)]
    with pytest.raises(DataError, match="it has 9 sessions with two items or more"):
        DATA.load(written(tmp_path, texts, [[0, 1]] * 9 + [[4, 4]] * 5))


def test_sessions_that_are_all_the_same_are_refused(tmp_path):
    texts = [f"item number {k}" for k in range(20)]
    with pytest.raises(DataError, match="all sessions are like those that are held out"):
        DATA.load(written(tmp_path, texts, [[0, 1]] * 30))


def test_a_folder_without_its_tables_is_refused(tmp_path):
    with pytest.raises(DataError, match=r"items\.csv"):
        DATA.load(Sources(data=tmp_path))
    written(tmp_path, [f"item number {k}" for k in range(20)], [])
    with pytest.raises(DataError, match=r"sessions\.csv holds no rows"):
        DATA.load(Sources(data=tmp_path))


# The baseline.


def test_popularity_offers_what_was_looked_at_most_less_what_was_seen(shipped):
    outputs = FOLDER.function("baseline", "answer")(shipped)
    looks = np.bincount(shipped.train.targets, minlength=384)
    seen = shipped.histories(shipped.holdout)[0]
    best = [item for item in np.argsort(-looks, kind="stable") if item not in seen][:10]
    assert outputs["items"][0].tolist() == best
    assert outputs["items"].dtype == np.int64
    assert outputs["scores"].dtype == np.float32
    for items, history_ in zip(outputs["items"], shipped.histories(shipped.holdout), strict=True):
        assert not set(items) & set(history_)


def test_popularity_alone_is_far_under_half_of_the_floor(shipped):
    outputs = FOLDER.function("baseline", "answer")(shipped)
    assert hit_rate(outputs, shipped.holdout.targets).value < RECIPE.metric.floor / 2


# The network.


def test_what_was_seen_is_not_offered_and_chances_fall(network, small, prepare):
    data = DATA.load(small)
    answer = predict(network, prepare(data.holdout.inputs), RECIPE)
    for items, scores, seen in zip(
        answer["items"], answer["scores"], data.histories(data.holdout), strict=True
    ):
        assert not set(items) & set(seen)
        assert len(set(items)) == 10
        assert (np.diff(scores) <= 0).all()
        assert 0 < scores.sum() <= 1


@given(
    lengths=st.lists(st.integers(0, 6), min_size=1, max_size=4),
    further=st.integers(1, 11),
    seed=st.integers(0, 99),
)
@settings(max_examples=12, deadline=None)
def test_company_and_padding_change_no_answer(network, small, prepare, lengths, further, seed):
    catalogue, rng = DATA.catalogue(small), np.random.default_rng(seed)
    rows = [rng.choice(catalogue, size, replace=False).tolist() for size in lengths]
    rows[0] = ["a thing of no shop", *rows[0]]
    together = prepare(history(*rows))
    want = predict(network, together, RECIPE)
    padded = {n: torch.from_numpy(a) for n, a in extend(together, RECIPE.inputs, further).items()}
    with torch.inference_mode():
        got = call(network, padded, RECIPE)
    alone = [predict(network, prepare(history(row)), RECIPE) for row in rows]
    for name in ("items", "scores"):
        np.testing.assert_allclose(got[name].numpy(), want[name], atol=1e-6)
        np.testing.assert_allclose(
            np.concatenate([one[name] for one in alone]), want[name], atol=1e-6
        )


def test_what_was_seen_comes_last_where_nothing_else_is_left(tmp_path):
    texts = [item.text for item in SHOP.items()[:12]]
    sources = written(tmp_path, texts, [[k, k + 1] for k in range(11)])
    network = build_network(FOLDER, sources)
    FOLDER.function("network", "finish")(network)
    tokens = preparation(FOLDER, sources)(history(texts[:5]))
    answer = predict(network, tokens, RECIPE)
    assert set(answer["items"][0, :7]) == set(range(5, 12))
    assert set(answer["items"][0, 7:]) < set(range(5))
    assert answer["scores"][0, :7].sum() == pytest.approx(1.0)


def test_an_empty_text_between_others_is_skipped(network, small, prepare):
    first, second = DATA.catalogue(small)[:2]
    want = predict(network, prepare(history([first, second])), RECIPE)
    got = predict(network, prepare(history([first, "", second])), RECIPE)
    np.testing.assert_allclose(got["scores"], want["scores"], atol=1e-6)


def test_the_order_of_a_history_matters(network, small, prepare):
    texts = list(DATA.catalogue(small)[:4])
    there, back = (
        predict(network, prepare(history(row)), RECIPE)["scores"] for row in (texts, texts[::-1])
    )
    assert np.abs(there - back).max() > 1e-5


def test_the_same_words_in_other_letters_are_the_same_item(network, small, prepare):
    text = DATA.catalogue(small)[5]
    upper = predict(network, prepare(history([text.upper()])), RECIPE)
    assert 5 not in upper["items"]


def test_training_sees_the_vectors_that_serving_computes(network, small, prepare):
    tokens = prepare(history([*DATA.catalogue(small)[:5], ""], [DATA.catalogue(small)[9]]))
    ids, mask = (torch.from_numpy(tokens[name]) for name in NAMES)
    with torch.inference_mode():
        torch.testing.assert_close(network._remember(ids), network._read(ids, mask))


def test_a_few_steps_of_training_lower_the_loss_and_leave_bert_as_it_was(small, prepare):
    torch.manual_seed(0)
    network = build_network(FOLDER, small)
    loss_of = FOLDER.function("network", "loss")
    data = DATA.load(small)
    inputs = {n: torch.from_numpy(a) for n, a in prepare(data.train.inputs).items()}
    targets = torch.from_numpy(data.train.targets)
    learned = [p for p in network.parameters() if p.requires_grad]
    before = {n: t.clone() for n, t in network.bert.state_dict().items()}
    optimiser = torch.optim.AdamW(learned, lr=5e-3)
    losses = []
    for _ in range(12):
        loss = loss_of(call(network, inputs, RECIPE), targets)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert losses[-1] < 0.8 * losses[0]
    assert all(p.grad is not None and torch.isfinite(p.grad).all() for p in learned)
    assert not network.bert.training
    assert all(torch.equal(t, before[n]) for n, t in network.bert.state_dict().items())


def test_saved_weights_bring_their_table_along(network, small, prepare):
    again = build_network(FOLDER, small)
    again.load_state_dict(network.state_dict())
    tokens = prepare(DATA.load(small).holdout.inputs)
    want, got = (predict(each, tokens, RECIPE) for each in (network, again.eval()))
    assert np.array_equal(got["items"], want["items"])


def test_texts_of_the_shipped_shop_are_far_from_being_taken_for_each_other():
    shop = build_network(FOLDER)
    check_outputs(shop, RECIPE)
    shop.fill_table()
    likeness = (shop.table @ shop.table.T).fill_diagonal_(0)
    assert likeness.max() < 0.95 < FOLDER.module("network").SAME


# What is shown, and how clients ask.


def test_every_exhibit_is_made_and_survives_json(shipped):
    baseline = FOLDER.function("baseline", "answer")(shipped)

    asked = []

    def answer(inputs):
        asked.append([[text for text in row if text] for row in inputs["history"]])
        return {name: array[: len(inputs["history"])] for name, array in baseline.items()}

    view = View(shipped, outputs=baseline, baseline=baseline, answer=answer)
    shown = list(FOLDER.function("exhibits", "exhibits")(view))
    assert len(shown) == 7
    for exhibit in shown:
        assert kinds.from_json(kinds.to_json(exhibit)) == exhibit
    over_length = {series.name: series.y for series in shown[0].series}
    assert over_length["Popularity"][9] == hit_rate(baseline, shipped.holdout.targets).value
    assert over_length["Item neighbours"][9] > 2 * over_length["Popularity"][9]
    given = [[text for text in row if text] for row in shipped.holdout.inputs["history"][:200]]
    nothing, last, *_, all_of_it, first_word, _, _, _, _, _ = asked
    assert nothing == [[] for _ in given]
    assert last == [row[-1:] for row in given]
    assert all_of_it == given
    assert first_word == [[text.split()[0] for text in row] for row in given]
    assert all(a <= b for a, b in zip(over_length["model"], over_length["model"][1:], strict=False))


def test_the_clients_example_is_of_the_shop_and_its_check_can_fail():
    client = FOLDER.module("client")
    catalogue = DATA.catalogue(Sources())
    assert set(client.EXAMPLE) <= set(catalogue)
    camping = {k for k, text in enumerate(catalogue) if "for camping" in text}
    assert camping == set(client.CAMPING)
    offers = [client.Offer(item, 0.1) for item in range(10)]
    assert client.check(offers) == ""
    assert "0 of the first five" in client.check([client.Offer(40 + k, 0.1) for k in range(10)])


def test_engines_take_every_history_that_training_could_have_seen():
    (items,) = RECIPE.serving.ranges
    assert (items.name, items.least) == ("items", 1)
    assert VISITORS.SHORTEST <= items.likeliest < VISITORS.LONGEST
    assert items.most == 2 * DATA.LONGEST
