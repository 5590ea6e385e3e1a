"""Everything says whose it is.

The AWS provider adds its default tags to every resource that takes tags, and Pulumi shows the sum
as `tagsAll` among a resource's inputs. Two kinds of things get none of them: what a launch template
starts, and what an auto scaling group starts.
"""

from collections.abc import Iterator
from typing import Any

from .instances import GROUP, TEMPLATE
from .model import ANY, UNKNOWN, Checked, Level, Rule
from .values import absent, items, known, look, on, parsed, prop

REQUIRED = ("Project", "Environment", "ManagedBy")
PROVIDER = "pulumi:providers:aws"


def _missing(tags: Any) -> tuple[str, ...]:
    if tags is UNKNOWN:
        return ()
    return tuple(key for key in REQUIRED if absent(look(tags, key)))


def _provider(resource: Checked) -> Iterator[str]:
    # On its way to the engine a provider's configuration is JSON within text.
    defaults = parsed(prop(resource, "defaultTags"))
    tags = parsed(look(defaults, "tags"))
    if missing := _missing(tags):
        yield f"adds no tag {', '.join(missing)}: set them in defaultTags"
    environment = look(tags, "Environment")
    if isinstance(environment, str) and environment != resource.environment:
        yield f"tags the environment {resource.environment} as {environment}"


def _sums(resource: Checked) -> Iterator[str]:
    tags = prop(resource, "tagsAll")
    if tags is not None and (missing := _missing(tags)):
        yield f"has no tag {', '.join(missing)}: use the provider that adds them"


def _started_by_template(resource: Checked) -> Iterator[str]:
    specifications = prop(resource, "tagSpecifications")
    if not known(specifications):
        return
    by_kind = {
        str(look(each, "resourceType")): look(each, "tags") for each in items(specifications)
    }
    for kind in ("instance", "volume"):
        if missing := _missing(by_kind.get(kind)):
            yield f"gives no tag {', '.join(missing)} to each {kind}: use tagSpecifications"


def _started_by_group(resource: Checked) -> Iterator[str]:
    tags = prop(resource, "tags")
    if not known(tags):
        return
    carried = {
        str(look(tag, "key")): look(tag, "value")
        for tag in items(tags)
        if on(look(tag, "propagateAtLaunch"))
    }
    if missing := _missing(carried):
        yield f"has no tag {', '.join(missing)} that servers inherit: the provider adds none to it"


RULES = (
    Rule(
        "provider-tags",
        Level.MANDATORY,
        "The provider tags what it makes with Project, Environment and ManagedBy.",
        (PROVIDER,),
        _provider,
    ),
    Rule(
        "resource-tags",
        Level.MANDATORY,
        "Whatever takes tags has Project, Environment and ManagedBy.",
        ANY,
        _sums,
    ),
    Rule(
        "template-tags",
        Level.MANDATORY,
        "A launch template tags servers and volumes, which no default reaches.",
        (TEMPLATE,),
        _started_by_template,
    ),
    Rule(
        "group-tags",
        Level.MANDATORY,
        "An auto scaling group tags its servers, which no default reaches.",
        (GROUP,),
        _started_by_group,
    ),
)
