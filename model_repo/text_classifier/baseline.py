"""The same texts without what a language model knows: their pieces of words are counted."""

from collections.abc import Mapping

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from slipway.dataset import Data
from slipway.tensors import Array

TITLE = "TF-IDF and logistic regression"


def answer(data: Data) -> Mapping[str, Array]:
    """Logits (texts, topics) for the held-out texts.

    Pieces of 2 to 5 letters: on the shipped training texts, five-fold, they reach 0.77 where whole
    words, alone or in pairs, with or without stop words, reach 0.63 to 0.69.
    """
    model = make_pipeline(
        TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True),
        LogisticRegression(max_iter=1000),
    )
    model.fit(data.train.inputs["text"][:, 0], data.train.targets)
    scores = model.decision_function(data.holdout.inputs["text"][:, 0])
    return {"logits": scores.astype(np.float32)}
