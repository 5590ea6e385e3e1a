"""The review of a change, put together: resources, security, cost, rules, and what is not known."""

import dataclasses
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from slipway.stack.cost.difference import Difference, difference
from slipway.stack.cost.estimate import Estimate, estimate
from slipway.stack.cost.ranges import NOTHING, Range
from slipway.stack.exposure import Exposed, Kind, Severity, delta
from slipway.stack.exposure.finding import listing
from slipway.stack.graph import Graph, Resource
from slipway.stack.pairing import Pairing
from slipway.stack.policies import Finding
from slipway.stack.review import renames
from slipway.stack.review.impact import About, Consequence, Grade, consequences
from slipway.stack.review.outcome import Action, Changed, Outcome, Source, Undecided
from slipway.stack.summary import kind

_DEARER = 1.2
"""From here on, as a factor, a rise of the monthly cost is worth a look."""
_WORTH = 100
"""USD a month that a rise has to be."""


@dataclass(frozen=True)
class Reviewed:
    """A resource that changes. `place` is where the program declares it, as `file:line`."""

    outcome: Outcome
    name: str
    kind: str
    component: str
    consequences: tuple[Consequence, ...]
    exposed: tuple[Exposed, ...]
    before: Range
    after: Range
    place: str

    @property
    def action(self) -> Action:
        return self.outcome.action

    @property
    def grade(self) -> Grade:
        grades = (*(c.grade for c in self.consequences), *map(graded, self.exposed))
        return max(grades, default=Grade.LOW)

    @property
    def costs_otherwise(self) -> bool:
        return self.before != self.after


@dataclass(frozen=True)
class Review:
    """`elsewhere` are findings on resources that do not change themselves. `broken` are rules that
    the head breaks and the base does not; `mended` the other way round. `whole` is False where the
    two sides are only what changes, and so are their costs.
    """

    stack: str
    base: str
    head: str
    resources: tuple[Reviewed, ...]
    elsewhere: tuple[Exposed, ...]
    cost: Difference
    assumptions: tuple[str, ...]
    broken: tuple[Finding, ...]
    mended: tuple[Finding, ...]
    outputs: tuple[Changed, ...]
    undecided: tuple[Undecided, ...]
    source: Source
    whole: bool = True

    @property
    def empty(self) -> bool:
        return not (self.resources or self.outputs or self.elsewhere or self.broken)

    @property
    def reasons(self) -> tuple[Consequence, ...]:
        """All that has a grade, the gravest first: each with the resource it is about."""
        found = sorted(self._reasons(), key=lambda reason: -reason.grade)
        return tuple(dict.fromkeys(found))

    @property
    def grade(self) -> Grade:
        return max((reason.grade for reason in self.reasons), default=Grade.LOW)

    @property
    def needs_a_yes(self) -> bool:
        return self.grade is Grade.HIGH

    def count(self, action: Action) -> int:
        return sum(reviewed.action is action for reviewed in self.resources)

    def _reasons(self) -> Iterator[Consequence]:
        for finding in self.broken:
            grade = Grade.HIGH if finding.mandatory else Grade.MEDIUM
            said = f"{finding.resource} breaks the rule {finding.rule}"
            yield Consequence(grade, said, About.RULE)
        about: dict[Consequence, list[str]] = {}
        for reviewed in self.resources:
            for consequence in reviewed.consequences:
                if not (reviewed.outcome.follows and consequence.about is About.TRAFFIC):
                    about.setdefault(consequence, []).append(reviewed.name)
        for consequence, names in about.items():
            said = f"{listing(dict.fromkeys(names))}: {consequence.sentence}"
            yield dataclasses.replace(consequence, sentence=said)
        if following := sum(map(_interrupted, self.resources)):
            said = "1 more is" if following == 1 else f"{following} more are"
            yield Consequence(
                Grade.HIGH, f"{said} interrupted with what they hang on", About.TRAFFIC
            )
        exposed = (*(e for r in self.resources for e in r.exposed), *self.elsewhere)
        for finding_ in exposed:
            if finding_.wider:
                yield Consequence(graded(finding_), finding_.said, About.SECURITY)
            elif finding_.kind is Kind.NETWORK:  # somebody may be cut off
                yield Consequence(Grade.MEDIUM, finding_.said, About.TRAFFIC)
        yield from self._dearer()

    def _dearer(self) -> Iterator[Consequence]:
        before, after = self.cost.before, self.cost.after
        rise = after.high - before.high
        if rise >= _WORTH and float(after.high) >= _DEARER * float(before.high):
            said = f"it costs up to {rise:,.0f} USD a month more"
            yield Consequence(Grade.MEDIUM, said, About.COST)


def _interrupted(reviewed: Reviewed) -> bool:
    """Only because something else is."""
    about = {consequence.about for consequence in reviewed.consequences}
    return reviewed.outcome.follows and About.TRAFFIC in about


def graded(exposed: Exposed) -> Grade:
    """Whatever opens more than one precise thing within needs a yes."""
    if not exposed.wider:
        return Grade.LOW
    return Grade.MEDIUM if exposed.severity is Severity.LOW else Grade.HIGH


@dataclass(frozen=True)
class Sides:
    """The two programs, what they are called, and which resource of one is which of the other."""

    base: Graph
    head: Graph
    pairing: Pairing
    base_name: str
    head_name: str


def review(
    sides: Sides,
    outcomes: Iterable[Outcome],
    undecided: Iterable[Undecided],
    findings: tuple[tuple[Finding, ...], tuple[Finding, ...]],
    source: Source,
) -> Review:
    """`findings` are what the rules say to the base and to the head."""
    now = sides.pairing.now
    renamed = {base: head for base, head in now.items() if base != head}
    estimates = estimate(sides.base), estimate(sides.head)
    cost = difference(*estimates, renamed)
    exposed = delta(sides.base, sides.head, renamed)
    told = tuple(outcomes)
    twins = renames.likely(told, sides.base, sides.head)
    reviewed = tuple(_reviewed(o, sides, cost, exposed, twins.get(o.urn)) for o in told)
    shown = {r.outcome.urn for r in reviewed}
    before, after = (_by_rule(found) for found in findings)
    return Review(
        stack=sides.head.stack,
        base=sides.base_name,
        head=sides.head_name,
        resources=reviewed,
        elsewhere=tuple(e for e in exposed if e.urn not in shown),
        cost=cost,
        assumptions=_assumed(sides.head.stack, cost),
        broken=tuple(f for key, f in after.items() if key not in before),
        mended=tuple(f for key, f in before.items() if key not in after),
        outputs=tuple(_outputs(sides)),
        undecided=tuple(undecided),
        source=source,
    )


def _reviewed(
    outcome: Outcome,
    sides: Sides,
    cost: Difference,
    exposed: tuple[Exposed, ...],
    twin: renames.Twin | None,
) -> Reviewed:
    before = _find(sides.base, outcome.was or sides.pairing.former.get(outcome.urn, outcome.urn))
    after = _find(sides.head, outcome.urn)
    resource = after or before
    if resource is None:
        raise LookupError(outcome.urn)
    graph = sides.head if after else sides.base
    change = cost.of(outcome.urn)
    return Reviewed(
        outcome=outcome,
        name=resource.name,
        kind=kind(resource),
        component=_component(resource, graph),
        consequences=(
            *consequences(outcome, before, after),
            *((renames.consequence(twin),) if twin else ()),
        ),
        exposed=tuple(e for e in exposed if e.urn == outcome.urn),
        before=change.before if change else NOTHING,
        after=change.after if change else NOTHING,
        place=resource.source,
    )


def _find(graph: Graph, urn: str) -> Resource | None:
    return next((resource for resource in graph.resources if resource.urn == urn), None)


def _component(resource: Resource, graph: Graph) -> str:
    parent = _find(graph, resource.parent)
    while parent is not None and (above := _find(graph, parent.parent)) is not None:
        if above.type == "pulumi:pulumi:Stack":
            return parent.name
        parent = above
    return ""


def _assumed(stack: str, cost: Difference) -> tuple[str, ...]:
    """Behind the lines that change."""
    lines = tuple(line for change in cost.changes for line in change.lines_after)
    return Estimate(stack, lines, ()).assumptions


def _by_rule(findings: Iterable[Finding]) -> dict[tuple[str, str, str], Finding]:
    return {(f.rule, f.resource, f.message): f for f in findings}


def _outputs(sides: Sides) -> Iterator[Changed]:
    before, after = sides.base.outputs, sides.head.outputs
    for name in sorted({*before, *after}):
        if before.get(name) != after.get(name):
            yield Changed(name, before.get(name), after.get(name))
