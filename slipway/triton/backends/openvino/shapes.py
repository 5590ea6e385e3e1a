"""Shapes that a model was proved to take, before it is run with them."""

from collections.abc import Mapping
from typing import Any, Protocol

MOST = 10_000
"""So many are remembered; more than buckets of batches and lengths make."""


class Reshapeable(Protocol):
    """OpenVINO's model. It infers all shapes anew, or raises RuntimeError and stays as it was."""

    def reshape(self, shapes: Mapping[str, Any], /) -> None: ...


class Shapes:
    """Proves the shapes of a request by inferring those of every layer from them, once each.

    OpenVINO 2026.4 does not check as it runs: inputs whose shapes do not fit each other can be
    answered with nonsense or end the process, and may spoil requests that come after.
    """

    def __init__(self, model: Reshapeable) -> None:
        """`model` is for this use alone."""
        self._model = model
        self._proved: set[tuple[tuple[str, tuple[int, ...]], ...]] = set()

    def prove(self, shapes: Mapping[str, tuple[int, ...]]) -> None:
        """Raises RuntimeError as OpenVINO does where the shapes do not fit the model."""
        key = tuple(sorted(shapes.items()))
        if key in self._proved:
            return
        self._model.reshape({name: list(shape) for name, shape in shapes.items()})
        if len(self._proved) >= MOST:
            self._proved.clear()
        self._proved.add(key)
