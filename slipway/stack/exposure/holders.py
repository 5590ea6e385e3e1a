"""Who holds which policies: identities, those who may assume them, and resources of their own."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from slipway.stack.exposure.statements import ANYBODY, Document, Grant, document
from slipway.stack.exposure.view import View, items
from slipway.stack.graph import Resource, texts

ROLE, USER, GROUP = "aws:iam/role:Role", "aws:iam/user:User", "aws:iam/group:Group"
KEY = "aws:kms/key:Key"
ENDPOINT = "aws:ec2/vpcEndpoint:VpcEndpoint"
_MANAGED = "aws:iam/policy:Policy"
_INLINE = (
    ("aws:iam/rolePolicy:RolePolicy", "role"),
    ("aws:iam/userPolicy:UserPolicy", "user"),
    ("aws:iam/groupPolicy:GroupPolicy", "group"),
)
_ATTACHMENTS = (
    ("aws:iam/rolePolicyAttachment:RolePolicyAttachment", "role"),
    ("aws:iam/userPolicyAttachment:UserPolicyAttachment", "user"),
    ("aws:iam/groupPolicyAttachment:GroupPolicyAttachment", "group"),
    ("aws:iam/policyAttachment:PolicyAttachment", "roles"),
    ("aws:iam/policyAttachment:PolicyAttachment", "users"),
    ("aws:iam/policyAttachment:PolicyAttachment", "groups"),
)
_IDENTITIES = (ROLE, USER, GROUP)
_OWNERS = {
    "aws:s3/bucketPolicy:BucketPolicy": ("bucket", "Bucket", "BucketV2"),
    "aws:kms/keyPolicy:KeyPolicy": ("keyId", KEY),
    "aws:sns/topicPolicy:TopicPolicy": ("arn", "aws:sns/topic:Topic"),
    "aws:sqs/queuePolicy:QueuePolicy": ("queueUrl", "aws:sqs/queue:Queue"),
    "aws:ecr/repositoryPolicy:RepositoryPolicy": ("repository", "aws:ecr/repository:Repository"),
    "aws:secretsmanager/secretPolicy:SecretPolicy": (
        "secretArn",
        "aws:secretsmanager/secret:Secret",
    ),
    "aws:ec2/vpcEndpointPolicy:VpcEndpointPolicy": ("vpcEndpointId", ENDPOINT),
}
"""What a policy that is a resource of its own belongs to: the property that names it, its type."""


class Face(StrEnum):
    """Which side of a resource a policy is about."""

    MAY = "what it may do"
    TRUST = "who may assume it"
    OWN = "who may use it"
    BOUNDARY = "what it may do at most"
    ENDPOINT = "what it lets through"


@dataclass(frozen=True, order=True)
class Holder:
    """`identity` as in `View`; for what is outside the graph, the value that names it."""

    identity: str
    face: Face


@dataclass(frozen=True)
class Policies:
    """`attached` holds the ARNs of managed policies whose statements the graph does not have.
    `carriers` maps a holder to a resource of the graph that says something about it.
    """

    documents: Mapping[Holder, Document]
    attached: Mapping[Holder, frozenset[str]]
    carriers: Mapping[Holder, str]


EVERYTHING = Document(frozenset({Grant("Allow", ANYBODY, "*", "*")}))
"""What an endpoint without a policy lets through."""
_OF_THE_ACCOUNT = Document(
    frozenset({Grant("Allow", "AWS:the account of the stack", "kms:*", "*")})
)
"""The policy of a key that is given none."""


def policies(view: View) -> Policies:
    """All policies of a graph, by who holds them."""
    documents: dict[Holder, Document] = {}
    attached: dict[Holder, frozenset[str]] = {}
    carriers: dict[Holder, str] = {}
    for holder, carrier, policy in [*_identities(view), *_resources(view)]:
        documents[holder] = documents.get(holder, Document()) | document(view, policy)
        carriers.setdefault(holder, view.identity(carrier.urn))
    for holder, carrier, arn in _attached(view):
        managed = view.referred(arn) & view.of(_MANAGED).keys()
        carriers.setdefault(holder, view.identity(carrier.urn))
        for identity in managed:
            policy = view.resources[identity].properties.get("policy", "")
            documents[holder] = documents.get(holder, Document()) | document(view, policy)
        if not managed or holder.face is Face.BOUNDARY:
            attached[holder] = attached.get(holder, frozenset()) | {view.plain(arn)}
    for type_, face, default in (
        (KEY, Face.OWN, _OF_THE_ACCOUNT),
        (ENDPOINT, Face.ENDPOINT, EVERYTHING),
    ):
        for identity in view.of(type_):
            documents.setdefault(Holder(identity, face), default)
            carriers.setdefault(Holder(identity, face), identity)
    return Policies(documents, attached, carriers)


def _identities(view: View) -> Iterator[tuple[Holder, Resource, Any]]:
    for type_, name in _INLINE:
        for owner, resource in view.owned(type_, name, *_IDENTITIES):
            yield Holder(owner, Face.MAY), resource, resource.properties.get("policy", "")
    for identity, role in view.of(ROLE).items():
        yield Holder(identity, Face.TRUST), role, role.properties.get("assumeRolePolicy", "")
        for inline in items(role.properties.get("inlinePolicies")):
            yield Holder(identity, Face.MAY), role, inline.get("policy", "")


def _attached(view: View) -> Iterator[tuple[Holder, Resource, str]]:
    for identity, role in view.of(*_IDENTITIES).items():
        for arn in items(role.properties.get("managedPolicyArns")):
            yield Holder(identity, Face.MAY), role, str(arn)
        if boundary := role.properties.get("permissionsBoundary"):
            yield Holder(identity, Face.BOUNDARY), role, str(boundary)
    for type_, name in _ATTACHMENTS:
        for resource in view.graph.of(type_):
            for value in items(resource.properties.get(name)):
                named = view.referred(value) & view.of(*_IDENTITIES).keys()
                (owner,) = named or (view.owner(resource, name, *_IDENTITIES),)
                yield Holder(owner, Face.MAY), resource, str(resource.properties["policyArn"])


def _resources(view: View) -> Iterator[tuple[Holder, Resource, str]]:
    """Every other text that is a policy, whatever resource has it."""
    own = {type_ for type_, _ in _INLINE} | {ROLE, _MANAGED}
    for resource in view.graph.resources:
        if resource.type in own or not resource.custom:
            continue
        name, *owners = _OWNERS.get(resource.type, ("",))
        identity = view.owner(resource, name, *owners) if name else view.identity(resource.urn)
        for text in texts(resource.properties):
            if text.lstrip().startswith("{") and '"Statement"' in text:
                yield Holder(identity, _face(view, resource, identity)), resource, text
        if name and '"Statement"' not in str(resource.properties.get("policy", "")):
            yield Holder(identity, Face.OWN), resource, str(resource.properties.get("policy", ""))


def _face(view: View, resource: Resource, identity: str) -> Face:
    endpoint = resource.type.endswith("VpcEndpointPolicy") or identity in view.of(ENDPOINT)
    return Face.ENDPOINT if endpoint else Face.OWN
