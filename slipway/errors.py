"""Every error Slipway raises on purpose.

    SlipwayError
    ├── RecipeError               a model folder does not say what it must
    │   └── UnknownModel          no such folder; the nearest names are given
    ├── BuildError                a step from recipe to package failed
    │   ├── DataError             data or weights that a user brings are not in the recipe's format
    │   ├── ExportError           the ONNX file is not what the recipe declares
    │   ├── ParityError           two forms of one model disagree
    │   ├── GateError             the metric is under its floor
    │   └── VariantError          a compressed or optimised form cannot be had; others still can
    ├── RegistryError
    │   ├── NotFound              no such key, version or release
    │   ├── Conflict              somebody else wrote first
    │   └── IntegrityError        content is not what its hash or manifest says
    ├── ServerError
    │   ├── ServerEnvironmentError   its Python environment is missing or unfit
    │   ├── PortInUse
    │   └── StartupError          the server ended or did not come up in time
    ├── NodeError                 a model did not load, or did not answer as it should
    ├── FleetError                a node cannot take part in its fleet, or AWS did not do as asked
    ├── CheckError                a check could not run (one that fails is a result, no error)
    ├── StackError                the Pulumi program cannot be run or understood from outside
    └── StorageFull               no space left on a device

A message is one line: what happened, why, and what to do about it. Scripts print it and exit
with 2.
"""


def first_line(error: BaseException) -> str:
    """Another library's error in one line; its class where it says nothing."""
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__


class SlipwayError(Exception):
    """`what` happened, `why`, and how to `mend` it; `str()` joins them into one line."""

    def __init__(self, what: str, *, why: str = "", mend: str = "") -> None:
        super().__init__(what, why, mend)
        self.what = what
        self.why = why
        self.mend = mend

    def __str__(self) -> str:
        said = f"{self.what}: {self.why}" if self.why else self.what
        said = f"{said.rstrip('.')}. {self.mend}" if self.mend else said
        return " ".join(said.split())


class RecipeError(SlipwayError):
    """A model folder does not say what it must."""


class UnknownModel(RecipeError):
    """There is no model folder of that name."""


class BuildError(SlipwayError):
    """A step from recipe to package failed."""


class DataError(BuildError):
    """Data or weights that a user brings are not in the format that the recipe documents."""


class ExportError(BuildError):
    """The exported ONNX file is not what the recipe declares."""


class ParityError(BuildError):
    """Two forms of one model give different answers."""


class GateError(BuildError):
    """The metric on held-out data is under the recipe's floor."""


class VariantError(BuildError):
    """A form of the model that is meant to be smaller or faster cannot be made, or is not sound."""


class RegistryError(SlipwayError):
    """The registry cannot do what was asked."""


class NotFound(RegistryError):
    """No such key, version or release."""


class Conflict(RegistryError):
    """A conditional write found that somebody else had written first."""


class IntegrityError(RegistryError):
    """Content is not what its hash, size or manifest says."""


class ServerError(SlipwayError):
    """The inference server cannot be run."""


class ServerEnvironmentError(ServerError):
    """The server's Python environment is missing or unfit."""


class PortInUse(ServerError):
    """Another process listens where the server should."""


class StartupError(ServerError):
    """The server ended, or did not come up in time."""


class NodeError(SlipwayError):
    """A model could not be loaded, or did not answer as it should."""


class FleetError(SlipwayError):
    """A node cannot take part in its fleet, or AWS did not do what it asked."""


class CheckError(SlipwayError):
    """A check could not be run."""


class StackError(SlipwayError):
    """The Pulumi program cannot be run or understood from outside."""


class StorageFull(SlipwayError):
    """No space is left on a device."""
