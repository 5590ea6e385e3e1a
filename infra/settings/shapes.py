"""What each shape asks of the other settings."""

from infra.settings.checks import Checks
from infra.settings.ingress import IngressSettings
from infra.settings.scaling import ScalingSettings
from infra.settings.servers import ServerSettings

SHAPES = ("cluster", "single", "container")


def check_shape(
    check: Checks,
    shape: str,
    servers: ServerSettings,
    ingress: IngressSettings,
    scaling: ScalingSettings,
) -> None:
    """Refuse what does not fit the shape."""
    if shape == "single":
        _check_single(check, servers, ingress, scaling)
    if shape == "container":
        _check_container(check, servers)
    check.refuse_if(
        shape in {"cluster", "container"} and ingress.load_balancer == "none",
        "load_balancer",
        f"clients would find one server of a {shape}, and not the others",
        "Set it to application or network, or slipway:shape to single",
    )
    check.refuse_if(
        shape != "container" and servers.network_mode == "bridge",
        "network_mode",
        f"in shape {shape} the container always has the network of its server",
        "Set it to host and slipway:hopLimit to 1, or slipway:shape to container",
    )


def _check_container(check: Checks, servers: ServerSettings) -> None:
    check.refuse_if(
        servers.warm_pool,
        "warm_pool",
        "in shape container ECS decides how many servers there are, and counts none that is "
        "stopped",
        "Set it to 0, or slipway:shape to cluster",
    )
    gpus = sorted({kind.gpu_count for kind in servers.instance_types})
    check.refuse_if(
        len(gpus) > 1 and 0 not in gpus,
        "instance_types",
        f"a task has all GPUs of its server, and these have {', '.join(map(str, gpus))}",
        "Take types with the same number of GPUs, or set slipway:shape to cluster",
    )
    spared = 100 * (servers.min_servers - 1) // max(1, servers.min_servers)
    check.refuse_if(
        servers.spot and servers.refresh_min_healthy > spared,
        "refresh_min_healthy",
        "ECS would not stop the task of a spot server that AWS takes away before another one "
        "runs, which lasts longer than the notice: it must be able to spare one of "
        f"slipway:minServers, {servers.min_servers}",
        f"Lower it to {spared}, or set slipway:spotPercent to 0",
    )


def _check_single(
    check: Checks, servers: ServerSettings, ingress: IngressSettings, scaling: ScalingSettings
) -> None:
    check.refuse_if(
        servers.max_servers != 1,
        "max_servers",
        "shape single is one server",
        "Set it to 1, or slipway:shape to cluster",
    )
    check.refuse_if(
        servers.warm_pool,
        "warm_pool",
        "shape single is one server, and none waits beside it",
        "Set it to 0, or slipway:shape to cluster",
    )
    check.refuse_if(
        ingress.load_balancer != "none",
        "load_balancer",
        "shape single is found by discovery",
        "Set it to none, or slipway:shape to cluster",
    )
    check.refuse_if(
        scaling.scale_on != "none",
        "scale_on",
        "shape single is one server, whatever the load",
        "Set it to none, or slipway:shape to cluster",
    )
