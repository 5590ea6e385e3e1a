"""The review of a real stack, from what `pulumi preview --json` says.

The engine has compared with the real state, so its verdicts are taken as they are: nothing here is
made up. The old and new states of every resource make two graphs, and what a change means, costs
and opens is computed on them as it is on recorded ones.
"""

import dataclasses
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pulumi.runtime import rpc

from slipway.errors import StackError
from slipway.stack.pairing import Pairing
from slipway.stack.policies import findings
from slipway.stack.review.outcome import Action, Changed, Outcome, Source, Undecided
from slipway.stack.review.review import Review, Sides, review
from slipway.stack.review.states import HIDDEN_TEXT, State, graph_of, plain, state_of
from slipway.stack.terraform.differences import HIDDEN, LATER

_ACTIONS = {
    "create": Action.CREATED,
    "import": Action.CREATED,
    "update": Action.UPDATED,
    "replace": Action.REPLACED,
    "create-replacement": Action.REPLACED,
    "delete-replaced": Action.REPLACED,
    "import-replacement": Action.REPLACED,
    "delete": Action.DELETED,
}
_NOTHING = {"same", "read", "refresh", "discard", "discard-replaced", "read-replacement",
            "read-discard", "remove-pending-replace"}  # fmt: skip
_PARTIAL = Undecided(
    "",
    "rules, total cost and what hangs on resources that stay",
    "the preview holds only what changes; pulumi preview --json --show-sames holds all",
)
_WITHOUT_OLD = {"create", "import", "read"}
_WITHOUT_NEW = {"delete", "delete-replaced"}
_KEY = re.compile(r'\["((?:[^"\\]|\\.)*)"\]|\[(\d+)\]|\.?([^.\[\]]+)')
"""A step of a property path: `["a.key"]`, `[0]` or `.name`."""


@dataclass(frozen=True)
class Step:
    """One step of the preview. A state is empty where there is none, and only names the resource
    where Pulumi left it out.
    """

    op: str
    urn: str
    before: State
    after: State
    replaced_by: tuple[str, ...]
    detailed: Mapping[str, str]
    reasons: tuple[str, ...]


def of_preview(root: Path, file: Path) -> Review:
    """Raises `StackError` where the file is no output of `pulumi preview --json`."""
    steps = read_steps(file)
    base = graph_of([step.before for step in steps if step.before])
    head = graph_of([step.after for step in steps if step.after])
    former = {s.after["urn"]: s.before["urn"] for s in steps if s.before and s.after}
    sides = Sides(base, head, Pairing(former), "the deployed stack", f"the preview in {file.name}")
    whole = any(step.op == "same" and not _is_part_of_pulumi(step.urn) for step in steps)
    rules = (findings(root, base), findings(root, head)) if whole else ((), ())
    outcomes = _outcomes(steps)
    missing = (_PARTIAL,) if outcomes and not whole else ()
    found = review(sides, outcomes, missing, rules, Source.PULUMI)
    return dataclasses.replace(found, whole=whole)


def _outcomes(steps: tuple[Step, ...]) -> list[Outcome]:
    """One for each resource: a replacement comes in several steps, of which one says why."""
    telling: dict[str, Step] = {}
    for step in steps:
        says_why = step.op == "replace" or step.urn not in telling
        if says_why and _changes(step):
            telling[step.urn] = step
    return [_outcome(step) for step in telling.values()]


def _changes(step: Step) -> bool:
    """Whether it is of a resource that changes, and no component or part of Pulumi."""
    renamed = step.before and step.after and step.before["urn"] != step.after["urn"]
    managed = (step.after or step.before).get("custom") and not _is_part_of_pulumi(step.urn)
    return bool(managed and (step.op in _ACTIONS or renamed))


def read_steps(file: Path) -> tuple[Step, ...]:
    try:
        found = json.loads(file.read_text())
    except (UnicodeDecodeError, json.JSONDecodeError) as broken:
        raise _other_format(file, f"it is no JSON: {broken}") from broken
    if not isinstance(found, Mapping) or not found.keys() & {"steps", "changeSummary"}:
        raise _other_format(file, "it has no steps")
    steps, said = (found.get(name, []) for name in ("steps", "diagnostics"))  # empty: left out
    if not isinstance(steps, list) or not isinstance(said, list):
        raise _other_format(file, "its steps are no list")
    if errors := sum(isinstance(s, Mapping) and s.get("severity") == "error" for s in said):
        raise StackError(
            f"The preview in {file} did not succeed",
            why=f"pulumi says {errors} {'errors' if errors > 1 else 'error'} in its diagnostics",
            mend="Mend that, and make it anew.",
        )
    return tuple(_steps(file, steps))


def _steps(file: Path, steps: list[Any]) -> Iterator[Step]:
    for number, step in enumerate(steps, start=1):
        if not isinstance(step, Mapping) or not isinstance(step.get("urn"), str):
            raise _other_format(file, f"step {number} names no resource")
        op, urn = step.get("op"), step["urn"]
        if not isinstance(op, str) or (op not in _ACTIONS and op not in _NOTHING):
            raise _other_format(file, f"step {number} does {op!r}, which is not known here")
        if not _is_urn(urn):
            raise _other_format(file, f"step {number} has {urn!r} in place of a URN")
        try:
            found = _step(op, urn, step)
        except (AttributeError, KeyError, TypeError) as broken:
            raise _other_format(file, f"step {number} holds something else") from broken
        if not found.before.get("delete"):  # of an earlier update: it was replaced long ago
            yield found


def _step(op: str, urn: str, step: Mapping[str, Any]) -> Step:
    return Step(
        op=op,
        urn=urn,
        before={} if op in _WITHOUT_OLD else state_of(step.get("oldState"), urn),
        after={} if op in _WITHOUT_NEW else state_of(step.get("newState"), urn),
        replaced_by=tuple(map(str, step.get("replaceReasons") or ())),
        detailed={
            path: str(diff["kind"]) for path, diff in (step.get("detailedDiff") or {}).items()
        },
        reasons=tuple(map(str, step.get("diffReasons") or ())),
    )


def _other_format(file: Path, why: str) -> StackError:
    return StackError(
        f"{file} is not what pulumi preview writes",
        why=why,
        mend="Make it with: pulumi preview --json > preview.json",
    )


def _outcome(step: Step) -> Outcome:
    action = _ACTIONS.get(step.op, Action.RENAMED)
    changed = tuple(_changed(path, step) for path in [*step.detailed] or step.reasons)
    replaced_by = step.replaced_by or tuple(
        path for path, kind in step.detailed.items() if kind.endswith("-replace")
    )
    if action not in {Action.UPDATED, Action.REPLACED}:
        changed, replaced_by = (), ()
    was = step.before["urn"] if step.before and step.before["urn"] != step.urn else ""
    return Outcome(step.urn, action, Source.PULUMI, changed, tuple(dict.fromkeys(replaced_by)), was)


def _changed(path: str, step: Step) -> Changed:
    old, new = (_at(state, path) for state in (step.before, step.after))
    if HIDDEN in (old, new):
        return Changed(path, HIDDEN, HIDDEN)
    return Changed(path, old, LATER if new == rpc.UNKNOWN else _told(new))


def _at(state: State, path: str) -> Any:
    """The input of this path, or the output where there is none; HIDDEN where it is a secret, or
    holds one.
    """
    keys = [(key or name, number) for key, number, name in _KEY.findall(path)]
    for place in ("inputs", "outputs"):
        value, _ = plain(state.get(place) or {})
        for key, number in keys:
            if isinstance(value, Mapping):
                value = value.get(number or key.replace('\\"', '"'))
            elif isinstance(value, list) and number and int(number) < len(value):
                value = value[int(number)]
            else:
                value = HIDDEN if value == HIDDEN_TEXT else None
        if value is not None:
            return HIDDEN if plain(value)[1] else value
    return None


def _told(value: Any) -> Any:
    """Where a part of it is only known later, it says so."""
    if isinstance(value, Mapping):
        return {key: _told(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_told(inner) for inner in value]
    return repr(LATER) if value == rpc.UNKNOWN else value


def _is_urn(text: str) -> bool:
    return text.startswith("urn:pulumi:") and text.count("::") >= 3


def _is_part_of_pulumi(urn: str) -> bool:
    return urn.split("::")[2].rpartition("$")[2].startswith("pulumi:")
