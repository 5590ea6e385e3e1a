"""What a network becomes: the part of the line that differs from one kind of model to another.

`slipway.build.plain` is the form of networks that answer a request at once, `slipway.build.decoder`
that of decoders, which write a text token by token.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from torch import nn

from slipway.artefact import ParityResult
from slipway.build.parity import Answers
from slipway.dataset import Data
from slipway.questions import Questions
from slipway.tensors import Array, Golden


class Form(Protocol):
    """Each `target` is a new folder to be filled, each `source` one that a step before filled."""

    @property
    def code(self) -> Sequence[str]:
        """Our own modules that decide what the form gives, below the kit."""
        ...

    def ingredients(self) -> Mapping[str, Any]:
        """What of the recipe decides an export, as JSON values."""
        ...

    def export(self, network: nn.Module, target: Path) -> None: ...

    def exported(self, source: Path) -> str:
        """What came of an export, in a few words; likewise of an optimisation."""
        ...

    def optimise(self, source: Path, target: Path) -> None: ...

    def optimised(self, source: Path) -> str: ...

    def answers(self, source: Path) -> Answers:
        """The exported or optimised model, ready to be asked: what the network takes in, what it
        gives out.
        """
        ...

    def proof(self, source: Path) -> tuple[ParityResult, ...]:
        """Parity that was proved while exporting."""
        ...

    def questions(
        self, network: nn.Module, data: Data, reference: Mapping[str, Array]
    ) -> Questions:
        """`reference` are PyTorch's answers to the held-out inputs."""
        ...

    def golden(self, questions: Questions) -> Golden: ...

    def lay_out(self, source: Path, target: Path) -> dict[str, Any]:
        """Write the Triton models of a package; the configuration of what clients call, as JSON."""
        ...
