import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, confusion_matrix

from slipway.errors import RecipeError
from slipway.metrics.named import metric_named


@given(seed=st.integers(0, 1000), rows=st.integers(1, 40), classes=st.integers(2, 6))
def test_accuracy_and_confusion_are_scikit_learns(seed, rows, classes):
    rng = np.random.default_rng(seed)
    targets = rng.integers(0, classes, rows)
    logits = rng.normal(size=(rows, classes))
    scores = metric_named("accuracy")({"logits": logits}, targets)
    assert scores.value == pytest.approx(accuracy_score(targets, logits.argmax(1)))
    wanted = confusion_matrix(targets, logits.argmax(1), labels=range(classes))
    assert [list(row) for row in scores.confusion] == wanted.tolist()
    assert scores.examples == rows


def test_a_metric_that_does_not_exist_is_named():
    with pytest.raises(RecipeError, match="no metric 'accuracyy'"):
        metric_named("accuracyy")
