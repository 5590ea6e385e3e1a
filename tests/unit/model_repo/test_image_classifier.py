"""The image classifier's folder: its data, its network, what it is compared with."""

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from slipway.build.network import build_network, call
from slipway.dataset import Data, Sources, Split
from slipway.duplicates import ARRAYS_ALIKE, arrays, closest
from slipway.errors import DataError
from slipway.exhibits import Pictures, View, from_json, to_json
from slipway.folder import open_model

FOLDER = open_model("image_classifier", Path(__file__).parents[3] / "model_repo")


@pytest.fixture(scope="module")
def shipped() -> Data:
    return FOLDER.module("data").load(Sources())


@pytest.fixture
def own(tmp_path, shipped):
    """Writes shipped scans as images, dark on light, below a folder for each digit."""

    def write(each, ink=lambda scan: 255 - scan * 15.9, digits=range(10)):
        for digit in digits:
            folder = tmp_path / "own" / str(digit)
            folder.mkdir(parents=True, exist_ok=True)
            rows = np.flatnonzero(shipped.train.targets == digit)[:each]
            for k, scan in enumerate(shipped.train.inputs["image"][rows, 0]):
                Image.fromarray(ink(scan).round().astype(np.uint8)).save(folder / f"{k}.png")
        return Sources(data=tmp_path / "own")

    return write


def refusal(sources) -> str:
    with pytest.raises(DataError) as caught:
        FOLDER.module("data").load(sources)
    return str(caught.value)


def test_the_held_out_scans_begin_with_a_sheet(shipped):
    held = shipped.holdout.targets
    order = [int(digit) for digit in "0123456789" * 3 + "09556509898417735100"]
    assert shipped.train.targets[:50].tolist() == order
    assert held[:50].tolist() == order
    assert (len(shipped.train), len(held)) == (1415, 382)
    assert min(Counter(held.tolist()).values()) >= 35


def test_no_scan_is_a_near_duplicate_of_a_held_out_one(shipped):
    train, held = (part.inputs["image"] for part in (shipped.train, shipped.holdout))
    assert closest(arrays(train, held)).likeness < ARRAYS_ALIKE


def test_a_held_out_scan_is_less_alike_to_any_sheet_of_training_than_to_its_own(shipped):
    train, held = (part.inputs["image"] for part in (shipped.train, shipped.holdout))
    sheets = [train[start : start + 129] for start in range(0, 1415, 129)]
    for sheet in (held[start : start + 127] for start in range(0, 382, 128)):
        own = np.array(list(arrays(sheet, sheet)))
        np.fill_diagonal(own, -1)
        nearest = [np.array(list(arrays(sheet, other))).max(axis=1).mean() for other in sheets]
        assert own.max(axis=1).mean() > max(nearest) + 0.02


def test_a_users_images_become_scans_of_the_same_form(own, shipped):
    data = FOLDER.module("data").load(own(each=10))
    images = np.concatenate([data.train.inputs["image"], data.holdout.inputs["image"]])
    assert images.shape == (100, 1, 8, 8)
    assert images.dtype == np.float32
    assert Counter(data.holdout.targets.tolist()) == dict.fromkeys(range(10), 2)
    for image in images:
        assert abs(shipped.train.inputs["image"] - image).max(axis=(1, 2, 3)).min() < 0.1


def test_a_users_copies_of_an_image_stay_on_one_side(own):
    sources = own(each=6)
    for path in sorted(sources.data.glob("*/*.png")):
        with Image.open(path) as image:
            image.resize((24, 24)).save(path.with_suffix(".jpg"), quality=95)
    data = FOLDER.module("data").load(sources)
    train, held = (part.inputs["image"] for part in (data.train, data.holdout))
    assert len(train) + len(held) == 120
    assert closest(arrays(train, held)).likeness < ARRAYS_ALIKE


def test_an_image_folder_with_an_unknown_label_is_refused(own):
    sources = own(each=3)
    (sources.data / "3").rename(sources.data / "three")
    assert "has the label 'three': the labels of the recipe are 0, 1, 2" in refusal(sources)


def test_an_image_folder_that_lacks_a_digit_or_has_it_once_is_refused(own):
    assert "too few images of the label '9'" in refusal(own(each=4, digits=range(9)))
    own(each=1, digits=[9])
    assert "too few images of the label '9'" in refusal(own(each=4, digits=range(9)))


def test_images_that_are_light_on_dark_are_refused(own):
    assert "light on dark" in refusal(own(each=3, ink=lambda scan: scan * 15.9))


def augmented(images, seed=0):
    augment = FOLDER.function("data", "augment")
    return augment({"image": images}, np.random.default_rng(seed))["image"]


def test_augmentation_moves_ink_by_about_a_pixel_and_adds_none(shipped):
    spots = np.zeros((500, 1, 8, 8), dtype=np.float32)
    spots[:, :, 4, 3] = 16
    moved = augmented(spots)
    assert moved.shape == spots.shape
    assert moved.dtype == np.float32
    assert 0 <= moved.min() <= moved.max() <= 16
    weight = moved[:, 0].sum(axis=(1, 2))
    rows = (moved[:, 0].sum(axis=2) @ np.arange(8)) / weight - 4
    columns = (moved[:, 0].sum(axis=1) @ np.arange(8)) / weight - 3
    for shift in (rows, columns):
        assert abs(shift.mean()) < 0.1
        assert 0.4 < shift.std() < 0.8
        assert abs(shift).max() < 1.6


def test_augmentation_without_chance_leaves_a_scan_as_it_is(shipped):
    class Still:
        def uniform(self, low, high, size):
            return np.zeros(size)

    images = shipped.train.inputs["image"][:20]
    augment = FOLDER.function("data", "augment")
    np.testing.assert_allclose(augment({"image": images}, Still())["image"], images, atol=1e-6)


def test_paper_lies_around_a_scan():
    full = np.full((50, 1, 8, 8), 16, dtype=np.float32)
    moved = augmented(full)
    np.testing.assert_allclose(moved[:, 0, 3:5, 3:5], 16)
    assert moved[:, 0, 0].min() < 8


def test_every_weight_learns_from_a_batch(shipped):
    network = build_network(FOLDER)
    batch = shipped.train.take(slice(0, 8))
    outputs = call(network, {"image": torch.from_numpy(batch.inputs["image"])}, FOLDER.recipe)
    FOLDER.function("network", "loss")(outputs, torch.from_numpy(batch.targets)).backward()
    assert [n for n, p in network.named_parameters() if p.grad is None or not p.grad.any()] == []


def test_the_baseline_answers_as_the_model_does_and_learns_nothing_from_held_out_targets(shipped):
    answer = FOLDER.function("baseline", "answer")
    logits = answer(shipped)["logits"]
    assert logits.shape == (382, 10)
    assert logits.dtype == np.float32
    assert 0.8 < (logits.argmax(axis=1) == shipped.holdout.targets).mean() < 0.95
    blind = Data(shipped.train, Split(shipped.holdout.inputs, shipped.holdout.targets * 0))
    assert np.array_equal(answer(blind)["logits"], logits)


def view(data, wrong=()):
    """A model that is sure and right but on the rows `wrong`, and says 0 to noise or a move."""
    images, targets = data.holdout.inputs["image"], data.holdout.targets
    scores = np.eye(10, dtype=np.float32)

    def answer(inputs):
        said = targets if np.array_equal(inputs["image"], images) else targets * 0
        return {"logits": scores[said]}

    said = targets.copy()
    for row in wrong:
        said[row] = (said[row] + 1) % 10
    return View(data, {"logits": 5 * scores[said]}, {"logits": scores[targets * 0]}, answer)


def test_the_exhibits_show_the_misread_scans_as_ink_on_paper(shipped):
    made = list(FOLDER.function("exhibits", "exhibits")(view(shipped, wrong=[4, 30])))
    (pictures,) = [each for each in made if isinstance(each, Pictures)]
    true = shipped.holdout.targets[4]
    assert any(name.startswith(f"{true} read as {(true + 1) % 10}") for name in pictures.columns)
    assert len(pictures.rows[0]) == len(pictures.columns) == 2
    darkest = np.unravel_index(shipped.holdout.inputs["image"][4, 0].argmax(), (8, 8))
    assert pictures.rows[0][0].pixels[darkest[0]][darkest[1]] == 0
    for each in made:
        assert from_json(json.loads(json.dumps(to_json(each)))) == each


def test_the_exhibits_measure_what_noise_and_a_move_cost(shipped):
    noise, move = list(FOLDER.function("exhibits", "exhibits")(view(shipped)))[:2]
    chance = (shipped.holdout.targets == 0).mean()
    assert noise.series[0].y == (1.0, *[pytest.approx(chance)] * 6)
    sideways, up_or_down = (dict(zip(s.x, s.y, strict=True)) for s in move.series)
    for by in (-1.0, 1.0):
        assert sideways[by] == up_or_down[by] == pytest.approx(chance)
    assert sideways[0.0] == up_or_down[0.0] == 1


@pytest.mark.parametrize(("by", "axis", "place"), [(2, 3, (4, 5)), (-3, 2, (1, 3)), (0, 2, (4, 3))])
def test_a_scan_is_moved_and_paper_comes_in(by, axis, place):
    image = np.zeros((1, 1, 8, 8))
    image[0, 0, 4, 3] = 16
    moved = FOLDER.module("exhibits").moved(image, by, axis)
    assert moved.shape == image.shape
    assert [tuple(at) for at in np.argwhere(moved)] == [(0, 0, *place)]


def test_the_client_asks_for_the_label_of_one_scan(triton):
    client = FOLDER.module("client")
    triton.outputs = {"logits": ("BYTES", np.array([["9.5:4:4"]], dtype=object))}
    assert client.ask(triton.address, client.EXAMPLE) == ("4", 9.5)
    (given,), (wanted,) = triton.request.inputs, triton.request.outputs
    assert (given.name, given.datatype, list(given.shape)) == ("image", "FP32", [1, 1, 8, 8])
    sent = np.frombuffer(triton.request.raw_input_contents[0], np.float32)
    assert np.array_equal(sent.reshape(8, 8), client.EXAMPLE)
    assert wanted.parameters["classification"].int64_param == 1


def test_the_clients_example_is_a_held_out_four(shipped):
    client = FOLDER.module("client")
    same = (shipped.holdout.inputs["image"][:, 0] == np.array(client.EXAMPLE)).all(axis=(1, 2))
    assert shipped.holdout.targets[same].tolist() == [4]
    assert client.check(client.Digit("4", 1.0)) == ""
    assert "9" in client.check(client.Digit("9", 1.0))
