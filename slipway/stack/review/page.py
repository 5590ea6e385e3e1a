"""A review as one HTML file that loads nothing."""

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from slipway.stack.cost.ranges import Range, money
from slipway.stack.review import wording
from slipway.stack.review.impact import Grade
from slipway.stack.review.outcome import Action
from slipway.stack.review.review import Review

_HERE = Path(__file__).parent
_WIDTH, _BAR, _GAP, _LABEL = 640, 22, 12, 70


def page(review: Review) -> str:
    """The page as text: what is asked first, then the gravest changes, then what follows."""
    templates = Environment(
        loader=FileSystemLoader(_HERE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    resources = sorted(review.resources, key=lambda r: (r.outcome.follows, -r.grade))
    return templates.get_template("review.html.j2").render(
        review=review,
        wording=wording,
        money=money,
        own=[r for r in resources if not r.outcome.follows],
        following=[r for r in resources if r.outcome.follows],
        reasons=[r for r in review.reasons if r.grade > Grade.LOW],
        security=sorted(
            (*(e for r in review.resources for e in r.exposed), *review.elsewhere),
            key=lambda e: -e.severity,
        ),
        counts=[(action, review.count(action)) for action in Action if review.count(action)],
        bars=_bars(review.cost.before, review.cost.after),
        style=Markup((_HERE / "review.css").read_text()),  # noqa: S704 - our own file
    )


def _bars(before: Range, after: Range) -> Markup:
    """Both costs as bars on one scale: solid up to the low end, pale up to the high one."""
    most = max(before.high, after.high)
    if not most:
        return Markup()
    scale = (_WIDTH - _LABEL - 190) / float(most)
    rows = []
    for number, (name, amount) in enumerate((("before", before), ("after", after))):
        y = number * (_BAR + _GAP)
        low, high = (float(bound) * scale for bound in (amount.low, amount.high))
        text = y + _BAR * 0.7
        rows.append(
            f'<text x="0" y="{text:.0f}">{name}</text>'
            f'<rect class="high" x="{_LABEL}" y="{y}" width="{high:.1f}" height="{_BAR}" rx="3"/>'
            f'<rect class="low" x="{_LABEL}" y="{y}" width="{low:.1f}" height="{_BAR}" rx="3"/>'
            f'<text x="{_LABEL + high + 8:.0f}" y="{text:.0f}">{money(amount)}</text>'
        )
    height = 2 * _BAR + _GAP
    title = f"Cost a month: {money(before)} before, {money(after)} after"
    return Markup(  # noqa: S704 - numbers and our own words
        f'<svg class="bars" viewBox="0 0 {_WIDTH} {height}" role="img" aria-label="{title}">'
        f"{''.join(rows)}</svg>"
    )
