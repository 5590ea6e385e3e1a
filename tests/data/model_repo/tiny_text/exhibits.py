"""What was said of a few sentences."""

from collections.abc import Iterator

from slipway.exhibits import Exhibit, Passages, View


def exhibits(view: View) -> Iterator[Exhibit]:
    said = view.outputs["scores"].argmax(axis=1)
    texts = view.data.holdout.inputs["text"][:3, 0]
    rows = tuple((text, str(label)) for text, label in zip(texts, said, strict=False))
    yield Passages("Sentences", ("text", "class"), rows)
