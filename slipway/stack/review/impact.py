"""What a change means for who uses the stack, in words, and how grave it is."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, IntEnum
from typing import Any

from slipway.stack.graph import Resource
from slipway.stack.review import properties
from slipway.stack.review.kinds import DATA, HARMLESS, TRAFFIC
from slipway.stack.review.outcome import Action, Outcome


class Grade(IntEnum):
    """`LOW`: nothing to think of. `MEDIUM`: worth a look. `HIGH`: somebody has to say yes."""

    LOW = 1
    MEDIUM = 2
    HIGH = 3

    def __str__(self) -> str:
        return self.name.lower()


class About(Enum):
    """What a consequence touches."""

    DATA = "data"
    TRAFFIC = "traffic"
    PROTECTION = "protection"
    SECURITY = "security"
    COST = "cost"
    RULE = "rule"
    OTHER = "other"


@dataclass(frozen=True)
class Consequence:
    """`sentence` is for people who know the stack, and not this change."""

    grade: Grade
    sentence: str
    about: About = About.OTHER


def consequences(
    outcome: Outcome, before: Resource | None, after: Resource | None
) -> tuple[Consequence, ...]:
    """The gravest first. `before` is missing for what is created, `after` for what is deleted."""
    found = tuple(_consequences(outcome, before, after))
    return tuple(sorted(found, key=lambda consequence: -consequence.grade))


def _consequences(
    outcome: Outcome, before: Resource | None, after: Resource | None
) -> Iterator[Consequence]:
    resource = after or before
    if resource is None:
        return
    kind = resource.type
    if outcome.action in {Action.DELETED, Action.REPLACED}:
        if before is not None and before.protect:
            yield Consequence(
                Grade.HIGH, "it is protected: pulumi up refuses to do this", About.PROTECTION
            )
        yield from _gone(outcome, kind, before, after)
    elif outcome.action is Action.UPDATED and after is not None:
        for grade, sentence in properties.sentences(outcome, after):
            yield Consequence(Grade(grade), sentence, _about(sentence))
    elif outcome.action is Action.RENAMED:
        yield Consequence(Grade.LOW, "only its name in the program changes: it stays as it is")


def _gone(
    outcome: Outcome, kind: str, before: Resource | None, after: Resource | None
) -> Iterator[Consequence]:
    """Of what is deleted, or replaced by something new."""
    replaced = outcome.action is Action.REPLACED
    if kind in HARMLESS:
        yield Consequence(Grade.LOW, HARMLESS[kind])
        return
    if kind in DATA:
        retained = before is not None and before.retain_on_delete
        if retained:
            yield Consequence(Grade.MEDIUM, "Pulumi leaves it in the account, and forgets it")
        else:
            yield Consequence(Grade.HIGH, f"data is lost: {DATA[kind]}", About.DATA)
    if kind in TRAFFIC:
        first = f" ({_order(before, after)})" if replaced else ""
        said = f"traffic is interrupted: {TRAFFIC[kind]}{first}"
        yield Consequence(Grade.HIGH, said, About.TRAFFIC)
    elif kind not in DATA:
        what = "made anew under another identifier" if replaced else "no longer there"
        yield Consequence(Grade.MEDIUM, f"it is {what}")


def _order(before: Resource | None, after: Resource | None) -> str:
    """Pulumi makes the new one first, unless the program asks otherwise or its name is taken."""
    if after is not None and after.delete_before_replace:
        return "the old one goes first, as the program asks"
    if before is not None and after is not None and _same_name(before, after):
        return "the old one goes first, because the name stays the same"
    return "the new one comes first"


def _same_name(before: Resource, after: Resource) -> bool:
    """The bridged providers delete first what has a fixed name."""
    name: Any = before.properties.get("name")
    return name is not None and name == after.properties.get("name")


def _about(sentence: str) -> About:
    if sentence.startswith("data "):
        return About.DATA
    return About.TRAFFIC if sentence.startswith("traffic ") else About.OTHER
