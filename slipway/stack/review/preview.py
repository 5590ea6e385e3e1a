"""The review of a real stack, from what `pulumi preview --json` says.

The engine has compared with the real state, so its verdicts are taken as they are: nothing here is
made up. The old and new inputs of every resource make two graphs, and what a change means, costs
and opens is computed on them as it is on recorded ones.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pulumi.runtime import rpc

from slipway.errors import StackError
from slipway.stack.graph import Graph, Resource
from slipway.stack.pairing import Pairing
from slipway.stack.policies import findings
from slipway.stack.review.outcome import Action, Changed, Outcome, Source, Undecided
from slipway.stack.review.review import Review, Sides, review
from slipway.stack.secrets import at
from slipway.stack.terraform.differences import HIDDEN, LATER
from slipway.stack.urns import name_of

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
_HIDDEN_TEXT = "[secret]"
_STACK = "pulumi:pulumi:Stack"


@dataclass(frozen=True)
class Step:
    """One step of the preview, whose states may be missing: Pulumi leaves them out."""

    op: str
    urn: str
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    replaced_by: tuple[str, ...]
    detailed: Mapping[str, Any]
    reasons: tuple[str, ...]


def of_preview(root: Path, file: Path) -> Review:
    """Raises `StackError` where the file is no output of `pulumi preview --json`."""
    steps = read_steps(file)
    base = _graph(steps, "before")
    head = _graph(steps, "after")
    known = {resource.urn for resource in base.resources}
    former = {r.urn: r.urn for r in head.resources if r.urn in known}
    sides = Sides(base, head, Pairing(former), "the deployed stack", f"the preview in {file.name}")
    whole = any(step.op == "same" and not _is_part_of_pulumi(step.urn) for step in steps)
    rules = (findings(root, base), findings(root, head)) if whole else ((), ())
    return review(sides, _outcomes(steps), () if whole else (_PARTIAL,), rules, Source.PULUMI)


def _outcomes(steps: tuple[Step, ...]) -> list[Outcome]:
    """One for each resource: a replacement comes in several steps, of which one says why."""
    telling: dict[str, Step] = {}
    for step in steps:
        shown = step.op in _ACTIONS and not _is_part_of_pulumi(step.urn)
        if shown and (step.op == "replace" or step.urn not in telling):
            telling[step.urn] = step
    return [_outcome(step) for step in telling.values()]


def read_steps(file: Path) -> tuple[Step, ...]:
    try:
        found = json.loads(file.read_text())
    except (UnicodeDecodeError, json.JSONDecodeError) as broken:
        raise _other_format(file, f"it is no JSON: {broken}") from broken
    if not isinstance(found, Mapping) or not isinstance(found.get("steps"), list):
        raise _other_format(file, "it has no list of steps")
    return tuple(_steps(file, found["steps"]))


def _steps(file: Path, steps: list[Any]) -> Iterator[Step]:
    for number, step in enumerate(steps):
        if not isinstance(step, Mapping) or not isinstance(step.get("urn"), str):
            raise _other_format(file, f"step {number + 1} names no resource")
        op = step.get("op")
        if op not in _ACTIONS and op not in _NOTHING:
            raise _other_format(file, f"step {number + 1} does '{op}', which is not known here")
        if step["urn"].count("::") != 3:
            raise _other_format(file, f"step {number + 1} has '{step['urn']}' in place of a URN")
        yield Step(
            op=op,
            urn=step["urn"],
            before=step.get("oldState") or {},
            after=step.get("newState") or {},
            replaced_by=tuple(step.get("replaceReasons") or ()),
            detailed=step.get("detailedDiff") or {},
            reasons=tuple(step.get("diffReasons") or ()),
        )


def _other_format(file: Path, why: str) -> StackError:
    return StackError(
        f"{file} is not what pulumi preview writes",
        why=why,
        mend="Make it with: pulumi preview --json > preview.json",
    )


def _outcome(step: Step) -> Outcome:
    action = _ACTIONS[step.op]
    before, after = (_inputs(state)[0] for state in (step.before, step.after))
    paths = [*step.detailed] or list(step.reasons)
    changed = tuple(_changed(path, before, after) for path in paths)
    replaced_by = step.replaced_by or tuple(
        path for path, diff in step.detailed.items() if "replace" in str(diff.get("kind"))
    )
    if action in {Action.CREATED, Action.DELETED}:
        changed, replaced_by = (), ()
    return Outcome(step.urn, action, Source.PULUMI, changed, tuple(dict.fromkeys(replaced_by)))


def _changed(path: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Changed:
    old, new = at(before, path), at(after, path)
    if _HIDDEN_TEXT in (old, new):
        return Changed(path, HIDDEN, HIDDEN)
    return Changed(path, old, LATER if new == rpc.UNKNOWN else new)


def _graph(steps: tuple[Step, ...], side: str) -> Graph:
    states = [getattr(step, side) for step in steps]
    found = {state["urn"]: _resource(state) for state in states if state.get("urn")}
    stack, project = _names(steps)
    outputs = next((s.get("outputs") or {} for s in states if s.get("type") == _STACK), {})
    return Graph(
        project=project,
        stack=stack,
        resources=tuple(found.values()),
        outputs=_plain(outputs)[0],
        references={},
        region=_region(found.values()),
    )


def _names(steps: tuple[Step, ...]) -> tuple[str, str]:
    if not steps:
        return "", ""
    head, project, *_ = steps[0].urn.split("::")
    return head.rpartition(":")[2], project


def _region(resources: Any) -> str:
    providers = (r for r in resources if r.type == "pulumi:providers:aws")
    return next((str(p.properties["region"]) for p in providers if "region" in p.properties), "")


def _resource(state: Mapping[str, Any]) -> Resource:
    properties, secrets = _inputs(state)
    return Resource(
        urn=state["urn"],
        type=state.get("type", ""),
        name=name_of(state["urn"]),
        parent=state.get("parent", ""),
        custom=bool(state.get("custom")),
        properties=properties,
        provider=state.get("provider", ""),
        protect=bool(state.get("protect")),
        retain_on_delete=bool(state.get("retainOnDelete")),
        depends_on=tuple(state.get("dependencies") or ()),
        property_dependencies={
            name: tuple(urns or ())
            for name, urns in (state.get("propertyDependencies") or {}).items()
        },
        secrets=secrets,
    )


def _inputs(state: Mapping[str, Any]) -> tuple[dict[str, Any], tuple[str, ...]]:
    found, secrets = _plain(state.get("inputs") or {})
    return found, secrets


def _plain(value: Any, path: str = "") -> tuple[Any, tuple[str, ...]]:
    """Without the bridge's own marks, and with `[secret]` wherever a value is one."""
    if isinstance(value, Mapping):
        if value.get(rpc._special_sig_key) == rpc._special_secret_sig:
            return _HIDDEN_TEXT, (path,)
        inner = {
            k: _plain(v, f"{path}.{k}" if path else str(k))
            for k, v in value.items()
            if k != "__defaults"
        }
        return {k: v for k, (v, _) in inner.items()}, sum((s for _, s in inner.values()), ())
    if isinstance(value, list):
        items = [_plain(v, f"{path}[{n}]") for n, v in enumerate(value)]
        return [v for v, _ in items], sum((s for _, s in items), ())
    return value, (path,) if value == _HIDDEN_TEXT else ()


def _is_part_of_pulumi(urn: str) -> bool:
    return urn.split("::")[2].rpartition("$")[2].startswith("pulumi:")
