"""A stack as a Mermaid flowchart, which forges and editors draw."""

from slipway.stack.graph import Graph
from slipway.stack.summary import Component, components

_COMMON = 0.4
"""A component that more than this share of the others needs is drawn without arrows to each."""
_LISTED = 6


def mermaid(graph: Graph) -> str:
    """Components as boxes with what they hold; an arrow leads from what is needed to its user.

    What nearly all need (the encryption key, the network) stands apart, or its arrows would hide
    the others.
    """
    found = components(graph)
    users = {c.name: [other for other in found if c.name in other.needs] for c in found}
    many = max(2, _COMMON * len(found))
    common = [c for c in found if len(users[c.name]) > many]
    rest = [c for c in found if c not in common]
    lines = ["flowchart LR"]
    if common:
        lines += [f"  subgraph shared[needed by nearly all of {graph.stack}]"]
        lines += [f"    {_box(c)}" for c in common]
        lines += ["  end"]
    lines += [f"  {_box(c)}" for c in rest]
    lines += [f"  {_id(c)} --> {_id(user)}" for c in rest for user in users[c.name]]
    return "\n".join(lines)


def _id(component: Component) -> str:
    return component.name.replace("-", "_")


def _box(component: Component) -> str:
    ranked = sorted(component.counts, key=lambda item: (-item[1], item[0]))
    parts = [f"{number} × {kind}" if number > 1 else kind for kind, number in ranked[:_LISTED]]
    more = sum(number for _, number in ranked[_LISTED:])
    held = "<br>".join(parts + ([f"and {more} more"] if more else []))
    return f'{_id(component)}["<b>{component.kind}</b><br>{held}"]'
