"""Resources as Pulumi's state holds them, as a graph like a recorded one."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pulumi.runtime import rpc

from slipway.stack.graph import Graph, Reference, Resource
from slipway.stack.urns import name_of

HIDDEN_TEXT = "[secret]"
STACK = "pulumi:pulumi:Stack"
_FORMS = {
    **dict.fromkeys(("urn", "type", "parent", "provider", "id"), str),
    **dict.fromkeys(("inputs", "outputs", "propertyDependencies"), dict),
    "dependencies": list,
}
_UNKNOWN = "@unknown@"
_NAMING = {"id", "arn"}
"""Outputs that stand within other texts."""
_SHORTEST = 6
"""Shorter outputs stand in other texts by chance."""

State = Mapping[str, Any]


def graph_of(states: Sequence[State]) -> Graph:
    """Of the states of one side of a preview. Inputs that hold another resource's output get a
    reference in its place, found by the dependencies that Pulumi noted.
    """
    by_urn = {str(state["urn"]): state for state in states}
    links = _Links(by_urn)
    resources = tuple(_resource(state, links) for state in by_urn.values())
    stack, project = _names(next(iter(by_urn), ""))
    root = next((s for s in by_urn.values() if s.get("type") == STACK), {})
    outputs, secrets = plain(root.get("outputs") or {})
    return Graph(
        project=project,
        stack=stack,
        resources=resources,
        outputs=outputs,
        references=links.references,
        output_secrets=secrets,
        region=_region(resources),
    )


def state_of(found: Any, urn: str) -> State:
    """A state of a preview; its name and type alone where Pulumi left it out. Raises `TypeError`
    for something else.
    """
    named = {"urn": urn, "type": urn.split("::")[2].rpartition("$")[2], "custom": True}
    if found is None:
        return named
    if not isinstance(found, Mapping):
        raise TypeError(urn)
    for name, form in _FORMS.items():
        if not isinstance(found.get(name), form | None):
            raise TypeError(name)
    needed = (found.get("dependencies"), *(found.get("propertyDependencies") or {}).values())
    if not all(isinstance(one, str) for urns in needed for one in urns or ()):
        raise TypeError("dependencies")
    given = {name: value for name, value in found.items() if value is not None}
    return {**named, "custom": False, **given}


def plain(value: Any, path: str = "") -> tuple[Any, tuple[str, ...]]:
    """Without the bridge's own marks, and with `[secret]` wherever a value is one; the paths of
    those.
    """
    if isinstance(value, Mapping):
        if value.get(rpc._special_sig_key) == rpc._special_secret_sig:
            return HIDDEN_TEXT, (path,)
        inner = {
            k: plain(v, f"{path}.{k}" if path else str(k))
            for k, v in value.items()
            if k != "__defaults"
        }
        return {k: v for k, (v, _) in inner.items()}, sum((s for _, s in inner.values()), ())
    if isinstance(value, list):
        items = [plain(v, f"{path}[{n}]") for n, v in enumerate(value)]
        return [v for v, _ in items], sum((s for _, s in items), ())
    return value, (path,) if value == HIDDEN_TEXT else ()


class _Links:
    """What the inputs of resources refer to; `references` are those that were used."""

    def __init__(self, by_urn: Mapping[str, State]) -> None:
        self._by_urn = by_urn
        self.references: dict[str, Reference] = {}

    def linked(self, value: Any, urns: Sequence[str]) -> Any:
        """A property that depends on these, with references in the place of their outputs."""
        there = [urn for urn in urns if urn in self._by_urn]
        wholes = {text: found for urn in there for text, found in self._outputs(urn)}
        parts = {text: found for text, found in wholes.items() if found.property in _NAMING}
        # An ARN can contain an identifier.
        longest = "|".join(re.escape(text) for text in sorted(parts, key=len, reverse=True))

        def text(inner: str) -> str:
            if inner == rpc.UNKNOWN:
                return self._token(Reference(there[0], "unknown")) if len(there) == 1 else _UNKNOWN
            if inner in wholes:
                return self._token(wholes[inner])
            if not longest:
                return inner
            return re.sub(longest, lambda found: self._token(parts[found.group()]), inner)

        return _mapped(value, text)

    def _outputs(self, urn: str) -> Iterator[tuple[str, Reference]]:
        """What AWS chose, by its text; of equal texts the identifier wins. What the program gave it
        is known without it.
        """
        state = self._by_urn[urn]
        inputs, outputs = state.get("inputs") or {}, plain(state.get("outputs") or {})[0]
        given = inputs.keys() - set(inputs.get("__defaults") or ())
        chosen = [(name, value) for name, value in outputs.items() if name not in given]
        for name, value in (*chosen, ("arn", outputs.get("arn")), ("id", state.get("id"))):
            if isinstance(value, str) and len(value) >= _SHORTEST and value != HIDDEN_TEXT:
                yield value, Reference(urn, name)

    def _token(self, reference: Reference) -> str:
        name, kind = name_of(reference.urn), reference.urn.split("::")[2].rpartition(":")[2]
        for token in (f"{name}.{reference.property}", f"{name}.{reference.property}.{kind}"):
            whole = f"@{re.sub(r'[@ ]', '_', token)}@"
            if self.references.setdefault(whole, reference) == reference:
                return whole
        self.references[f"@{reference.urn}.{reference.property}@"] = reference
        return f"@{reference.urn}.{reference.property}@"


def _mapped(value: Any, text: Any) -> Any:
    if isinstance(value, str):
        return text(value)
    if isinstance(value, Mapping):
        return {key: _mapped(inner, text) for key, inner in value.items()}
    return [_mapped(inner, text) for inner in value] if isinstance(value, list) else value


def _resource(state: State, links: _Links) -> Resource:
    found, secrets = plain(state.get("inputs") or {})
    needed = {
        str(name): tuple(urns or ())
        for name, urns in (state.get("propertyDependencies") or {}).items()
    }
    return Resource(
        urn=state["urn"],
        type=state.get("type", ""),
        name=name_of(state["urn"]),
        parent=state.get("parent", ""),
        custom=bool(state.get("custom")),
        properties={k: links.linked(value, needed.get(k, ())) for k, value in found.items()},
        provider=state.get("provider", ""),
        protect=bool(state.get("protect")),
        retain_on_delete=bool(state.get("retainOnDelete")),
        depends_on=tuple(state.get("dependencies") or ()),
        property_dependencies=needed,
        secrets=secrets,
    )


def _names(urn: str) -> tuple[str, str]:
    if not urn:
        return "", ""
    head, project, *_ = urn.split("::")
    return head.rpartition(":")[2], project


def _region(resources: Sequence[Resource]) -> str:
    providers = (r for r in resources if r.type == "pulumi:providers:aws")
    return next((str(p.properties["region"]) for p in providers if "region" in p.properties), "")
