"""What a destroy waits for, and for how long."""

from collections.abc import Iterator
from typing import Any

from slipway.errors import StackError
from slipway.stack.exposure.finding import listing
from slipway.stack.exposure.view import View, items, on
from slipway.stack.graph import Resource
from slipway.stack.teardown.obstacle import Effect, Obstacle

GROUP = "aws:autoscaling/group:Group"
_GROUP_DELETE_SECONDS = 600
"""How long the provider waits for an auto scaling group to go, unless it is told otherwise."""
_HOOK_SECONDS = 3600
"""How long a lifecycle hook holds a server, unless it is told otherwise."""
_UNITS = {"h": 3600, "m": 60, "s": 1}


def waits(view: View) -> Iterator[Obstacle]:
    """Servers that end, tasks that stop, network interfaces that go later than what had them."""
    for check in (_groups, _containers, _interfaces, _certificates):
        yield from check(view)


def _services(view: View) -> tuple[Resource, ...]:
    return view.graph.of("aws:ecs/service:Service")


def _groups(view: View) -> Iterator[Obstacle]:
    for identity, group in view.of(GROUP).items():
        if on(group.properties.get("forceDelete")):
            why = (
                "It is deleted before its servers have ended: until then their network interfaces "
                "hold subnets and security groups"
            )
            mend = "Wait: Pulumi tries again for some minutes"
            yield Obstacle(Effect.TAKES_LONG, group.urn, why, mend)
            continue
        hook = _longest_hook(view, identity, group)
        why = "It is deleted once its last server has ended"
        why += f", which its hooks delay by up to {hook} s" if hook else ""
        wait = seconds(group.timeouts.get("delete", "")) or _GROUP_DELETE_SECONDS
        mend = f"Wait: Pulumi does for up to {wait} s, and for no longer"
        effect = Effect.MAY_BLOCK if hook >= wait else Effect.TAKES_LONG
        yield Obstacle(effect, group.urn, why, mend)
        if on(group.properties.get("protectFromScaleIn")):
            why = "Its servers are protected from scale-in, and it is not deleted while one runs"
            mend = "Take the protection off the servers, or set forceDelete to true and update"
            yield Obstacle(Effect.MAY_BLOCK, group.urn, why, mend)


def _longest_hook(view: View, identity: str, group: Resource) -> int:
    """Seconds that a hook may hold a server that ends. AWS runs several at once."""
    hooks: list[Any] = items(group.properties.get("initialLifecycleHooks"))
    hooks += [
        hook.properties
        for owner, hook in view.owned("LifecycleHook", "autoscalingGroupName", GROUP)
        if owner == identity
    ]
    ending = "autoscaling:EC2_INSTANCE_TERMINATING"
    times = [
        h.get("heartbeatTimeout", _HOOK_SECONDS)
        for h in hooks
        if h["lifecycleTransition"] == ending
    ]
    return max((int(time) for time in times), default=0)


def seconds(duration: str) -> int:
    """Of a duration as Pulumi writes it: `30m`, `1h30m`. Raises `StackError` for others."""
    total, number = 0, ""
    for character in duration:
        if character.isdigit():
            number += character
        elif number and character in _UNITS:
            total, number = total + int(number) * _UNITS[character], ""
        else:
            raise StackError(f"'{duration}' is no duration", mend="Write it like 30m.")
    return total


def _containers(view: View) -> Iterator[Obstacle]:
    for service in _services(view):
        if on(service.properties.get("forceDelete")):
            continue
        why = "It is deleted once its last task has stopped, which targets and tasks may delay"
        mend = "Scale it to 0 before, or wait"
        yield Obstacle(Effect.TAKES_LONG, service.urn, why, mend)
    for provider in view.graph.of("aws:ecs/capacityProvider:CapacityProvider"):
        why = "It is deleted once no service uses it and its servers are drained"
        mend = "Wait; if it fails, run the destroy again when the services are gone"
        yield Obstacle(Effect.TAKES_LONG, provider.urn, why, mend)


def _interfaces(view: View) -> Iterator[Obstacle]:
    """What AWS puts into subnets for others, and takes away some time after these."""
    endpoints = [
        endpoint
        for endpoint in view.graph.of("aws:ec2/vpcEndpoint:VpcEndpoint")
        if endpoint.properties.get("vpcEndpointType") == "Interface"
    ]
    tasks = [s for s in _services(view) if s.properties.get("networkConfiguration")]
    functions = [
        function
        for function in view.graph.of("aws:lambda/function:Function")
        if function.properties.get("vpcConfig")
    ]
    for found, what, minutes in (
        (endpoints, "interface endpoint", "some minutes"),
        (tasks, "service with interfaces for its tasks", "some minutes"),
        (functions, "function in a VPC", "up to 45 minutes"),
    ):
        if found:
            names = listing((r.name for r in found), most=3)
            why = f"Network interfaces of each {what} ({names}) hold subnets and security groups"
            mend = f"Wait {minutes}; if it fails, run the destroy again"
            yield Obstacle(Effect.TAKES_LONG, found[0].urn, why, mend)


def _certificates(view: View) -> Iterator[Obstacle]:
    """Certificates that a listener has: the listener goes first where Pulumi knows of it."""
    used = view.referred([r.properties for r in view.graph.of("Listener", "ListenerCertificate")])
    for identity, certificate in view.of("aws:acm/certificate:Certificate").items():
        if identity in used:
            why = "A listener uses it: AWS takes some minutes to see that it no longer does"
            mend = "Wait; if it fails, run the destroy again"
            yield Obstacle(Effect.TAKES_LONG, certificate.urn, why, mend)
