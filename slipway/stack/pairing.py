"""Which resource of one revision is which of another."""

from collections.abc import Mapping
from dataclasses import dataclass

from slipway.stack.graph import Graph


@dataclass(frozen=True)
class Pairing:
    """`former` maps a URN of the head to the one that the same resource has in the base."""

    former: Mapping[str, str]

    @property
    def now(self) -> dict[str, str]:
        """The other way round."""
        return {base: head for head, base in self.former.items()}

    @property
    def renamed(self) -> dict[str, str]:
        """Head to base, where an alias was needed."""
        return {head: base for head, base in self.former.items() if head != base}


def pair(base: Graph, head: Graph) -> Pairing:
    """By URN, or by an alias that nothing in the head is called any more: as the engine does."""
    known = {resource.urn for resource in base.resources}
    current = {resource.urn for resource in head.resources}
    former: dict[str, str] = {urn: urn for urn in known & current}
    taken = set(former.values())
    for resource in head.resources:
        if resource.urn in former:
            continue
        free = (a for a in resource.aliases if a in known and a not in current and a not in taken)
        before = next(free, None)
        if before is not None:
            former[resource.urn] = before
            taken.add(before)
    return Pairing(former)
