"""An exported decoder answers as transformers does, whatever way its cache was filled."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from transformers import PreTrainedModel

from slipway.artefact import ParityResult
from slipway.build.decoder.session import DecoderModel
from slipway.errors import ParityError
from slipway.tensors import Array

SHORT = 48
"""Tokens of the texts that are joined and parted; a long one fills the whole context."""
CHUNKS = (1, 7, 64)
"""Tokens of a prompt that are added at once, in turn."""
LAST = 8
"""Tokens that are added one by one at the end."""
LEAST_CONTEXT = 32


def prove(
    model: PreTrainedModel, decoder: DecoderModel, how: str, tolerance: float
) -> tuple[ParityResult, ...]:
    """Compare the logits of every way to fill a cache with those of transformers without one.

    `tolerance` is the largest absolute difference allowed in any logit. Raises `ParityError`, which
    names the exporter (`how`) and the architecture.
    """
    if decoder.graph.context < LEAST_CONTEXT:
        raise ParityError(
            f"A context of {decoder.graph.context} tokens cannot be proved",
            why=f"{LEAST_CONTEXT} are needed for texts that are joined and parted",
        )
    return tuple(_judged(model, how, tolerance, each) for each in _differences(model, decoder))


@dataclass(frozen=True)
class _Difference:
    form: str
    rows: int
    value: float


def _judged(model: PreTrainedModel, how: str, tolerance: float, found: _Difference) -> ParityResult:
    if not found.value <= tolerance:
        raise ParityError(
            f"{type(model).__name__} as {how} writes it differs from transformers by "
            f"{found.value:.2e} in a logit",
            why=f"{tolerance:.0e} is allowed; {found.form}",
        )
    return ParityResult("transformers", found.form, found.rows, found.value, tolerance)


def _differences(model: PreTrainedModel, decoder: DecoderModel) -> Iterator[_Difference]:
    context = decoder.graph.context
    rng = np.random.default_rng(0)
    short = rng.integers(decoder.graph.vocabulary, size=(2, min(SHORT, context)))
    long = rng.integers(decoder.graph.vocabulary, size=(1, context))
    right_short, right_long = _reference(model, short), _reference(model, long)

    for tokens in (1, 2, 17, short.shape[1]):
        got = decoder.logits(short[:, :tokens])
        yield _Difference(f"uncached, {tokens} tokens", 2, _most(right_short[:, :tokens], got))
    yield _Difference(f"uncached, {context} tokens", 1, _most(right_long, decoder.logits(long)))

    for text, right in ((short[:1], right_short[:1]), (long, right_long)):
        form = f"cached in chunks and one by one, {text.shape[1]} tokens"
        yield _Difference(form, 1, _most(right, _in_chunks(decoder, text)))

    worst = _joined(decoder, (long[0], *short), (right_long[0], *right_short))
    yield _Difference("cached, rows of different lengths that join and leave", 3, worst)


@torch.inference_mode()
def _reference(model: PreTrainedModel, ids: Array) -> Array:
    logits: torch.Tensor = model(input_ids=torch.from_numpy(ids), use_cache=False).logits
    return logits.float().numpy()


def _most(right: Array, got: Array) -> float:
    return float(np.abs(right - got).max())


def _in_chunks(decoder: DecoderModel, ids: Array) -> Array:
    """The logits of one row, filled in chunks of different sizes and then token by token."""
    cache, done, parts = decoder.new_cache(1), 0, list[Array]()
    while done < ids.shape[1]:
        left = ids.shape[1] - done - LAST
        size = min(CHUNKS[len(parts) % len(CHUNKS)], left) if left > 0 else 1
        parts.append(decoder.extend(cache, ids[:, done : done + size], [done]))
        done += size
    return np.concatenate(parts, axis=1)


def _joined(decoder: DecoderModel, texts: tuple[Array, ...], right: tuple[Array, ...]) -> float:
    """Three texts decoded together as a server does it; the largest difference on the way.

    The long one is near its end and leaves; the last row takes its place. One joins on the way.
    """
    cache, worst = decoder.new_cache(len(texts)), 0.0
    rows: list[int] = []  # the text in each row of the cache
    done = [len(texts[0]) - LAST, 5, 1]  # tokens of each text that are in the cache

    def join(text: int) -> None:
        ids = texts[text][None, : done[text]]
        decoder.extend(cache, ids, [0], first=len(rows))
        rows.append(text)

    join(0)
    join(1)
    for step in range(2 * LAST):
        if step == LAST // 2:
            join(2)
        if step == LAST:
            for layer in cache:
                layer[0] = layer[len(rows) - 1]
            rows[0] = rows.pop()
        new = np.array([[texts[text][done[text]]] for text in rows])
        got = decoder.extend(cache, new, [done[text] for text in rows])
        for row, text in enumerate(rows):
            worst = max(worst, _most(right[text][done[text]], got[row, 0]))
            done[text] += 1
    return worst
