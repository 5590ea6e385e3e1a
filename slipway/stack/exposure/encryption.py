"""What is stored encrypted, and with whose key."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from slipway.stack.exposure.finding import Exposed, Kind, Severity, found
from slipway.stack.exposure.view import View, items, name_of, on, say, shared
from slipway.stack.graph import Resource


class Level(IntEnum):
    """Who has to be asked for the data."""

    PLAIN = 0
    AWS = 1
    OWN = 2


@dataclass(frozen=True)
class Rest:
    """How something is encrypted at rest; `key` names the key where it is not one of AWS's own."""

    level: Level
    key: str = ""

    def __str__(self) -> str:
        if self.level is Level.PLAIN:
            return "not encrypted"
        if self.level is Level.AWS:
            return "encrypted with a key of AWS"
        return f"encrypted with {self.named}"

    @property
    def named(self) -> str:
        """The key in words."""
        return "the stack's key" if self.key.startswith("@") else f"the key {self.key}"


_Reader = Callable[[View, Resource], Rest | None]
"""None where the graph does not say."""


def encryption(base: View, head: View) -> Iterator[Exposed]:
    """Changes of encryption at rest, and of keys."""
    for type_, (word, read) in _READERS.items():
        for identity, old, new in shared(base, head, type_):
            named = f"the {word} {name_of(identity)}"
            yield from _changed(identity, named, read(base, old), read(head, new))
        for identity, new in head.of(type_).items():
            if identity not in base.resources and read(head, new) == Rest(Level.PLAIN):
                said = f"the new {word} {name_of(identity)} is not encrypted"
                yield found(Kind.ENCRYPTION, identity, said, Severity.MEDIUM)
    for identity, old, new in shared(base, head, "aws:kms/key:Key"):
        was, is_ = (on(of.properties.get("enableKeyRotation")) for of in (old, new))
        if was != is_:
            no = "no longer" if was else "now"
            said = f"the key {name_of(identity)} is {no} rotated"
            yield found(Kind.ENCRYPTION, identity, said, Severity.LOW, wider=was)


def _changed(identity: str, named: str, old: Rest | None, new: Rest | None) -> Iterator[Exposed]:
    if old is None or new is None:
        if old != new:
            said = f"{named} is {old or new} on one side; the other does not say: not compared"
            yield found(Kind.ENCRYPTION, identity, said, Severity.MEDIUM, certain=False)
    elif old.level != new.level:
        wider = new.level < old.level
        said = f"{named} is no longer {old}: it is {new}" if wider else f"{named} is now {new}"
        grave = Severity.HIGH if new.level is Level.PLAIN else Severity.MEDIUM
        yield found(Kind.ENCRYPTION, identity, said, grave, wider=wider)
    elif old.key != new.key:
        said = f"{named} is encrypted with {say(new.key)} instead of {say(old.key)}"
        yield found(
            Kind.ENCRYPTION, identity, f"{said}: not compared", Severity.MEDIUM, certain=False
        )


def _with(view: View, key: Any, without: Level = Level.AWS) -> Rest:
    """Encrypted with a key; `without` where none is named."""
    if not key:
        return Rest(without)
    if str(key).removeprefix("alias/").startswith("aws/") or ":alias/aws/" in str(key):
        return Rest(Level.AWS)
    keys = view.referred(key) & view.of("aws:kms/key:Key", "aws:kms/alias:Alias").keys()
    return Rest(Level.OWN, next(iter(sorted(_targets(view, keys))), view.plain(str(key))))


def _targets(view: View, identities: frozenset[str]) -> Iterator[str]:
    """Keys; an alias as the key that it stands for. Each in the form that `say` reads."""
    for identity in identities:
        key = view.resources[identity].properties.get("targetKeyId")
        among = view.referred(key) if key else frozenset({identity})
        yield from (f"@{each}#arn@" for each in among)


def _bucket(view: View, resource: Resource) -> Rest:
    """S3 encrypts with its own key whatever names no other."""
    mine = view.identity(resource.urn)
    rules: list[Mapping[str, Any]] = [
        rule
        for owner, each in view.owned(
            "BucketServerSideEncryptionConfiguration", "bucket", resource.type
        )
        if owner == mine
        for rule in items(each.properties.get("rules"))
    ]
    inline = resource.properties.get("serverSideEncryptionConfiguration") or {}
    rules += items(inline.get("rule"))
    for rule in rules:
        default = rule.get("applyServerSideEncryptionByDefault") or {}
        return _with(view, default.get("kmsMasterKeyId"))
    return Rest(Level.AWS)


def _volumes(view: View, resource: Resource) -> Rest | None:
    """The least of all volumes that are written out; others are as the image says."""
    of = resource.properties
    disks = [mapping.get("ebs") for mapping in items(of.get("blockDeviceMappings"))]
    disks += [*items(of.get("rootBlockDevice")), *items(of.get("ebsBlockDevices"))]
    found_ = [_volume(view, disk) for disk in disks if disk is not None]
    return min(found_, key=lambda rest: rest.level, default=None)


def _volume(view: View, of: Mapping[str, Any]) -> Rest:
    return _with(view, of.get("kmsKeyId")) if on(of.get("encrypted")) else Rest(Level.PLAIN)


def _repository(view: View, resource: Resource) -> Rest:
    for each in items(resource.properties.get("encryptionConfigurations")):
        return _with(view, each.get("kmsKey"))
    return Rest(Level.AWS)


def _queue(view: View, resource: Resource) -> Rest:
    own = resource.properties.get("sqsManagedSseEnabled")
    without = Level.PLAIN if own is not None and not on(own) else Level.AWS
    return _with(view, resource.properties.get("kmsMasterKeyId"), without)


def _parameter(view: View, resource: Resource) -> Rest:
    """Plain parameters are for what is no secret, and are encrypted with a key of AWS at rest."""
    if resource.properties.get("type") != "SecureString":
        return Rest(Level.AWS)
    return _with(view, resource.properties.get("keyId"))


_READERS: Mapping[str, tuple[str, _Reader]] = {
    "aws:s3/bucket:Bucket": ("bucket", _bucket),
    "aws:ec2/launchTemplate:LaunchTemplate": ("volume of", _volumes),
    "aws:ec2/instance:Instance": ("volume of", _volumes),
    "aws:ebs/volume:Volume": ("volume", lambda view, of: _volume(view, of.properties)),
    "aws:efs/fileSystem:FileSystem": ("file system", lambda v, of: _volume(v, of.properties)),
    "aws:cloudwatch/logGroup:LogGroup": (
        "log group",
        lambda view, of: _with(view, of.properties.get("kmsKeyId")),
    ),
    "aws:sns/topic:Topic": (
        "topic",
        lambda view, of: _with(view, of.properties.get("kmsMasterKeyId"), Level.PLAIN),
    ),
    "aws:sqs/queue:Queue": ("queue", _queue),
    "aws:ssm/parameter:Parameter": ("parameter", _parameter),
    "aws:secretsmanager/secret:Secret": (
        "secret",
        lambda view, of: _with(view, of.properties.get("kmsKeyId")),
    ),
    "aws:ecr/repository:Repository": ("repository", _repository),
}
"""How each type says it, and its word."""
