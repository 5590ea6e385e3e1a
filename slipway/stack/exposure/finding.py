"""One thing that a change makes possible, or no longer possible."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum, StrEnum

from slipway.errors import StackError


class Kind(StrEnum):
    """The part of security that changes."""

    NETWORK = "network"
    IDENTITY = "identity"
    ENCRYPTION = "encryption"
    PUBLIC = "public access"


class Severity(IntEnum):
    """How much more is possible; comparable, so that a grade can take the maximum.

    `CRITICAL`: anybody on the internet, or every action. `HIGH`: a guard is gone (authentication, a
    firewall, encryption), or a permission that leads to others. `MEDIUM`: a range of public
    addresses, a wildcard resource, a condition dropped, or something that cannot be compared.
    `LOW`: more within the network, or one precise permission. `NONE`: narrower.
    """

    NONE = 0
    LOW = 1
    MEDIUM = 2
    HIGH = 3
    CRITICAL = 4


@dataclass(frozen=True)
class Exposed:
    """A sentence on one resource: its URN in the head, or in the base where it was deleted.

    `wider`: more is possible than before; otherwise less is. `certain` is False where the two sides
    cannot be compared, or an address is known to AWS alone; then `wider` is an assumption.
    """

    kind: Kind
    urn: str
    wider: bool
    said: str
    severity: Severity
    certain: bool = True

    def __post_init__(self) -> None:
        if not self.said or not self.urn:
            raise StackError("A finding names no resource, or says nothing")
        if self.wider != (self.severity > Severity.NONE):
            raise StackError(
                f"A finding on {self.name} contradicts itself",
                why=f"it is {'wider' if self.wider else 'narrower'}, and {self.severity.name}",
            )

    @property
    def name(self) -> str:
        """The logical name."""
        return self.urn.rpartition("::")[2]


def found(
    kind: Kind,
    urn: str,
    said: str,
    severity: Severity,
    *,
    wider: bool = True,
    certain: bool = True,
) -> Exposed:
    """A finding; `severity` is that of the wider case, and falls away where it is narrower."""
    return Exposed(kind, urn, wider, said, severity if wider else Severity.NONE, certain)


def ordered(findings: Iterable[Exposed]) -> tuple[Exposed, ...]:
    """The gravest first, each once."""
    return tuple(
        sorted(set(findings), key=lambda f: (-f.severity, not f.wider, f.kind, f.name, f.said))
    )


def listing(items: Iterable[str], most: int = 6) -> str:
    """`a, b and c`; what exceeds `most` is counted."""
    said = list(items)
    if len(said) > most:
        said = [*said[: most - 1], f"{len(said) - most + 1} more"]
    return f"{', '.join(said[:-1])} and {said[-1]}" if said[1:] else "".join(said)
