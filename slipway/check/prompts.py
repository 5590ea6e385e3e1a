"""Requests to a generator: the golden one changed, and those that it must refuse."""

import json
from collections.abc import Iterator, Mapping

import numpy as np

from slipway.check.client import Request, Tensor
from slipway.check.refusals import BAD_REQUEST, NOT_FOUND, UNREADABLE, Wrong
from slipway.tensors import Array

PROMPT, TEXT = "text_input", "text_output"
SAMPLING, EXCLUDE = "sampling_parameters", "exclude_input_in_output"
"""Names of tensors, as Triton's vLLM backend has them."""

LONG = "so it goes on and on " * 24_000
"""More tokens than any context here."""

IN_STREAM = ("UNKNOWN",)
"""A message of a gRPC stream says why a request is refused, and has no code."""
BAD_PROMPT = {**BAD_REQUEST, "grpc": BAD_REQUEST["grpc"] + IN_STREAM}
UNKNOWN_MODEL = {**NOT_FOUND, "grpc": NOT_FOUND["grpc"] + IN_STREAM}
WRONG_TYPE = {**BAD_PROMPT, "http": UNREADABLE["http"]}


def prompt_with(inputs: Mapping[str, Array], **sampling: object) -> dict[str, Array]:
    """A request's inputs with some of its sampling parameters set, or set anew."""
    given = json.loads(str(inputs[SAMPLING][0])) if SAMPLING in inputs else {}
    changed = json.dumps({**given, **sampling})
    return {**inputs, SAMPLING: np.array([changed], dtype=object)}


def wrong_prompts(model: str, version: str, inputs: Mapping[str, Array]) -> Iterator[Wrong]:
    """Every fault that a generator must survive. `inputs` make a right request."""

    def text(value: str) -> Array:
        return np.array([value], dtype=object)

    for name, changed in {
        "empty text": {**inputs, PROMPT: text("")},
        "prompt beyond the context": {**inputs, PROMPT: text(LONG)},
        "unknown parameter": prompt_with(inputs, warmth=1),
        "negative temperature": prompt_with(inputs, temperature=-1),
        "no tokens asked for": prompt_with(inputs, max_tokens=0),
        "parameters are no JSON": {**inputs, SAMPLING: text("max_tokens=3")},
    }.items():
        yield Wrong(name, Request.of(model, version, changed), BAD_PROMPT)

    rest = {name: array for name, array in inputs.items() if name != PROMPT}
    without = Request.of(model, version, rest)
    number = Tensor.of(PROMPT, np.array([7], np.int64))
    typed = Request(model, version, (number, *without.tensors))
    yield Wrong("missing text", without, BAD_PROMPT)
    yield Wrong("wrong type", typed, WRONG_TYPE)
    unknown = Request.of(f"{model}_x", version, inputs)
    yield Wrong("unknown model", unknown, UNKNOWN_MODEL)
