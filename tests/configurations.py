"""Settings for tests: of the committed environments, changed ones, and generated ones."""

import functools
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from infra.config import read_settings
from infra.errors import setting
from infra.instances import InstanceType, catalogue
from infra.settings import (
    IngressSettings,
    NetworkSettings,
    ObservabilitySettings,
    PublisherSettings,
    ScalingSettings,
    ServerSettings,
    Settings,
    StoreSettings,
)
from infra.settings.checks import LOG_DAYS
from infra.settings.settings import STACKS
from slipway.stack.configuration import read_configuration
from slipway.stack.program import record

ROOT = Path(__file__).parents[1]

EMPTY_INGRESS: Mapping[str, Any] = {
    "load_balancer": "none",
    "public": False,
    "allowed_cidrs": (),
    "domain": "",
    "zone_id": "",
    "certificate_arn": "",
    "auth": "none",
    "trust_store": "",
    "jwt_issuer": "",
    "jwt_keys": "",
    "jwt_audience": "",
    "jwt_audience_format": "single-string",
    "waf": False,
    "waf_rate_limit": 100_000,
}
REGION = "eu-central-1"
ZONE = "Z01234567EXAMPLE"
CERTIFICATE = f"arn:aws:acm:{REGION}:123456789012:certificate/01234567-89ab-cdef-0123-456789abcdef"
PROVIDER = "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com"
RESERVATION = "cr-0123456789abcdef0"
RESERVATIONS = f"arn:aws:resource-groups:{REGION}:123456789012:group/slipway"


def settings_of(stack: str, **changes: str) -> Settings:
    """Of a committed environment, changed as `configuration_of` says."""
    return settings_from(configuration_of(stack, **changes), stack)


def configuration_of(stack: str, **changes: str) -> dict[str, str]:
    """Of a committed environment; `changes` are fields of the settings, as the CLI hands them on.

    `region=` stands for `aws:region`.
    """
    overrides = {setting(field): text for field, text in changes.items()}
    return {**_committed(stack), **overrides}


@functools.cache
def _committed(stack: str) -> Mapping[str, str]:
    return read_configuration(ROOT, stack)


def settings_from(configuration: Mapping[str, str], stack: str = "dev") -> Settings:
    """As the program reads them."""
    found: list[Settings] = []
    record(lambda: found.append(read_settings()), stack=stack, config=configuration)
    return found[0]


@st.composite
def valid_settings(draw: st.DrawFn) -> Settings:
    """Any environment that can be built: stacks, shapes, load balancers, and ways to get servers.

    Made so that each choice leaves only what fits it; nothing is thrown away.
    """
    environment = draw(st.sampled_from(STACKS))
    prod = environment == "prod"
    shape = draw(st.sampled_from(("cluster", "single", "container")))
    balancers = ("none",) if shape == "single" else ("application", "network")
    balancer = draw(st.sampled_from(balancers))
    supply = draw(st.sampled_from(_supplies(shape, balancer, prod=prod)))
    needs_two = prod or balancer == "application" or supply == "spot"
    zones = 1 if supply == "one reservation" else draw(st.integers(2 if needs_two else 1, 3))
    bridged = shape == "container" and draw(st.booleans())
    servers = draw(_servers(shape, supply, prod=prod, bridge=bridged))
    network = draw(_network(zones, reserved=supply == "one reservation"))
    return Settings(
        environment=environment,
        region=REGION,
        shape=shape,
        image=draw(st.sampled_from(("0.1.0", "sha256:" + "0" * 64, "0.2.0-rc.1", ""))),
        protect=prod or draw(st.booleans()),
        owner="ml-platform",
        profile=draw(st.sampled_from(("", "platform"))),
        allowed_accounts=draw(st.sampled_from(((), ("123456789012",)))),
        cost_center=draw(st.sampled_from(("", "4711"))),
        network=network,
        store=draw(_store),
        publisher=draw(st.sampled_from(_PUBLISHERS)),
        servers=servers,
        scaling=draw(_scaling(servers, balancer, prod=prod)),
        ingress=draw(_ingress(balancer, servers.drain_seconds, network.nat)),
        observability=draw(_observability(prod=prod)),
    )


def _supplies(shape: str, balancer: str, *, prod: bool) -> tuple[str, ...]:
    """The ways to get servers; those that exclude each other are apart."""
    found = ["on demand", "open reservations", "group of reservations"]
    if not (prod and shape == "single"):
        found.append("spot")
    if shape == "cluster":
        found.append("warm pool")
    if not prod and balancer != "application":
        found.append("one reservation")
    return tuple(found)


@st.composite
def _network(draw: st.DrawFn, zones: int, *, reserved: bool) -> NetworkSettings:
    names = tuple(f"{REGION}{letter}" for letter in draw(st.permutations("abc"))[:zones])
    nat = draw(st.sampled_from(("none", "single", "zone") if zones > 1 else ("none", "single")))
    return NetworkSettings(
        vpc_cidr=draw(
            st.sampled_from(("10.0.0.0/16", "172.20.0.0/18", "192.168.8.0/21", "10.9.4.0/22"))
        ),
        zones=zones,
        zone_names=draw(st.sampled_from(((), names))) if not reserved else names,
        nat=nat,
        interface_endpoints=nat == "none" or draw(st.booleans()),
        flow_log_days=draw(st.sampled_from(LOG_DAYS)),
        namespace=draw(st.sampled_from(("slipway.internal", "models.example.com"))),
    )


_days = st.integers(1, 3653)
_store = st.builds(
    StoreSettings,
    noncurrent_days=_days,
    report_days=_days,
    engine_days=_days,
    access_log_days=_days,
    images_kept=st.integers(2, 1000),
)
_PUBLISHERS = (
    PublisherSettings("", "sts.amazonaws.com", ()),
    PublisherSettings(
        "token.actions.githubusercontent.com",
        "sts.amazonaws.com",
        ("repo:example/models:ref:refs/heads/main", "repo:example/other:*"),
    ),
    PublisherSettings(PROVIDER, "sts.amazonaws.com", ("repo:example/models:environment:prod",)),
)


@st.composite
def _servers(
    draw: st.DrawFn, shape: str, supply: str, *, prod: bool, bridge: bool
) -> ServerSettings:
    lowest = 1 if shape == "single" else draw(st.integers(2 if prod else 1, 6))
    highest = 1 if shape == "single" else lowest + draw(st.integers(0, 10))
    spot = supply == "spot"
    base = draw(st.integers(1 if prod else 0, highest - 1)) if spot else 0
    most = 1 if supply == "one reservation" else 4
    types = draw(_instance_types(3 if spot else 1, most, tasks=shape == "container"))
    model = draw(st.integers(1, min(_room(kind) for kind in types)))
    stores = all(kind.local_nvme_gb for kind in types)
    volume = draw(st.integers(100 if stores else 100 + 2 * model, 2000))
    iops = draw(st.integers(3000, min(80_000, 500 * volume)))
    # Of spot servers ECS has to be able to spare one.
    spares = shape == "container" and spot
    healthy = draw(st.integers(0, 100 * (lowest - 1) // lowest if spares else 100))
    reservations = {
        "open reservations": "open",
        "one reservation": RESERVATION,
        "group of reservations": RESERVATIONS,
    }
    return ServerSettings(
        instance_types=types,
        min_servers=lowest,
        max_servers=highest,
        on_demand_base=base,
        spot_percent=draw(st.integers(1, 100)) if spot else 0,
        capacity_reservation=reservations.get(supply, ""),
        warm_pool=draw(st.integers(1, highest)) if supply == "warm pool" else 0,
        ami=draw(st.sampled_from(("", "ami-0123456789abcdef0"))),
        ami_generation=draw(st.integers(1, 9)),
        volume_gib=volume,
        volume_iops=iops,
        volume_throughput=draw(st.integers(125, min(2000, iops // 4))),
        model_gib=model,
        drain_seconds=draw(st.integers(1, 80 if spot else 3600)),
        network_mode="bridge" if bridge else "host",
        hop_limit=2 if bridge else 1,
        refresh_min_healthy=healthy,
        refresh_max_healthy=draw(st.integers(100, min(200, healthy + 100))),
        refresh_checkpoints=draw(st.sampled_from(((100,), (50, 100), (10, 50, 100)))),
        refresh_pause_seconds=draw(st.integers(0, 172_800)),
    )


def _instance_types(
    least: int, most: int, *, tasks: bool
) -> st.SearchStrategy[tuple[InstanceType, ...]]:
    """All with GPUs or all without; with as many of them where tasks take all that there are."""
    alike: dict[int, list[InstanceType]] = {}
    for kind in catalogue().values():
        alike.setdefault(kind.gpu_count if tasks else min(1, kind.gpu_count), []).append(kind)
    return st.one_of(
        *(
            st.lists(st.sampled_from(among), min_size=least, max_size=most, unique=True).map(tuple)
            for among in alike.values()
            if len(among) >= least
        )
    )


def _room(kind: InstanceType) -> int:
    """GiB of models that a server can hold, in memory and twice on its instance store."""
    memory = int(kind.gpu_memory_gib * kind.gpu_count or kind.memory_gib)
    disk = int(kind.local_nvme_gb * 1000**3 / 1024**3)
    return min(memory, disk // 2) if disk else memory


@st.composite
def _scaling(
    draw: st.DrawFn, servers: ServerSettings, balancer: str, *, prod: bool
) -> ScalingSettings:
    signals = (
        ("pending", "queue", "requests") if balancer == "application" else ("pending", "queue")
    )
    fixed = servers.min_servers == servers.max_servers
    sleeps = not prod and draw(st.booleans())
    return ScalingSettings(
        scale_on="none" if fixed else draw(st.sampled_from(signals)),
        scale_target=draw(st.integers(1, 10_000)),
        sleep="0 20 * * *" if sleeps else "",
        wake="30 6 * * MON-FRI" if sleeps else "",
        time_zone=draw(st.sampled_from(("Etc/UTC", "Europe/Berlin"))),
    )


@st.composite
def _ingress(draw: st.DrawFn, balancer: str, drain_seconds: int, nat: str) -> IngressSettings:
    values = {
        **EMPTY_INGRESS,
        "load_balancer": balancer,
        "longest_request_seconds": draw(st.integers(1, min(drain_seconds, 3970))),
    }
    if balancer != "none":
        names = ((ZONE, ""), ("", CERTIFICATE), (ZONE, CERTIFICATE))
        values["zone_id"], values["certificate_arn"] = draw(st.sampled_from(names))
        values["domain"] = "models.example.com"
        values["allowed_cidrs"] = draw(
            st.sampled_from(((), ("198.51.100.0/24",), ("198.51.100.0/24", "203.0.113.7/32")))
        )
    if balancer == "application":
        values["auth"] = draw(st.sampled_from(("none", "mtls", "jwt")))
        fetches = values["auth"] == "jwt" and nat == "none"
        values["public"] = fetches or (values["auth"] != "none" and draw(st.booleans()))
        values["waf"] = draw(st.booleans())
        values["waf_rate_limit"] = draw(st.integers(10, 2_000_000_000))
    if values["auth"] == "mtls":
        values["trust_store"] = "s3://example-pki/clients/ca.pem"
    if values["auth"] == "jwt":
        values["jwt_issuer"] = "https://login.example.com/"
        values["jwt_keys"] = "https://login.example.com/.well-known/jwks.json"
        values["jwt_audience"] = "https://models.example.com"
        values["jwt_audience_format"] = draw(st.sampled_from(("single-string", "string-array")))
    return IngressSettings(**values)


@st.composite
def _observability(draw: st.DrawFn, *, prod: bool) -> ObservabilitySettings:
    addresses = (("oncall@example.com",), ("oncall@example.com", "ml-platform@example.com"))
    return ObservabilitySettings(
        log_days=draw(st.sampled_from(LOG_DAYS)),
        alarm_emails=draw(st.sampled_from(addresses if prod else ((), *addresses))),
        p99_milliseconds=draw(st.integers(1, 60_000)),
        queue_milliseconds=draw(st.integers(1, 60_000)),
        error_percent=draw(st.integers(1, 99)),
        gpu_memory_percent=draw(st.integers(1, 99)),
        budget_usd=draw(st.integers(0, 100_000)),
    )
