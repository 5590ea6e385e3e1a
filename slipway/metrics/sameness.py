"""Whether what is generated is, text for text, what PyTorch generates."""

from collections.abc import Mapping

from slipway.metrics.scores import Scores
from slipway.tensors import Array


def same_text(outputs: Mapping[str, Array], targets: Array) -> Scores:
    """Share of texts that equal their target. The first output holds them."""
    texts = next(iter(outputs.values()))
    same = [said == wanted for said, wanted in zip(texts.ravel(), targets.ravel(), strict=True)]
    return Scores(value=sum(same) / len(same), examples=len(same))
