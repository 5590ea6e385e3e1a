"""Values, amounts and counts, as the reviews write them."""

import json
from typing import Any

from slipway.stack.consistency import decoded
from slipway.stack.cost.ranges import money
from slipway.stack.graph import REFERENCE
from slipway.stack.review.outcome import Action, Changed
from slipway.stack.review.review import Review
from slipway.stack.terraform.differences import HIDDEN, LATER

LONGEST = 60


def value(found: Any) -> str:
    """Short, and on one line."""
    if found is LATER or found is HIDDEN:
        return repr(found)
    if found is None or found in ("", [], {}):
        return "none"
    text = " ".join(_text(found).split()) or "white space"
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def change(changed: Changed) -> str:
    """`maxSize: 12 → 8`; of two long texts that begin alike, the part where they differ."""
    if changed.before is HIDDEN or changed.after is HIDDEN:
        return f"{changed.property}: a secret"
    if changed.before is None and changed.after is None:
        return f"{changed.property}: from what to what is not known"
    before, after = (value(found) for found in _differing(changed.before, changed.after))
    if before == after:  # white space, or a number as text
        return f"{changed.property}: {after}, written in another way"
    return f"{changed.property}: {before} → {after}"


def _differing(before: Any, after: Any) -> tuple[Any, Any]:
    before, after = _opened(before), _opened(after)
    if isinstance(before, list) and isinstance(after, list):
        gone = [item for item in before if item not in after]
        come = [item for item in after if item not in before]
        if (gone or come) and len(gone) < max(2, len(before)):
            return gone, come
    if LATER in (before, after) or None in (before, after):
        return before, after
    before, after = _text(before), _text(after)
    if max(len(before), len(after)) <= LONGEST:
        return before, after
    start = next(
        (n for n, (a, b) in enumerate(zip(before, after, strict=False)) if a != b),
        min(len(before), len(after)),
    )
    start = max(0, start - 20)
    cut = "…" if start else ""
    return cut + before[start : start + LONGEST - 2], cut + after[start : start + LONGEST - 2]


def _text(found: Any) -> str:
    """One line of JSON, if it is no text. What refers to an output says so: `{network.id}`."""
    text = found if isinstance(found, str) else json.dumps(found, ensure_ascii=False, default=repr)
    # As `@network.id@`, a forge would tell the person of that name.
    return REFERENCE.sub(lambda token: f"{{{token.group().strip('@')}}}", text)


def _opened(found: Any) -> Any:
    """What is within base64."""
    inner = decoded(found) if isinstance(found, str) else None
    return found if inner is None else inner


def cost(review: Review) -> str:
    """One phrase on the monthly cost before and after."""
    before, after = review.cost.before, review.cost.after
    what = "" if review.whole else " for what changes"
    if before == after:
        return f"{money(after)} a month{what}, as before"
    return f"{money(before)} → {money(after)} a month{what}"


def counts(review: Review) -> str:
    """`2 updated, 1 replaced`."""
    numbers = [(action, review.count(action)) for action in Action]
    said = [f"{number} {action.value}" for action, number in numbers if number]
    return ", ".join(said) or "no resource changes"


def verdict(review: Review) -> str:
    """What is asked of whoever reads it."""
    if review.needs_a_yes:
        return "Somebody has to say yes to this."
    if review.empty:
        return "Nothing changes."
    return "Nothing in it needs a yes of its own."
