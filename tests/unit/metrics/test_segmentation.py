import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import f1_score, jaccard_score, precision_score, recall_score

from slipway.metrics.named import metric_named
from slipway.metrics.segmentation import dice


def masks(*rows: str) -> np.ndarray:
    """Each text is an image of one line: # is in the mask."""
    return np.array([[[letter == "#" for letter in row]] for row in rows])[:, None]


@given(seed=st.integers(0, 10_000), images=st.integers(1, 6), share=st.floats(0, 1))
def test_figures_are_scikit_learns(seed, images, share):
    rng = np.random.default_rng(seed)
    probability = rng.random((images, 1, 5, 4)).astype(np.float32)
    truth = rng.random(probability.shape) < share
    scores = dice({"mask": probability}, truth)
    pairs = [(t.ravel(), p.ravel() >= 0.5) for t, p in zip(truth, probability, strict=True)]
    everything = (truth.ravel(), probability.ravel() >= 0.5)
    assert scores.value == pytest.approx(np.mean([f1_score(*p, zero_division=1) for p in pairs]))
    assert scores.examples == images
    iou = np.mean([jaccard_score(*p, zero_division=1) if any(map(np.any, p)) else 1 for p in pairs])
    assert scores.figures["intersection over union"] == pytest.approx(iou)
    assert scores.figures["precision"] == pytest.approx(
        precision_score(*everything, zero_division=0)
    )
    assert scores.figures["recall"] == pytest.approx(recall_score(*everything, zero_division=0))


def test_every_image_counts_the_same_however_much_is_to_be_found():
    truth = masks("########", "#.......")
    scores = metric_named("dice")({"mask": masks("########", "##......") * 1.0}, truth)
    assert scores.value == pytest.approx((1 + 2 / 3) / 2)


def test_an_image_with_nothing_to_find_counts_one_only_where_nothing_is_predicted():
    nothing = masks("....", "....", "....")
    scores = dice({"mask": masks("....", "...#", "....") * 1.0}, nothing)
    assert scores.value == pytest.approx(2 / 3)
    assert scores.figures["empty images left empty"] == pytest.approx(2 / 3)
    assert scores.figures["precision"] == scores.figures["recall"] == 0


def test_targets_may_be_counted_as_0_and_255():
    truth = masks("##..")
    assert dice({"mask": truth * 1.0}, truth.astype(np.uint8) * 255).value == 1
