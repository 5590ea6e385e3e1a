"""What a client asks for: tensors and parameters, as Triton's vLLM backend takes them."""

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

Array = NDArray[Any]

TEXT, STREAM, SAMPLING = "text_input", "stream", "sampling_parameters"
EXCLUDE = "exclude_input_in_output"
FINISH_REASON = "return_finish_reason"
INPUT_TOKENS = "return_num_input_tokens"
OUTPUT_TOKENS = "return_num_output_tokens"

MOST_STOPS = 16
MOST_SEED = 2**63


class BadRequest(ValueError):
    """A request cannot be answered; the message, one line, is what its sender is told."""


@dataclass(frozen=True)
class Request:
    """A validated request. `max_tokens` None: as many as the model gives by default.

    `repeat_prompt` puts the prompt before the answer. The `with_*` add outputs to each response.
    """

    text: str
    stream: bool = False
    repeat_prompt: bool = False
    with_finish_reason: bool = False
    with_input_tokens: bool = False
    with_output_tokens: bool = False
    max_tokens: int | None = None
    temperature: float = 1.0
    top_k: int = 0
    top_p: float = 1.0
    seed: int | None = None
    stop: tuple[str, ...] = ()
    ignore_eos: bool = False

    @classmethod
    def of(cls, tensors: Mapping[str, Array], parameters: str) -> "Request":
        """Read input tensors by their names, and the request's parameters (a JSON object or "").

        Sampling parameters come in the tensor of that name or as parameters, as the endpoints
        `generate` and `generate_stream` give those. Raises `BadRequest`.
        """
        stream = _flag(tensors, STREAM)
        repeat = not _flag(tensors, EXCLUDE, default=stream)
        if stream and repeat:
            raise BadRequest(f"{EXCLUDE} must be true, or left out, where stream is true")
        text = _text(tensors, TEXT) if TEXT in tensors else ""
        if not text:
            raise BadRequest(f"{TEXT} is empty")
        given = _object(parameters, "the request's parameters")
        if SAMPLING in tensors:
            sampling = _object(_text(tensors, SAMPLING), SAMPLING)
            if twice := sorted(given.keys() & sampling.keys()):
                raise BadRequest(f"{twice[0]!a} is given twice, as a parameter and in {SAMPLING}")
            given |= sampling
        return cls(
            text=text,
            stream=stream,
            repeat_prompt=repeat,
            with_finish_reason=_flag(tensors, FINISH_REASON),
            with_input_tokens=_flag(tensors, INPUT_TOKENS),
            with_output_tokens=_flag(tensors, OUTPUT_TOKENS),
            **_sampling(given),
        )


def _flag(tensors: Mapping[str, Array], name: str, *, default: bool = False) -> bool:
    return bool(_single(tensors[name], name)) if name in tensors else default


def _text(tensors: Mapping[str, Array], name: str) -> str:
    value = _single(tensors[name], name)
    try:
        return value.decode() if isinstance(value, bytes) else str(value)
    except UnicodeDecodeError:
        raise BadRequest(f"{name} is not UTF-8") from None


def _single(array: Array, name: str) -> Any:
    if array.size != 1:
        raise BadRequest(f"{name} has {array.size} elements; one is needed")
    return array.reshape(-1)[0]


def _object(text: str, what: str) -> dict[str, Any]:
    try:
        value = json.loads(text or "{}")
    except (ValueError, RecursionError) as error:
        raise BadRequest(f"{what} cannot be read as JSON: {error}") from None
    if not isinstance(value, dict):
        raise BadRequest(f"{what} must be a JSON object")
    return value


def _sampling(given: Mapping[str, Any]) -> dict[str, Any]:
    for name in given:
        if name not in READERS:
            raise BadRequest(f"parameter {name!a} is not known; there are {', '.join(READERS)}")
    return {name: READERS[name](name, _plain(name, value)) for name, value in given.items()}


def _plain(name: str, value: Any) -> Any:
    """Numbers may come as strings, as some clients send all parameters."""
    if isinstance(value, str) and name != "stop":
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            return value
    return value


def _whole(least: int, most: int | None = None) -> Callable[[str, Any], int]:
    def read(name: str, value: Any) -> int:
        fits = isinstance(value, int) and not isinstance(value, bool)
        if not fits or value < least or (most is not None and value >= most):
            bound = f" and below {most}" if most is not None else ""
            raise BadRequest(f"{name} is {value!r}; a whole number from {least}{bound} is needed")
        return int(value)

    return read


def _top_k(name: str, value: Any) -> int:
    """As in vLLM, 0 and -1 leave all tokens in."""
    return max(_whole(-1)(name, value), 0)


def _temperature(name: str, value: Any) -> float:
    number = _number(name, value)
    if number < 0:
        raise BadRequest(f"{name} is {value!r}; it cannot be negative")
    return number


def _top_p(name: str, value: Any) -> float:
    number = _number(name, value)
    if not 0 < number <= 1:
        raise BadRequest(f"{name} is {value!r}; it is above 0 and at most 1")
    return number


def _number(name: str, value: Any) -> float:
    try:
        number = float(value) if type(value) in {int, float} else math.nan
    except OverflowError:  # a whole number of some hundred digits
        number = math.inf
    if not math.isfinite(number):
        raise BadRequest(f"{name} is {value!r:.40}; a number is needed")
    return number


def _boolean(name: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise BadRequest(f"{name} is {value!r}; true or false is needed")
    return value


def _stop(name: str, value: Any) -> tuple[str, ...]:
    """A string, a list of them, or such a list as JSON in a string."""
    strings = value
    if isinstance(value, str):
        strings = _list_in(value) or [value]
    good = isinstance(strings, list) and all(isinstance(s, str) and s for s in strings)
    if not good or len(strings) > MOST_STOPS:
        raise BadRequest(f"{name} is {value!r}; up to {MOST_STOPS} strings are needed, none empty")
    return tuple(strings)


def _list_in(text: str) -> list[str]:
    """The strings of a list as JSON; none where the text only begins like one."""
    if not text.startswith("["):
        return []
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return []
    return value if isinstance(value, list) and all(isinstance(s, str) for s in value) else []


READERS: Mapping[str, Callable[[str, Any], Any]] = {
    "max_tokens": _whole(1),
    "temperature": _temperature,
    "top_k": _top_k,
    "top_p": _top_p,
    "seed": _whole(0, MOST_SEED),
    "stop": _stop,
    "ignore_eos": _boolean,
}
"""The sampling parameters, named as vLLM's `SamplingParams` are."""
