"""A stack as a picture: one SVG file without scripts, fonts or links."""

from html import escape

from slipway.stack.cost import estimate
from slipway.stack.cost.ranges import money
from slipway.stack.facts import Box, Facts, Zone, facts
from slipway.stack.graph import Graph
from slipway.stack.summary import total

WIDTH = 1120
_MARGIN, _GAP, _LINE = 20, 14, 17
_VPC = 740
_SIDE = WIDTH - _VPC - 3 * _MARGIN
_STYLE = """
text { font: 13px system-ui, -apple-system, 'Segoe UI', sans-serif; fill: #1f2937 }
.title { font-weight: 600 } .small { font-size: 12px; fill: #4b5563 }
.head { font-size: 18px; font-weight: 600 }
.paper { fill: #ffffff } .vpc { fill: #f8fafc; stroke: #8b5cf6 }
.zone { fill: none; stroke: #94a3b8; stroke-dasharray: 5 4 }
.public { fill: #ecfdf5; stroke: #86efac } .private { fill: #eff6ff; stroke: #93c5fd }
.balancer { fill: #ede9fe; stroke: #7c3aed } .servers { fill: #ecfccb; stroke: #65a30d }
.service { fill: #ffffff; stroke: #cbd5e1 } .used { stroke: #65a30d; stroke-width: 1.5 }
.arrow { stroke: #374151; stroke-width: 1.5; fill: none; marker-end: url(#tip) }
"""


def svg(graph: Graph) -> str:
    """Draw what the graph says. Coordinates are pixels; the page is `WIDTH` wide."""
    shown = facts(graph)
    parts: list[str] = []
    top = 64
    services_bottom = _services(parts, shown, top)
    bottom = _vpc(parts, shown, top, max(services_bottom, top + 470))
    height = bottom + _MARGIN
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" '
        f'aria-label="The stack {escape(shown.title)}">\n<style>{_STYLE}</style>\n'
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" '
        'markerHeight="7" orient="auto"><path d="M0 0 8 4 0 8z" fill="#374151"/></marker></defs>\n'
        f'<rect class="paper" width="{WIDTH}" height="{height}"/>\n'
    )
    title = _text(_MARGIN, 32, f"Slipway: {shown.title}", "head")
    size = f"{total(graph)} resources · {money(estimate(graph).total)} a month"
    right = _text(WIDTH - _MARGIN, 32, size, "small", "end")
    return head + "\n".join([title, right, *parts]) + "\n</svg>\n"


def _vpc(parts: list[str], shown: Facts, top: int, bottom: int) -> int:
    """The network: zones as columns, public above private, what spans zones as bars over them."""
    left = _MARGIN
    parts.append(_rect(left, top, _VPC, bottom - top, "vpc"))
    parts.append(_text(left + 12, top + 20, f"VPC {shown.vpc}", "title"))
    inner, width = left + _GAP, _VPC - 2 * _GAP
    column = (width - _GAP * (len(shown.zones) - 1)) // len(shown.zones)
    public, private = top + 62, top + 62 + 150
    for number, zone in enumerate(shown.zones):
        x = inner + number * (column + _GAP)
        parts.extend(_zone(zone, x, column, (top + 32, public, private, bottom - 16)))
    # Beside the zones' labels.
    middle = inner + (column + _GAP // 2 if len(shown.zones) > 1 else column * 2 // 3)
    way_in = public + 36 if shown.open else private + 36
    if shown.balancer:
        parts.append(_box(shown.balancer, inner + 24, way_in, width - 48, "balancer"))
        servers = private + (36 if shown.open else 36 + 96)
        above = way_in + _height(shown.balancer)
        parts.append(_arrow(middle, above, middle, servers))
        source = "the internet" if shown.open else "within the VPC"
        parts.append(_text(middle - 8, top - 14, f"clients: {source}", "small", "end"))
        parts.append(_arrow(middle, top - 22, middle, way_in))
    else:
        servers = private + 36
        parts.append(
            _text(middle - 8, top - 14, "clients: within the VPC, by name", "small", "end")
        )
        parts.append(_arrow(middle, top - 22, middle, servers))
    parts.append(_box(shown.servers, inner + 24, servers, width - 48, "servers"))
    parts.append(_box(shown.ways_out, inner + 24, bottom - 90, width - 48, "service"))
    # From the servers to the services that they use.
    y = servers + _height(shown.servers) // 2
    parts.append(_arrow(inner + width - 24, y, left + _VPC + _MARGIN - 4, y))
    return bottom


def _zone(zone: Zone, x: int, width: int, rows: tuple[int, int, int, int]) -> list[str]:
    top, public, private, bottom = rows
    parts = [_rect(x, top, width, bottom - top, "zone")]
    parts.append(_text(x + width // 2, top + 18, zone.name, "small", "middle"))
    for tier, cidr, y, end in (
        ("public", zone.public, public, private - 12),
        ("private", zone.private, private, bottom - 8),
    ):
        parts.append(_rect(x + 8, y, width - 16, end - y, tier))
        parts.append(_text(x + 18, y + 20, f"{tier} {cidr}", "small"))
    if zone.nat:
        parts.append(_text(x + width - 18, private - 24, "NAT gateway", "small", "end"))
    return parts


def _services(parts: list[str], shown: Facts, top: int) -> int:
    """Regional services, one below the other; returns where the last ends."""
    x, y = _VPC + 2 * _MARGIN, top
    for box in shown.services:
        style = "service used" if box.used else "service"
        parts.append(_box(box, x, y, _SIDE, style))
        y += _height(box) + 8
    parts.append(_text(x, y + 12, "green: what servers use while they serve", "small"))
    return y + 20


def _height(box: Box) -> int:
    return 30 + _LINE * len(box.lines)


def _box(box: Box, x: int, y: int, width: int, style: str) -> str:
    lines = [_rect(x, y, width, _height(box), style), _text(x + 12, y + 20, box.title, "title")]
    lines += [
        _text(x + 12, y + 20 + _LINE * number, line, "small")
        for number, line in enumerate(box.lines, start=1)
    ]
    return "\n".join(lines)


def _rect(x: int, y: int, width: int, height: int, style: str) -> str:
    return f'<rect class="{style}" x="{x}" y="{y}" width="{width}" height="{height}" rx="6"/>'


def _text(x: int, y: int, text: str, style: str, anchor: str = "start") -> str:
    return f'<text class="{style}" x="{x}" y="{y}" text-anchor="{anchor}">{escape(text)}</text>'


def _arrow(x1: int, y1: int, x2: int, y2: int) -> str:
    return f'<path class="arrow" d="M{x1} {y1} {x2} {y2}"/>'
