"""How servers start: what they run is pinned, and what runs on them cannot borrow their role."""

import base64
import binascii
import re
from collections.abc import Iterator
from typing import Any

from .model import UNKNOWN, Checked, Level, Rule, Stack, StackRule
from .values import absent, among, items, look, number, parsed, prop

GROUP = "aws:autoscaling/group:Group"
TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
INSTANCE = "aws:ec2/instance:Instance"
TASK = "aws:ecs/taskDefinition:TaskDefinition"

_IMAGE = re.compile(
    r"""(?:(?:[\w.-]+\.dkr\.ecr\.[\w.-]+|nvcr\.io|public\.ecr\.aws|docker\.io|ghcr\.io|quay\.io)
        /[\w./-]*\w|@[\w.-]+\.repositoryUrl@)(?:[:@][\w:.-]*)?""",
    re.VERBOSE,
)
"""An image in a text; the last form is a repository's address that is not known offline."""

_DIGEST = re.compile(r"@sha256:[0-9a-f]{64}")


def template_of(group: Checked) -> Any:
    """The block of a group that names its launch template and version."""
    mixed = prop(group, "mixedInstancesPolicy")
    if not absent(mixed):
        return look(mixed, "launchTemplate", "launchTemplateSpecification")
    return prop(group, "launchTemplate")


def _metadata(resource: Checked) -> Iterator[str]:
    if not among(prop(resource, "metadataOptions", "httpTokens"), "required"):
        yield "answers metadata requests without a token (IMDSv1): set httpTokens to required"


def _hops(stack: Stack) -> Iterator[tuple[Checked, str]]:
    # A container on Docker's bridge is one hop further away than a process of the host.
    bridged = any(prop(task, "networkMode") in (None, "bridge", UNKNOWN) for task in stack.of(TASK))
    most = 2 if bridged else 1
    for resource in stack.of(TEMPLATE, INSTANCE):
        hops = prop(resource, "metadataOptions", "httpPutResponseHopLimit")
        # Where nothing is said, an AMI's own setting decides.
        if hops is not UNKNOWN and not 1 <= (number(hops) or 0) <= most:
            yield (
                resource,
                f"has the metadata hop limit {hops}: set {most}, or containers could use the "
                "server's role",
            )


def _versions(resource: Checked) -> Iterator[str]:
    named = template_of(resource)
    version = look(named, "version")
    if absent(named) or version is UNKNOWN:
        return
    if number(version) is None:
        yield (
            f"uses launch template version {version or '$Default'}: an instance refresh cannot "
            "roll back to a version that moves; name its number"
        )


def _machine_images(resource: Checked) -> Iterator[str]:
    image = prop(resource, "imageId" if resource.type == TEMPLATE else "ami")
    if isinstance(image, str) and image.startswith("resolve:ssm:"):
        yield f"takes whatever {image} names on the day: resolve it and pin the AMI's id"


def _containers(resource: Checked) -> Iterator[str]:
    for image in _container_images(resource):
        if not _DIGEST.search(image):
            yield f"runs {image}, which can come to mean another image: name it by @sha256:"


def _container_images(resource: Checked) -> Iterator[str]:
    if resource.type == TASK:
        containers = items(parsed(prop(resource, "containerDefinitions")))
        images = (look(container, "image") for container in containers)
        yield from (image for image in images if isinstance(image, str))
        return
    for name in ("userData", "userDataBase64"):
        yield from _IMAGE.findall(_decoded(prop(resource, name)))


def _decoded(user_data: Any) -> str:
    """User data as text; a launch template carries it in base64."""
    if not isinstance(user_data, str):
        return ""
    try:
        return base64.b64decode(user_data, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return user_data


def _logins(resource: Checked) -> Iterator[str]:
    if not absent(prop(resource, "keyName")):
        yield "carries an SSH key: use SSM Session Manager, which leaves a record"


RULES = (
    Rule(
        "metadata-v2",
        Level.MANDATORY,
        "Servers answer metadata requests only with a token.",
        (TEMPLATE, INSTANCE),
        _metadata,
    ),
    StackRule(
        "metadata-hop-limit",
        Level.MANDATORY,
        "Metadata stays on the server: one hop, two where containers use Docker's bridge.",
        _hops,
    ),
    Rule(
        "template-version-pinned",
        Level.MANDATORY,
        "Auto scaling groups name a launch template's version by number.",
        (GROUP,),
        _versions,
    ),
    Rule(
        "machine-image-pinned",
        Level.MANDATORY,
        "Servers start from an AMI named by its id.",
        (TEMPLATE, INSTANCE),
        _machine_images,
    ),
    Rule(
        "container-image-pinned",
        Level.MANDATORY,
        "Containers run an image named by its digest.",
        (TEMPLATE, INSTANCE, TASK),
        _containers,
    ),
    Rule(
        "no-ssh-key", Level.MANDATORY, "Nobody logs in with a key.", (TEMPLATE, INSTANCE), _logins
    ),
)
