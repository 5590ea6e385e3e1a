"""What a model's configuration says about how it is served."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


class InvalidSetting(ValueError):
    """A parameter has a value that it cannot have."""


@dataclass(frozen=True)
class Settings:
    """Parameters of config.pbtxt, each a string there.

    Up to `rows` requests are decoded at once and `queue` more may wait, each at most
    `idle_timeout_s` seconds. Prompt and answer have at most `context` tokens together (0: as many
    as the decoder takes); a request that names no limit gets `max_tokens`. ONNX Runtime computes
    with `threads`: one is the fastest for small models.
    """

    rows: int = 8
    queue: int = 64
    context: int = 0
    max_tokens: int = 64
    idle_timeout_s: float = 30.0
    threads: int = 1

    def __post_init__(self) -> None:
        least = {"rows": 1, "queue": 0, "context": 0, "max_tokens": 1, "threads": 1}
        for name, lowest in least.items():
            if getattr(self, name) < lowest:
                raise InvalidSetting(
                    f"parameter {name} is {getattr(self, name)}; at least {lowest}"
                )
        if not (math.isfinite(self.idle_timeout_s) and self.idle_timeout_s > 0):
            raise InvalidSetting(
                f"parameter idle_timeout_s is {self.idle_timeout_s}; seconds are needed"
            )

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> "Settings":
        """Read a ModelConfig in JSON form. Raises `InvalidSetting`."""
        given: dict[str, Any] = {}
        for name, value in (config.get("parameters") or {}).items():
            if name not in cls.__dataclass_fields__:
                known = ", ".join(cls.__dataclass_fields__)
                raise InvalidSetting(f"parameter {name} is not known; there are {known}")
            number = float if name == "idle_timeout_s" else int
            text = str(value["string_value"])
            try:
                given[name] = number(text)
            except ValueError:
                raise InvalidSetting(f"parameter {name} is {text!r}; a number is needed") from None
        return cls(**given)
