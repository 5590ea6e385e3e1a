"""What a client is sent: one response for each token, or one for all."""

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


class Request(Protocol):
    """What is asked for, as far as it decides the form of the answer."""

    @property
    def text(self) -> str: ...
    @property
    def stream(self) -> bool: ...
    @property
    def repeat_prompt(self) -> bool: ...
    @property
    def with_finish_reason(self) -> bool: ...
    @property
    def with_input_tokens(self) -> bool: ...
    @property
    def with_output_tokens(self) -> bool: ...


class Writer(Protocol):
    """Tokens to text."""

    @property
    def stopped(self) -> bool: ...
    def add(self, token: int) -> str: ...
    def rest(self) -> str: ...


class Answer:
    """The responses of one request, made of its tokens."""

    def __init__(self, request: Request, prompt_tokens: int, writer: Writer) -> None:
        self._request, self._prompt_tokens, self._writer = request, prompt_tokens, writer
        self._text = request.text if request.repeat_prompt else ""
        self._tokens = 0
        self.finished = False

    def take(self, token: int, ended: str | None) -> Mapping[str, Array] | None:
        """The output tensors to send for a token; None where there is nothing to send yet.

        `ended` says why it is the last one: "stop", and it is an end token without text, or
        "length". A stop string ends the answer as well: `finished` says so.
        """
        self._tokens += 1
        if ended != "stop":
            self._text += self._writer.add(token)
        if ended and not self._writer.stopped:
            self._text += self._writer.rest()
        reason = "stop" if self._writer.stopped else ended
        self.finished = reason is not None
        if not self.finished and not self._request.stream:
            return None
        response = self._response(reason)
        self._text, self._tokens = "", 0
        return response

    def _response(self, reason: str | None) -> dict[str, Array]:
        request = self._request
        response = {"text_output": np.array([self._text.encode()], np.object_)}
        if request.with_finish_reason:
            response["finish_reason"] = np.array([str(reason).encode()], np.object_)
        if request.with_input_tokens:
            response["num_input_tokens"] = np.array([self._prompt_tokens], np.uint32)
        if request.with_output_tokens:
            response["num_output_tokens"] = np.array([self._tokens], np.uint32)
        return response
