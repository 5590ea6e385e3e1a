"""What a change does to one resource, whoever said so."""

from dataclasses import dataclass
from enum import Enum
from typing import Any


class Action(Enum):
    """`RENAMED`: it stays as it is under another logical name."""

    CREATED = "created"
    UPDATED = "updated"
    REPLACED = "replaced"
    DELETED = "deleted"
    RENAMED = "renamed"


class Source(Enum):
    """Who says so: Terraform's AWS provider, the comparison of what was recorded, or Pulumi."""

    PROVIDER = "the AWS provider"
    RECORDED = "the recorded programs"
    PULUMI = "pulumi preview"


@dataclass(frozen=True)
class Changed:
    """A property, as Pulumi names it. Values are JSON, or `LATER` or `HIDDEN` of
    `slipway.stack.terraform.differences`.
    """

    property: str
    before: Any
    after: Any


@dataclass(frozen=True)
class Outcome:
    """`urn` is the head's, or the base's of what is deleted; `was` its former one where an alias
    leads there. `replaced_by` are the properties that cannot be changed in place.

    `uncertain` says why it may be otherwise; empty where it is certain. `because` are the URNs of
    what it follows from, where all of it follows from other changes.
    """

    urn: str
    action: Action
    source: Source
    changed: tuple[Changed, ...] = ()
    replaced_by: tuple[str, ...] = ()
    was: str = ""
    uncertain: str = ""
    because: tuple[str, ...] = ()

    @property
    def follows(self) -> bool:
        """Whether it happens only because something else changes."""
        return bool(self.because)


@dataclass(frozen=True)
class Undecided:
    """Something that cannot be said without AWS. `urn` is empty where it is the whole stack."""

    urn: str
    what: str
    why: str
