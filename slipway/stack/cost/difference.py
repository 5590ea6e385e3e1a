"""What a change of a stack changes about its price."""

from collections.abc import Mapping
from dataclasses import dataclass

from slipway.stack.cost.estimate import Estimate
from slipway.stack.cost.lines import Line, Unpriced, total
from slipway.stack.cost.ranges import Range


@dataclass(frozen=True)
class Change:
    """A resource that costs something else, or the same for another reason. `urn` and `name` are
    those after the change, or before it for a resource that goes.
    """

    urn: str
    name: str
    before: Range
    after: Range
    lines_before: tuple[Line, ...]
    lines_after: tuple[Line, ...]


@dataclass(frozen=True)
class Difference:
    """USD a month of all, before and after. `unpriced` are what only the head has no price for."""

    before: Range
    after: Range
    changes: tuple[Change, ...]
    unpriced: tuple[Unpriced, ...]

    def of(self, urn: str) -> Change | None:
        """The change of a resource, by its URN after the change; None where nothing changed."""
        return next((change for change in self.changes if change.urn == urn), None)


def difference(
    base: Estimate, head: Estimate, renamed: Mapping[str, str] | None = None
) -> Difference:
    """Resources are matched by URN; `renamed` maps the base's URN of one to that of the head.

    The largest change of the high end comes first.
    """
    renamed = renamed or {}
    before = _by_urn(base, renamed)
    after = _by_urn(head, {})
    changes = [_change(urn, before.get(urn, ()), after.get(urn, ())) for urn in {**before, **after}]
    known = {(renamed.get(u.urn, u.urn), u.why) for u in base.unpriced}
    return Difference(
        before=base.total,
        after=head.total,
        changes=tuple(sorted(filter(_changed, changes), key=_size)),
        unpriced=tuple(u for u in head.unpriced if (u.urn, u.why) not in known),
    )


def _by_urn(estimate: Estimate, renamed: Mapping[str, str]) -> dict[str, tuple[Line, ...]]:
    found: dict[str, tuple[Line, ...]] = {}
    for line in estimate.lines:
        urn = renamed.get(line.urn, line.urn)
        found[urn] = (*found.get(urn, ()), line)
    return found


def _change(urn: str, before: tuple[Line, ...], after: tuple[Line, ...]) -> Change:
    name = (*after, *before)[0].name
    return Change(urn, name, total(before), total(after), before, after)


def _changed(change: Change) -> bool:
    """A resource that appears or goes for nothing is no change of the price."""
    if change.before != change.after:
        return True
    said_before = [line.charged for line in change.lines_before if line.high]
    return said_before != [line.charged for line in change.lines_after if line.high]


def _size(change: Change) -> tuple[object, ...]:
    return -abs(change.after.high - change.before.high), change.urn
