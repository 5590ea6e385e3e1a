"""Policy documents of AWS, wherever a resource carries one."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .model import Checked
from .values import items, known, look, parsed, prop

IDENTITY = {
    "aws:iam/policy:Policy": "policy",
    "aws:iam/rolePolicy:RolePolicy": "policy",
    "aws:iam/groupPolicy:GroupPolicy": "policy",
    "aws:iam/userPolicy:UserPolicy": "policy",
}
"""Documents that say what somebody may do."""

RESOURCE = {
    "aws:iam/role:Role": "assumeRolePolicy",
    "aws:s3/bucketPolicy:BucketPolicy": "policy",
    "aws:kms/key:Key": "policy",
    "aws:kms/keyPolicy:KeyPolicy": "policy",
    "aws:ecr/repositoryPolicy:RepositoryPolicy": "policy",
    "aws:sns/topic:Topic": "policy",
    "aws:sns/topicPolicy:TopicPolicy": "policy",
    "aws:sqs/queue:Queue": "policy",
    "aws:sqs/queuePolicy:QueuePolicy": "policy",
    "aws:ec2/vpcEndpoint:VpcEndpoint": "policy",
}
"""Documents that say who may do something with a resource; its own ARN is what `*` means there."""


@dataclass(frozen=True)
class Statement:
    """One statement, with single values made lists."""

    sid: str
    allows: bool
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    principals: tuple[str, ...]
    conditions: Mapping[str, Any]
    inverted: bool
    """Whether it names what is not meant (`NotAction`, `NotResource`, `NotPrincipal`)."""


def documents(resource: Checked) -> Iterator[Any]:
    """The known documents of a resource, as JSON values."""
    name = IDENTITY.get(resource.type) or RESOURCE.get(resource.type)
    found = [prop(resource, name)] if name else []
    if resource.type == "aws:iam/role:Role":
        found += [look(inline, "policy") for inline in items(prop(resource, "inlinePolicies"))]
    for document in found:
        value = parsed(document)
        if known(value) and isinstance(value, Mapping):
            yield value


def statements(document: Any) -> Iterator[Statement]:
    for written in items(look(document, "Statement")):
        if isinstance(written, Mapping):
            conditions = written.get("Condition")
            yield Statement(
                sid=str(written.get("Sid") or "a statement without Sid"),
                allows=written.get("Effect") == "Allow",
                actions=_texts(written.get("Action")),
                resources=_texts(written.get("Resource")),
                principals=_principals(written.get("Principal")),
                conditions=conditions if isinstance(conditions, Mapping) else {},
                inverted=any(
                    key in written for key in ("NotAction", "NotResource", "NotPrincipal")
                ),
            )


def allowed(resource: Checked) -> Iterator[Statement]:
    """Every statement of a resource that lets something through."""
    for document in documents(resource):
        yield from (statement for statement in statements(document) if statement.allows)


def _texts(value: Any) -> tuple[str, ...]:
    found = (value,) if isinstance(value, str) else items(value)
    return tuple(text for text in found if isinstance(text, str))


def _principals(value: Any) -> tuple[str, ...]:
    if isinstance(value, Mapping):
        return tuple(text for inner in value.values() for text in _texts(inner))
    return _texts(value)
