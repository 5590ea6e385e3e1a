"""What turns an environment into one of another shape, to compare them without writing a stack."""

from collections.abc import Mapping

from slipway.errors import StackError

_BALANCED = {
    "slipway:maxServers": "4",
    "slipway:scaleOn": "pending",
    "slipway:loadBalancer": "application",
    "slipway:domain": "models.example.com",
    "slipway:zoneId": "Z01234567EXAMPLE",
}
_ALONE = {
    "slipway:minServers": "1",
    "slipway:maxServers": "1",
    "slipway:onDemandBase": "0",
    "slipway:spotPercent": "0",
    "slipway:scaleOn": "none",
    "slipway:loadBalancer": "none",
    "slipway:public": "false",
    "slipway:domain": "",
    "slipway:zoneId": "",
    "slipway:certificateArn": "",
    "slipway:auth": "none",
    "slipway:trustStore": "",
    "slipway:jwtIssuer": "",
    "slipway:jwtKeys": "",
    "slipway:jwtAudience": "",
    "slipway:waf": "false",
}
_CHANGES = {
    "cluster": _BALANCED,
    "container": {**_BALANCED, "slipway:warmPool": "0"},
    "single": {**_ALONE, "slipway:warmPool": "0"},
}


def reshaped(configuration: Mapping[str, str], shape: str) -> dict[str, str]:
    """The configuration with another shape and the settings that this shape needs or forbids.

    One that has this shape already is returned as it is.
    """
    if shape not in _CHANGES:
        raise StackError(
            f"There is no shape '{shape}'",
            why="a fleet is one of a few forms",
            mend=f"Take one of {', '.join(_CHANGES)}.",
        )
    if configuration.get("slipway:shape") == shape:
        return dict(configuration)
    balanced = configuration.get("slipway:loadBalancer", "none") != "none"
    kept = {} if shape == "single" or not balanced else dict(configuration)
    changed = {**configuration, **_CHANGES[shape], **_only(kept), "slipway:shape": shape}
    return {**changed, **_sparing(changed)} if shape == "container" else changed


def _sparing(configuration: Mapping[str, str]) -> dict[str, str]:
    """With spot servers ECS has to be able to spare one of the tasks."""
    tasks = configuration.get("slipway:minServers", "1")
    if configuration.get("slipway:spotPercent", "0") == "0" or not tasks.isdecimal():
        return {}
    spared = 100 * (int(tasks) - 1) // max(1, int(tasks))
    return {
        "slipway:refreshMinHealthy": str(spared),
        "slipway:refreshMaxHealthy": str(100 + min(25, spared)),
    }


def _only(kept: Mapping[str, str]) -> dict[str, str]:
    """A load balancer that is configured stays as it is."""
    return {name: kept[name] for name in _BALANCED if name in kept}
