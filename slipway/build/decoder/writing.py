"""The likeliest text after a prompt, token by token: as PyTorch writes it, or an exported file."""

from collections.abc import Callable, Collection

import numpy as np
import torch
from transformers import PreTrainedModel

from slipway.build.decoder.session import DecoderModel
from slipway.build.optimise.rivals import Way, precision
from slipway.tensors import Array

Likeliest = Callable[[Array], Array]
"""Tokens (rows, tokens) behind all that were given before to the likeliest next ones (rows,)."""
Writer = Callable[[int], Likeliest]
"""Begins so many new texts."""


def by_pytorch(model: PreTrainedModel, way: Way | None = None) -> Writer:
    """A network with its own cache; in FP32, or another way."""

    def begin(_rows: int) -> Likeliest:
        cache = None

        @torch.inference_mode()
        def likeliest(tokens: Array) -> Array:
            nonlocal cache
            with precision(way):
                answer = model(
                    input_ids=torch.from_numpy(tokens).to(model.device),
                    past_key_values=cache,
                    use_cache=True,
                )
            cache = answer.past_key_values
            found: Array = answer.logits[:, -1].argmax(dim=-1).cpu().numpy()
            return found

        return likeliest

    return begin


def by_file(decoder: DecoderModel) -> Writer:
    """An exported decoder."""

    def begin(rows: int) -> Likeliest:
        cache, before = decoder.new_cache(rows), [0] * rows

        def likeliest(tokens: Array) -> Array:
            logits = decoder.extend(cache, tokens, before)
            before[:] = [count + tokens.shape[1] for count in before]
            found: Array = logits[:, -1].argmax(axis=-1)
            return found

        return likeliest

    return begin


def write_one(writer: Writer, given: list[int], ends: Collection[int], most: int) -> list[int]:
    """At most so many tokens behind those of a prompt, up to one that ends a text."""
    likeliest, written = writer(1), list[int]()
    tokens = np.array([given], dtype=np.int64)
    while len(written) < most:
        token = int(likeliest(tokens)[0])
        if token in ends:
            break
        written.append(token)
        tokens = np.array([[token]], dtype=np.int64)
    return written


def write_rows(writer: Writer, prompts: Array, most: int) -> Array:
    """So many tokens behind each of the prompts (rows, tokens), whatever they are: the last ones
    (rows,).
    """
    likeliest = writer(len(prompts))
    last = likeliest(prompts)
    for _ in range(most - 1):
        last = likeliest(np.ascontiguousarray(last[:, None]))
    return last
