"""Policy documents of AWS, from values; what is too wide cannot be written."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pulumi

Text = pulumi.Input[str]
Conditions = Mapping[str, Mapping[str, Text | Sequence[Text]]]

ANYBODY = "*"


@dataclass(frozen=True)
class Statement:
    """One statement. `principals` maps `AWS`, `Service` or `Federated` to who is meant; it is left
    out in a policy of an identity. `any_resource` is the reason why a resource cannot be named.
    """

    sid: str
    effect: str
    actions: tuple[str, ...]
    resources: tuple[Text, ...]
    conditions: Conditions = field(default_factory=dict)
    principals: Mapping[str, Text | Sequence[Text]] = field(default_factory=dict)
    any_resource: str = ""

    def __post_init__(self) -> None:
        if self.effect == "Allow" and any("*" in action for action in self.actions):
            raise ValueError(f"{self.sid}: an allowed action holds a wildcard: {self.actions}")
        anything = any(resource == "*" for resource in self.resources)
        if self.effect == "Allow" and anything and not self.any_resource:
            raise ValueError(f"{self.sid}: '*' as a resource needs a reason (any_resource=)")

    def written(self) -> dict[str, Any]:
        """As AWS writes it."""
        principals: Any = dict(self.principals)
        if principals == {"AWS": ANYBODY}:
            principals = ANYBODY
        return {
            "Sid": self.sid,
            "Effect": self.effect,
            **({"Principal": principals} if principals else {}),
            "Action": list(self.actions),
            "Resource": list(self.resources),
            **({"Condition": dict(self.conditions)} if self.conditions else {}),
        }


def allow(
    sid: str,
    actions: Sequence[str],
    resources: Sequence[Text],
    *,
    conditions: Conditions | None = None,
    principals: Mapping[str, Text | Sequence[Text]] | None = None,
    any_resource: str = "",
) -> Statement:
    """Let these actions through on these resources."""
    return Statement(
        sid, "Allow", tuple(actions), tuple(resources), conditions or {}, principals or {},
        any_resource,
    )  # fmt: skip


def deny(
    sid: str,
    actions: Sequence[str],
    resources: Sequence[Text],
    *,
    conditions: Conditions | None = None,
    principals: Mapping[str, Text | Sequence[Text]] | None = None,
) -> Statement:
    """Forbid; here wildcards only make it stricter."""
    return Statement(
        sid, "Deny", tuple(actions), tuple(resources), conditions or {}, principals or {}
    )


def trust(
    *services: str, conditions: Conditions | None = None, sid: str = "Trust"
) -> pulumi.Output[str]:
    """The document that lets AWS services take on a role."""
    return render_trust(
        {"Service": list(services)}, ("sts:AssumeRole",), conditions=conditions, sid=sid
    )


def render_trust(
    principals: Mapping[str, Text | Sequence[Text]],
    actions: Sequence[str],
    *,
    conditions: Conditions | None = None,
    sid: str = "Trust",
) -> pulumi.Output[str]:
    """A trust document: like any other, but without resources."""
    written = Statement(sid, "Allow", tuple(actions), (), conditions or {}, principals).written()
    del written["Resource"]
    return pulumi.Output.json_dumps({"Version": "2012-10-17", "Statement": [written]})


def render(*statements: Statement) -> pulumi.Output[str]:
    """The document as JSON."""
    written = [statement.written() for statement in statements]
    return pulumi.Output.json_dumps({"Version": "2012-10-17", "Statement": written})
