"""Somebody hears of it."""

from collections.abc import Iterator

from .instances import GROUP
from .model import Checked, Level, Rule, Stack, StackRule
from .values import absent, on, prop

_METRIC = "aws:cloudwatch/metricAlarm:MetricAlarm"
_COMPOSITE = "aws:cloudwatch/compositeAlarm:CompositeAlarm"
_SUBSCRIPTION = "aws:sns/topicSubscription:TopicSubscription"


def _acts(alarm: Checked) -> bool:
    """Whether an alarm does something, as far as is known."""
    enabled = prop(alarm, "actionsEnabled")
    return not absent(prop(alarm, "alarmActions")) and (enabled is None or on(enabled))


def _silent(resource: Checked) -> Iterator[str]:
    if resource.production and not _acts(resource):
        yield "tells nobody: give it alarmActions"


def _watched(stack: Stack) -> Iterator[tuple[Checked, str]]:
    alarms = [alarm for alarm in stack.of(_METRIC, _COMPOSITE) if _acts(alarm)]
    for group in stack.of(GROUP):
        if group.production and not alarms:
            yield group, "serves while no alarm watches: declare alarms with actions"


def _heard(stack: Stack) -> Iterator[tuple[Checked, str]]:
    for topic in stack.of("aws:sns/topic:Topic"):
        if topic.production and not stack.referring(topic, _SUBSCRIPTION, "topic", "arn"):
            yield topic, "has no subscriber: nobody hears of an alarm"


RULES = (
    Rule("alarm-acts", Level.MANDATORY, "In prod every alarm tells somebody.",
         (_METRIC, _COMPOSITE), _silent),
    StackRule("servers-watched", Level.MANDATORY, "In prod servers are watched by alarms.",
              _watched),
    StackRule("alarm-heard", Level.ADVISORY, "In prod somebody subscribes to the topic of alarms.",
              _heard),
)  # fmt: skip
