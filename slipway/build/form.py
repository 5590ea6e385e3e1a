"""What a network becomes: the part of the line that differs from one kind of model to another.

`slipway.build.plain` is the form of networks that answer a request at once, `slipway.build.decoder`
that of decoders, which write a text token by token.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from torch import nn

from slipway.artefact import ParityResult
from slipway.build.engine import Engine
from slipway.build.optimise.files import Material
from slipway.build.optimise.timing import Call
from slipway.build.parity import Answers
from slipway.dataset import Data
from slipway.engines import Profile
from slipway.golden import Golden
from slipway.questions import Questions
from slipway.tensors import Array

Inputs = Mapping[str, Array]


@dataclass(frozen=True)
class Asked:
    """What questions are made of: PyTorch's network, the `right` answers to the held-out inputs,
    and the file that will be served.

    The answers are PyTorch's, or those of the file where it is not `exact`: where it only comes
    near to PyTorch.
    """

    network: nn.Module
    data: Data
    right: Callable[[], Mapping[str, Array]]
    served: Path
    exact: bool


class Form(Protocol):
    """Each `target` is a new folder to be filled, each `source` one that a step before filled."""

    @property
    def code(self) -> Sequence[str]:
        """Our own modules that decide what the form gives, below the kit."""
        ...

    def on_gpu(self) -> bool:
        """Whether it is measured on a GPU here."""
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

    def traits(self, source: Path) -> frozenset[str]:
        """What an optimised model consists of, as far as it decides which variants suit it."""
        ...

    def write(self, file: str, source: Path, target: Path, material: Material) -> str:
        """Write an optimised model in another way, one of `slipway.build.optimise.files`; what came
        of it in a few words. Raises `VariantError`.
        """
        ...

    def profiles(self) -> tuple[Profile, ...]:
        """The shapes that an engine in the network's place must take. Raises `VariantError` where
        none can take it, `RecipeError` where the recipe does not say enough.
        """
        ...

    def model(self, source: Path) -> Path:
        """The file that holds the model."""
        ...

    def answers(self, file: Path, engine: Engine) -> Answers:
        """A model from its file, ready to be asked: what the network takes in, what it gives out.

        Raises `VariantError` where the engine cannot run it.
        """
        ...

    def workload(self, inputs: Mapping[str, Array]) -> Mapping[int, Inputs]:
        """What is timed, for each batch size, of the held-out inputs as the network takes them."""
        ...

    def ready(self, file: Path, engine: Engine) -> Callable[[Inputs], Call]:
        """A model from its file, ready to be timed on a batch of its workload."""
        ...

    def otherwise(self, file: Path, engine: Engine) -> Sequence[Answers]:
        """Other ways to run a model's file, which answer as the engine does but for rounding."""
        ...

    def rivals(self, network: nn.Module) -> Mapping[str, Callable[[Inputs], Call]]:
        """The ways in which plain PyTorch does the same work, by name, ready to be timed."""
        ...

    def proof(self, source: Path) -> tuple[ParityResult, ...]:
        """Parity that was proved while exporting."""
        ...

    def questions(self, asked: Asked) -> Questions: ...

    def golden(self, questions: Questions, tolerance: float) -> Golden: ...

    def lay_out(self, source: Path, target: Path, engine: Engine) -> dict[str, Any]:
        """Write the Triton models of a package; the configuration of what clients call, as JSON."""
        ...
