"""A review as Markdown, for the comment on a pull request."""

import re
from collections.abc import Iterable, Iterator, Sequence

from slipway.stack.cost.ranges import money
from slipway.stack.review import wording
from slipway.stack.review.impact import Grade
from slipway.stack.review.outcome import Action, Undecided
from slipway.stack.review.review import Review, Reviewed
from slipway.stack.urns import name_of

_SHOWN = 10
"""Rows and reasons that stand open; the rest is folded."""
_NAMES = 4
"""Of resources of which the same is said."""
_PLAIN = re.compile(r"[^`|\\\s]([^`|\\\s]| (?=\S))*")
_MARKS = {Grade.LOW: "🟢", Grade.MEDIUM: "🟡", Grade.HIGH: "🔴"}


def markdown(review: Review) -> str:
    """Ends with a newline. A change of nothing is three lines."""
    parts = [_head(review)]
    if reasons := [r for r in review.reasons if r.grade > Grade.LOW]:
        lines = [f"- {_MARKS[r.grade]} {_escaped(r.sentence)}" for r in reasons]
        parts.append(_folded("### Why", lines, "more reasons"))
    if review.resources:
        parts.append(_resources(review))
    parts += [part for part in (_security(review), _rules(review), _outputs(review)) if part]
    if review.cost.changes:
        parts.append(_cost(review))
    if review.undecided:
        parts.append(_undecided(review.undecided))
    if review.resources:
        said = f"Replaced or updated as {review.source.value} says it"
        parts.append(f"<sub>{said}: docs/review.md tells how, and what it cannot see.</sub>")
    return "\n\n".join(parts) + "\n"


def _head(review: Review) -> str:
    grade = review.grade
    stack = f"Stack {_code(review.stack)}" if review.stack else "The stack"
    return (
        f"## {_MARKS[grade]} {stack}: {wording.counts(review)}\n\n"
        f"Risk **{grade}**. {wording.verdict(review)} {wording.cost(review)}.\n"
        f"{_code(review.base)} → {_code(review.head)}"
    )


def _resources(review: Review) -> str:
    ordered = sorted(review.resources, key=lambda r: (r.outcome.follows, -r.grade))
    alike: dict[tuple[str, str, str], list[Reviewed]] = {}
    for reviewed in ordered:
        alike.setdefault(_said(reviewed), []).append(reviewed)
    rows = [
        (mark, _names(group), changes, means) for (mark, changes, means), group in alike.items()
    ]
    own = sum(not group[0].outcome.follows for group in alike.values())
    header = ("", "Resource", "What changes", "What it means")
    shown = len(rows) if len(rows) <= _SHOWN else min(_SHOWN, max(own, 1))
    text = f"### Resources\n\n{_table(header, rows[:shown])}"
    if rows[shown:]:
        rest = _table(header, rows[shown:])
        number = sum(map(len, list(alike.values())[shown:]))
        text += f"\n\n{_details(f'{number} more', rest)}"
    return text


def _said(reviewed: Reviewed) -> tuple[str, str, str]:
    """All that is said of a resource but its name: what is the same of several is said once."""
    return (
        f"{_MARKS[reviewed.grade]} {reviewed.action.value}",
        "<br>".join(_changes(reviewed)),
        "<br>".join(_means(reviewed)),
    )


def _names(group: Sequence[Reviewed]) -> str:
    shown = "<br>".join(map(_name, group[:_NAMES]))
    return shown + (f"<br>and {len(group) - _NAMES} more" if group[_NAMES:] else "")


def _name(reviewed: Reviewed) -> str:
    was = reviewed.outcome.was
    former = f"<br><sub>was {_escaped(name_of(was))}</sub>" if was else ""
    place = ", ".join(_escaped(part) for part in (reviewed.kind, reviewed.place) if part)
    return f"{_code(reviewed.name)} <sub>{place}</sub>{former}"


def _changes(reviewed: Reviewed) -> Iterator[str]:
    outcome = reviewed.outcome
    if outcome.action is Action.REPLACED and outcome.replaced_by:
        yield f"**replaced by {', '.join(map(_code, outcome.replaced_by))}**"
    shown = outcome.changed[:4]
    yield from (_escaped(wording.change(changed)) for changed in shown)
    if rest := outcome.changed[len(shown) :]:
        yield f"and {', '.join(_code(changed.property) for changed in rest[:6])}" + (
            f" and {len(rest) - 6} more" if len(rest) > 6 else ""
        )


def _means(reviewed: Reviewed) -> Iterator[str]:
    outcome = reviewed.outcome
    if outcome.because:
        names = dict.fromkeys(name_of(urn) for urn in outcome.because)
        yield f"follows from {', '.join(map(_code, names))}"
    yield from (_escaped(consequence.sentence) for consequence in reviewed.consequences)
    yield from (_escaped(exposed.said) for exposed in reviewed.exposed)
    if reviewed.costs_otherwise:
        yield f"{money(reviewed.before)} → {money(reviewed.after)} a month"
    if outcome.uncertain:
        yield f"**uncertain**: {_escaped(outcome.uncertain)}"


def _security(review: Review) -> str:
    found = [*(e for r in review.resources for e in r.exposed), *review.elsewhere]
    lines = [
        f"- {'⬆ wider' if e.wider else '⬇ narrower'}: {_escaped(e.said)}"
        + ("" if e.certain else " (cannot be compared for certain)")
        for e in sorted(found, key=lambda e: -e.severity)
    ]
    return _folded("### Security", lines, "more findings") if lines else ""


def _rules(review: Review) -> str:
    lines = [
        f"- breaks **{_escaped(f.rule)}**: {_escaped(f.message)} ({_code(f.resource)})"
        for f in review.broken
    ]
    lines += [f"- no longer breaks {_escaped(f.rule)} ({_code(f.resource)})" for f in review.mended]
    return _folded("### Rules", lines, "more") if lines else ""


def _outputs(review: Review) -> str:
    lines = [f"- {_escaped(wording.change(changed))}" for changed in review.outputs]
    return _folded("### Outputs", lines, "more") if lines else ""


def _cost(review: Review) -> str:
    rows = [(_code(c.name), money(c.before), money(c.after)) for c in review.cost.changes]
    total = (
        "**the stack**" if review.whole else "**what changes**",
        money(review.cost.before),
        money(review.cost.after),
    )
    table = _table(("Cost a month", "Before", "After"), [*rows[:_SHOWN], total])
    assumed = "\n".join(f"- {_escaped(assumption)}" for assumption in review.assumptions)
    folded = f"\n\n{_details('What is assumed', assumed)}" if assumed else ""
    return f"### Cost\n\n{table}{folded}"


def _undecided(found: Sequence[Undecided]) -> str:
    grouped: dict[str, list[str]] = {}
    for one in found:
        name = name_of(one.urn) or "the stack"
        place = _code(name) + (f" {_escaped(one.what)}" if one.what else "")
        grouped.setdefault(one.why, []).append(place)
    lines = [f"- {_escaped(why)}: {_listed(places)}" for why, places in grouped.items()]
    return _details("Cannot be said without AWS", "\n".join(lines))


def _listed(places: Sequence[str]) -> str:
    more = f" and {len(places) - 5} more" if len(places) > 5 else ""
    return ", ".join(places[:5]) + more


def _folded(title: str, lines: Sequence[str], rest: str) -> str:
    text = f"{title}\n\n" + "\n".join(lines[:_SHOWN])
    if lines[_SHOWN:]:
        text += f"\n\n{_details(f'{len(lines) - _SHOWN} {rest}', chr(10).join(lines[_SHOWN:]))}"
    return text


def _details(summary: str, body: str) -> str:
    return f"<details><summary>{summary}</summary>\n\n{body}\n\n</details>"


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(row)} |" for row in lines)


def _escaped(text: str) -> str:
    """A text that Markdown and a table's cell leave as it is, on one line."""
    inline = re.sub(r"([\\`*_|<>\[&~])", r"\\\1", re.sub(r"\s+", " ", text))
    # At the start of a line these make a heading or a list.
    return re.sub(r"^( ?)([#+-])|^( ?\d+)([.)])(?= |$)", r"\1\3\\\2\4", inline)


def _code(text: str) -> str:
    """A name as code, also within a table's cell."""
    return f"`{text}`" if _PLAIN.fullmatch(text) else f"<code>{_escaped(text)}</code>"
