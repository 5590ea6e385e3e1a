import json
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy import ndimage

from slipway.build.export import export
from slipway.build.network import build_network, predict
from slipway.build.session import OnnxModel
from slipway.dataset import Data, Sources, Split
from slipway.duplicates import closest
from slipway.errors import DataError
from slipway.exhibits import Lines, Pictures, View, from_json, to_json
from slipway.folder import ModelFolder, open_model
from slipway.metrics.segmentation import dice
from slipway.tensors import max_difference

ROOT = Path(__file__).parents[3] / "model_repo"
FOLDER: ModelFolder = open_model("image_segmenter", ROOT)
SIDE = FOLDER.module("recipe").SIDE
MASKS = arrays.arrays(np.bool_, (12, 9))


def module(name: str) -> ModuleType:
    return FOLDER.module(name)


@pytest.fixture(scope="module")
def shipped() -> Data:
    return module("data").load(Sources())


@pytest.fixture(scope="module")
def few(shipped) -> Data:
    return Data(train=shipped.train.take(slice(0, 40)), holdout=shipped.holdout.take(slice(0, 24)))


@pytest.fixture
def network() -> torch.nn.Module:
    torch.manual_seed(0)
    return build_network(FOLDER)


# The scans


def test_no_held_out_scan_is_a_near_duplicate_of_one_learned_from(shipped):
    held, learned = (part.inputs["scan"][:, 0] for part in (shipped.holdout, shipped.train))
    assert closest(module("patterns").likeness(held, learned)).likeness < 0.45


def test_no_held_out_patient_has_a_tissue_as_coarse_or_fine_as_one_learned_from():
    learned, held = module("data").LEARNED, module("data").HELD
    assert learned.grain[1] < held.grain[0]
    assert learned.seed != held.seed


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("quarters", range(4))
def test_a_copy_is_recognised_turned_shifted_relit_and_noisier(few, quarters, mirrored):
    scans = few.train.inputs["scan"][:, 0]
    noise = np.random.default_rng(quarters).normal(0, 8, scans.shape)
    light = np.linspace(0.8, 1.2, SIDE)
    copies = np.rot90(np.roll(scans, 1, (1, 2)) * light * 1.3 - 20 + noise, quarters, (1, 2))
    copies = copies[:, :, ::-1] if mirrored else copies
    likeness = np.array(list(module("patterns").likeness(copies, scans)))
    assert np.array_equal(likeness > module("patterns").SCANS_ALIKE, np.eye(len(scans), dtype=bool))


def test_a_scan_is_the_same_however_many_are_drawn():
    scans, population = module("scans"), module("data").LEARNED
    for few, more in zip(scans.draw(population, 2, 64), scans.draw(population, 4, 64), strict=True):
        assert np.array_equal(few, more[:2])


def test_lesions_are_brighter_and_darker_small_and_large_and_some_scans_have_none(shipped):
    for part in (shipped.train.take(slice(0, 200)), shipped.holdout):
        scans, truth = part.inputs["scan"][:, 0], part.targets[:, 0]
        lesions = [
            lesion
            for scan, mask in zip(scans, truth, strict=True)
            for lesion in module("lesions").lesions_of(scan, mask)
        ]
        brighter = np.mean([lesion.contrast > 0 for lesion in lesions])
        sizes = np.percentile([lesion.diameter for lesion in lesions], [10, 90])
        assert 0.4 < brighter < 0.6
        assert sizes[0] < 11 < 20 < sizes[1]
        assert 0.05 < 1 - truth.any(axis=(1, 2)).mean() < 0.25


def test_scans_hold_whole_grey_values(few):
    scans = few.train.inputs["scan"]
    assert scans.dtype == np.float32
    assert np.array_equal(scans, scans.round())
    assert scans.min() >= 0
    assert scans.max() <= 255


# A user's own scans


@pytest.fixture
def bring(tmp_path, few):
    """Write scans in the documented format, changed as a test needs, and load them."""
    plain = {
        "scan": few.train.inputs["scan"][:, 0].astype(np.uint8),
        "mask": few.train.targets[:, 0].astype(np.uint8),
    }

    def load(**changed) -> Data:
        given = {name: array for name, array in {**plain, **changed}.items() if array is not None}
        np.savez(tmp_path / "own.npz", **given)
        return module("data").load(Sources(data=tmp_path / "own.npz"))

    load.plain = plain
    return load


def rows_of(part: Split, scans: np.ndarray) -> set[int]:
    """Which of `scans` a part holds."""
    return {int(np.flatnonzero((scans == s[0]).all((1, 2)))[0]) for s in part.inputs["scan"]}


def test_scans_of_a_user_are_split_the_same_way_every_time(bring):
    data, scans = bring(), bring.plain["scan"]
    train, holdout = rows_of(data.train, scans), rows_of(data.holdout, scans)
    assert train | holdout == set(range(40))
    assert len(data.holdout) == 8
    assert not train & holdout
    assert rows_of(bring().holdout, scans) == holdout
    assert data.train.inputs["scan"].dtype == np.float32
    assert data.train.targets.dtype == np.bool_


def test_masks_may_hold_0_and_255_and_scans_any_unit(bring):
    plain, other = bring(), bring(mask=bring.plain["mask"] * 255, scan=bring.plain["scan"] / 1000)
    assert np.array_equal(plain.holdout.targets, other.holdout.targets)


def test_scans_of_one_patient_stay_together(bring):
    patient = np.array([f"patient {k // 3}" for k in range(40)])
    data, scans = bring(patient=patient), bring.plain["scan"]
    train, holdout = (
        set(patient[list(rows_of(part, scans))]) for part in (data.train, data.holdout)
    )
    assert holdout
    assert not train & holdout


@pytest.mark.parametrize("patient", [None, np.arange(40) // 2])
def test_copies_of_a_scan_stay_on_the_side_of_their_patient(bring, patient):
    scans, masks = (
        np.concatenate([array[:20], np.rot90(array[:20], 1, (1, 2))])
        for array in (bring.plain["scan"], bring.plain["mask"])
    )
    data = bring(scan=scans, mask=masks, patient=patient)
    train, holdout = rows_of(data.train, scans), rows_of(data.holdout, scans)
    assert holdout
    assert {row % 20 for row in train}.isdisjoint(row % 20 for row in holdout)


def test_scans_with_lesions_and_without_are_held_out(bring):
    masks = bring.plain["mask"].copy()
    masks[::4] = 0
    with_lesion = (masks.any(axis=(1, 2))).sum()
    data = bring(mask=masks)
    found = data.holdout.targets.any(axis=(1, 2, 3))
    assert found.sum() == round(0.2 * with_lesion)
    assert (~found).sum() == round(0.2 * (40 - with_lesion))


def changed(array: np.ndarray, value: float) -> np.ndarray:
    other = array.astype(np.float64)
    other[3, 5, 5] = value
    return other


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda plain: {"mask": None}, "lacks the array mask"),
        (lambda plain: {"scan": plain["scan"][:, :64, :64]}, "(40, 64, 64)"),
        (lambda plain: {"mask": plain["mask"][:7]}, "{'scan': 40, 'mask': 7}"),
        (lambda plain: {"mask": changed(plain["mask"], 2)}, "mask holds 0.0, 1.0, 2.0"),
        (lambda plain: {"mask": plain["mask"] * 0}, "mask holds 0."),
        (lambda plain: {"mask": changed(plain["mask"], np.nan)}, "mask holds"),
        (lambda plain: {"scan": plain["scan"].astype("U3")}, "not grey values"),
        (lambda plain: {"scan": plain["scan"][[0] * 40]}, "of 1 patients or groups"),
        (lambda plain: {"scan": changed(plain["scan"], np.inf)}, "scan 3 (counted from 0)"),
        (lambda plain: {"scan": plain["scan"] * (np.arange(40) != 6)[:, None, None]}, "scan 6"),
        (lambda plain: {"patient": np.arange(39)}, "patient has the shape (39,)"),
        (lambda plain: {"patient": np.zeros(40)}, "of 1 patients or groups"),
    ],
)
def test_what_does_not_fit_is_refused_in_one_line(bring, change, said):
    with pytest.raises(DataError) as caught:
        bring(**change(bring.plain))
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_of_another_format_is_refused(tmp_path):
    (tmp_path / "scans.csv").write_text("scan,mask\n1,2\n")
    with pytest.raises(DataError, match=r"It is a \.npz file with the arrays scan \(n, 96, 96\)"):
        module("data").load(Sources(data=tmp_path / "scans.csv"))


# The network


def test_gain_and_offset_of_the_scanner_change_no_answer(network, few):
    scan = few.holdout.inputs["scan"]
    plain = predict(network, {"scan": scan}, FOLDER.recipe)
    for gain, offset in ((1 / 255, 0), (16, -1024)):
        other = {"scan": (gain * scan + offset).astype(np.float32)}
        assert max_difference(plain, predict(network, other, FOLDER.recipe)) < 0.01


def test_a_blank_scan_has_an_answer(network):
    blank = np.full((1, 1, SIDE, SIDE), 140, dtype=np.float32)
    assert np.isfinite(predict(network, {"scan": blank}, FOLDER.recipe)["mask"]).all()


def test_the_loss_falls_with_a_better_mask_and_is_finite_without_lesions():
    loss = module("network").loss
    truth = torch.zeros(2, 1, 8, 8, dtype=torch.bool)
    truth[0, 0, 2:5, 2:5] = True
    unsure, right, wrong = (torch.full(truth.shape, 0.5), truth.float(), 1 - truth.float())
    losses = [float(loss({"mask": mask}, truth)) for mask in (right, unsure, wrong)]
    assert losses == sorted(losses)
    assert losses[0] == pytest.approx(0, abs=1e-6)
    assert np.isfinite(float(loss({"mask": unsure}, torch.zeros_like(truth))))


def test_a_few_steps_lower_the_loss(network):
    scans, truth = (
        torch.from_numpy(array[:, None])
        for array in module("scans").draw(module("data").LEARNED, 8, 48)
    )
    optimiser = torch.optim.AdamW(network.parameters(), lr=4e-3)
    losses = []
    for _ in range(12):
        loss = module("network").loss({"mask": network(scans)}, truth)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert losses[-1] < 0.85 * losses[0]


def test_the_exported_file_answers_as_pytorch_does_at_any_batch(network, few, tmp_path):
    with torch.no_grad():
        network.train()
        network(torch.from_numpy(few.train.inputs["scan"][:8]))  # moves the batch statistics
    export(network.eval(), FOLDER.recipe, tmp_path / "model.onnx")
    model = OnnxModel(tmp_path / "model.onnx")
    for batch in (1, 3, 8):
        scans = {"scan": few.holdout.inputs["scan"][:batch]}
        wanted = predict(network, scans, FOLDER.recipe)
        assert max_difference(wanted, model(scans)) < FOLDER.recipe.parity
        alone = predict(network, scans, FOLDER.recipe, batch=1)
        assert max_difference(wanted, alone) < FOLDER.recipe.parity


# Otsu's threshold


@given(st.lists(st.integers(0, 30), min_size=2, max_size=60).filter(lambda v: len(set(v)) > 1))
def test_otsus_threshold_leaves_the_least_variance_within_its_two_classes(values):
    grey = np.array(values, dtype=np.float64)
    found = module("baseline").threshold(grey)

    def within(at: float) -> float:
        return sum(c.var() * len(c) for c in (grey[grey <= at], grey[grey > at]) if len(c))

    assert within(found) == pytest.approx(min(within(value) for value in set(values)))


def test_a_threshold_fails_on_the_held_out_scans(shipped):
    answer = module("baseline").answer(shipped)
    assert answer["mask"].shape == shipped.holdout.targets.shape
    assert answer["mask"].dtype == np.float32
    assert dice(answer, shipped.holdout.targets).value < 0.5


# Exhibits


@given(MASKS)
@settings(deadline=None)
def test_lesions_are_the_connected_parts_of_a_mask(mask):
    lesions = list(module("lesions").lesions_of(np.zeros(mask.shape), mask))
    parts, count = ndimage.label(mask, structure=np.ones((3, 3)))
    found = {lesion.pixels.tobytes() for lesion in lesions}
    assert found == {(parts == part).tobytes() for part in range(1, count + 1)}


@given(MASKS, st.integers(1, 4))
def test_a_widened_mask_reaches_so_many_pixels_further(mask, by):
    wanted = ndimage.binary_dilation(mask, np.ones((3, 3)), iterations=by)
    assert np.array_equal(module("lesions").widened(mask, by), wanted)


def test_contrast_and_size_of_a_lesion_are_measured():
    rows, columns = np.mgrid[:40, :40]
    disc = np.hypot(rows - 20, columns - 18) < 6
    (lesion,) = module("lesions").lesions_of(100 - 30.0 * disc, disc)
    assert lesion.contrast == pytest.approx(-30)
    assert lesion.diameter == pytest.approx(12, rel=0.05)


def test_a_lesion_is_judged_by_what_touches_it():
    measure, mask = module("lesions"), np.zeros((20, 20), dtype=bool)
    mask[2:6, 2:6] = True
    (lesion,) = measure.lesions_of(np.zeros(mask.shape), mask)
    far, wide = mask.copy(), mask.copy()
    far[12:16, 12:16] = True
    wide[2:6, 6:10] = True
    assert measure.dice_of_lesion(lesion, far) == 1
    assert measure.dice_of_lesion(lesion, wide) == pytest.approx(2 * 16 / (16 + 32))
    assert measure.dice_of_lesion(lesion, ~mask) == 0


def test_exhibits_show_a_perfect_model_as_perfect_and_survive_json(few):
    outputs = {"mask": few.holdout.targets.astype(np.float32)}
    baseline = module("baseline").answer(few)
    shown = list(module("exhibits").exhibits(View(few, outputs, baseline, lambda _: outputs)))
    assert [from_json(json.loads(json.dumps(to_json(each)))) for each in shown] == shown
    assert isinstance(shown[0], Pictures)
    assert len(shown[0].rows) == 3
    lines = [each for each in shown if isinstance(each, Lines)]
    assert len(lines) == 4
    for each in lines:
        assert set(each.series[0].y) == {1.0}
    for each in (lines[0], lines[2], lines[3]):
        assert min(each.series[1].y) < 0.6
        assert each.series[1].name == "Otsu's threshold"


def test_exhibits_are_made_of_a_model_that_finds_nothing(few):
    nothing = {"mask": np.zeros(few.holdout.targets.shape, dtype=np.float32)}
    shown = list(module("exhibits").exhibits(View(few, nothing, nothing, lambda _: nothing)))
    assert [from_json(json.loads(json.dumps(to_json(each)))) for each in shown] == shown


# The client


def test_the_client_sends_one_scan_and_takes_its_mask(triton):
    client = module("client")
    triton.outputs = {"mask": ("FP32", client.DISC[None, None].astype(np.float32))}
    assert np.array_equal(client.ask(triton.address, client.EXAMPLE), client.DISC)
    (given,) = triton.request.inputs
    assert (given.name, given.datatype, list(given.shape)) == ("scan", "FP32", [1, 1, SIDE, SIDE])
    sent = np.frombuffer(triton.request.raw_input_contents[0], np.float32)
    assert np.array_equal(sent.reshape(SIDE, SIDE), client.EXAMPLE.astype(np.float32))
    assert triton.request.model_name == FOLDER.name


def test_the_clients_example_has_the_declared_shape_and_a_known_answer():
    client = module("client")
    assert FOLDER.recipe.inputs[0].accepts((1, 1, *client.EXAMPLE.shape))
    assert client.check(client.DISC.astype(np.float32)) == ""
    assert "Dice" in client.check(np.zeros_like(client.EXAMPLE))
    assert "Dice" in client.check(np.ones_like(client.EXAMPLE))
    assert "shape" in client.check(np.zeros((8, 8), dtype=np.float32))
