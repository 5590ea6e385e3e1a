"""The servers: how many, of which kind, and how one is replaced by another."""

from dataclasses import dataclass

from infra.instances import InstanceType
from infra.settings.checks import Checks
from infra.timings import SPOT_NOTICE, Timings

_MOST_SERVERS = 500
_SPOT_TYPES = 3
_SYSTEM_GIB = 100
"""What AWS recommends for machine images with GPU drivers; the serving image fits in as well."""
_COPIES = 2
"""A version is fetched and loaded before the one it replaces goes."""


@dataclass(frozen=True)
class ServerSettings:
    """Of `instance_types` the first is preferred; all are GPU types or all are CPU types.

    `on_demand_base` servers are never spot, of the rest `spot_percent` are. `capacity_reservation`
    is empty, `open`, or the ARN of a resource group or the id (`cr-...`) of a reservation.
    `warm_pool` counts prepared, stopped servers. `ami` is an id, or empty for the newest of the
    kind at the time when `ami_generation` was last raised. Volumes: GiB, IOPS, MiB/s. `model_gib`
    is what one server loads. `drain_seconds` is the time that requests get to finish when a server
    leaves. `network_mode` (`host` or `bridge`) is for the shape `container`, and `hop_limit` is 2
    only with `bridge`. `refresh_*` steer a rolling replacement: percents of healthy servers, the
    percents at which it pauses, and how long.
    """

    instance_types: tuple[InstanceType, ...]
    min_servers: int
    max_servers: int
    on_demand_base: int
    spot_percent: int
    capacity_reservation: str
    warm_pool: int
    ami: str
    ami_generation: int
    volume_gib: int
    volume_iops: int
    volume_throughput: int
    model_gib: int
    drain_seconds: int
    network_mode: str
    hop_limit: int
    refresh_min_healthy: int
    refresh_max_healthy: int
    refresh_checkpoints: tuple[int, ...]
    refresh_pause_seconds: int

    @property
    def gpu(self) -> bool:
        """Whether these are GPU servers: decides AMI, runtime, metrics and alarms."""
        return self.instance_types[0].gpu_count > 0

    @property
    def spot(self) -> bool:
        """Whether any server may be a spot instance."""
        return self.spot_percent > 0 and self.max_servers > self.on_demand_base

    def __post_init__(self) -> None:
        check = Checks(self)
        self._check_types(check)
        self._check_counts(check)
        self._check_spot(check)
        self._check_reservation(check)
        self._check_volume(check)
        self._check_models(check)
        self._check_replacement(check)
        check.done()

    def _check_types(self, check: Checks) -> None:
        check.refuse_if(
            not self.instance_types,
            "instance_types",
            "there has to be one at least",
            "Name one of infra/data, like g6.xlarge",
        )
        check.no_duplicates("instance_types")
        check.refuse_if(
            len({bool(kind.gpu_count) for kind in self.instance_types}) > 1,
            "instance_types",
            "some have GPUs and some have none, and one machine image cannot serve both",
            "Keep those with GPUs or those without",
        )

    def _check_counts(self, check: Checks) -> None:
        check.within(
            "min_servers", 1, _MOST_SERVERS, "for no metric of a server could wake a fleet of none"
        )
        check.within("max_servers", 1, _MOST_SERVERS)
        check.refuse_if(
            self.max_servers < self.min_servers,
            "max_servers",
            f"slipway:minServers is {self.min_servers}",
            f"Set it to {self.min_servers} or more, or lower slipway:minServers",
        )
        check.refuse_if(
            not 0 <= self.on_demand_base <= self.max_servers,
            "on_demand_base",
            f"it has to be 0 to slipway:maxServers, {self.max_servers}",
            "Lower it, or raise slipway:maxServers",
        )
        check.refuse_if(
            not 0 <= self.warm_pool <= self.max_servers,
            "warm_pool",
            f"it has to be 0 to slipway:maxServers, {self.max_servers}: more could never be needed",
            "Lower it, or raise slipway:maxServers",
        )

    def _check_spot(self, check: Checks) -> None:
        check.within("spot_percent", 0, 100)
        check.refuse_if(
            self.spot_percent and self.on_demand_base == self.max_servers,
            "spot_percent",
            f"with {self.on_demand_base} servers on demand of at most {self.max_servers} none is "
            "left to be spot",
            "Set it to 0, or lower slipway:onDemandBase",
        )
        check.refuse_if(
            self.spot and self.warm_pool,
            "warm_pool",
            "AWS keeps no warm pool for an auto scaling group with spot instances",
            "Set it to 0, or slipway:spotPercent to 0",
        )
        check.refuse_if(
            self.spot and 0 < len(self.instance_types) < _SPOT_TYPES,
            "instance_types",
            f"for spot instances there have to be {_SPOT_TYPES}: one type alone runs out",
            "Add similar ones, like those of the next size",
        )
        leaving = Timings(
            drain=self.drain_seconds, model_gib=self.model_gib, longest_request=0, spot=self.spot
        ).leaving
        check.refuse_if(
            self.spot and leaving > SPOT_NOTICE,
            "drain_seconds",
            f"with what comes after it a server takes {leaving} seconds to leave, and AWS gives a "
            f"spot instance {SPOT_NOTICE}",
            f"Lower it to {self.drain_seconds - (leaving - SPOT_NOTICE)}, or set "
            "slipway:spotPercent to 0",
        )

    def _check_reservation(self, check: Checks) -> None:
        check.matches(
            "capacity_reservation",
            r"open|cr-[0-9a-f]{8,17}|arn:aws[a-z-]*:resource-groups:[a-z0-9-]+:\d{12}:group/[\w.-]+",
            "it is neither open nor a reservation nor a group of reservations",
            "Write open, an id like cr-0123456789abcdef0, or the ARN of a resource group",
        )
        check.refuse_if(
            self.capacity_reservation and self.spot,
            "capacity_reservation",
            "spot instances never run in reserved capacity",
            "Remove it, or set slipway:spotPercent to 0",
        )
        check.refuse_if(
            self.capacity_reservation.startswith("cr-") and len(self.instance_types) > 1,
            "capacity_reservation",
            f"one reservation is for one instance type, and here are {len(self.instance_types)}",
            "Name the ARN of a resource group of reservations, or one instance type",
        )

    def _check_volume(self, check: Checks) -> None:
        check.matches(
            "ami",
            r"ami-([0-9a-f]{8}|[0-9a-f]{17})",
            "it is no id of a machine image",
            "Write ami- and 17 hexadecimal digits, or leave it empty",
        )
        check.within("ami_generation", 1, 1_000_000, "and only ever goes up")
        check.within(
            "volume_gib", _SYSTEM_GIB, 65_536, "for the machine image and the serving image"
        )
        check.within("volume_iops", 3000, 80_000, "as gp3 has it")
        check.within("volume_throughput", 125, 2000, "as gp3 has it")
        check.refuse_if(
            self.volume_iops > 500 * self.volume_gib,
            "volume_iops",
            f"gp3 has at most 500 for each GiB, and slipway:volumeGib is {self.volume_gib}",
            f"Lower it to {500 * self.volume_gib}, or enlarge the volume",
        )
        check.refuse_if(
            3000 <= self.volume_iops < 4 * self.volume_throughput,
            "volume_throughput",
            f"gp3 has at most 1 MiB/s for 4 IOPS, and slipway:volumeIops is {self.volume_iops}",
            f"Lower it to {self.volume_iops // 4}, or raise slipway:volumeIops to "
            f"{4 * self.volume_throughput}",
        )

    def _check_models(self, check: Checks) -> None:
        check.within("model_gib", 1, 8192)
        for kind in self.instance_types:
            memory = kind.gpu_memory_gib * kind.gpu_count or kind.memory_gib
            check.refuse_if(
                self.model_gib > memory,
                "model_gib",
                f"{kind.name} has {memory:g} GiB of {'GPU ' if kind.gpu_count else ''}memory",
                f"Take {kind.name} out of slipway:instanceTypes, or have fewer models per server",
            )
            check.refuse_if(
                _COPIES * self.model_gib > self._disk_gib(kind),
                "model_gib",
                f"a server keeps the version before as well, and {kind.name} has "
                f"{max(0, self._disk_gib(kind))} GiB of disk for models",
                "Enlarge slipway:volumeGib, or take a type with a larger instance store",
            )

    def _disk_gib(self, kind: InstanceType) -> int:
        """For models: the instance store, or what images leave of the volume."""
        if kind.local_nvme_gb:
            return int(kind.local_nvme_gb * 1000**3 / 1024**3)
        return self.volume_gib - _SYSTEM_GIB

    def _check_replacement(self, check: Checks) -> None:
        check.within("drain_seconds", 1, 3600, "as long as a load balancer waits")
        check.one_of("network_mode", "host", "bridge")
        check.within("hop_limit", 1, 2)
        check.refuse_if(
            self.hop_limit == 2 and self.network_mode == "host",
            "hop_limit",
            "with networkMode host the container is as near as the server, and every further hop "
            "lets others reach its credentials",
            "Set it to 1",
        )
        check.refuse_if(
            self.hop_limit == 1 and self.network_mode == "bridge",
            "hop_limit",
            "a container behind a bridge is two hops from the instance metadata",
            "Set it to 2, or slipway:networkMode to host",
        )
        check.within("refresh_min_healthy", 0, 100)
        check.within("refresh_max_healthy", 100, 200)
        check.refuse_if(
            self.refresh_max_healthy - self.refresh_min_healthy > 100,
            "refresh_max_healthy",
            "AWS takes at most 100 more than slipway:refreshMinHealthy, which is "
            f"{self.refresh_min_healthy}",
            f"Lower it to {self.refresh_min_healthy + 100}",
        )
        points = self.refresh_checkpoints
        check.refuse_if(
            list(points) != sorted(set(points)) or any(not 1 <= point <= 100 for point in points),
            "refresh_checkpoints",
            "they have to be percents from 1 to 100, each larger than the one before",
            "Write them like [10, 50, 100]",
        )
        check.refuse_if(
            not points or max(points) < 100,
            "refresh_checkpoints",
            "the roll-out would stop before all servers are replaced",
            "Let 100 be the last",
        )
        check.within("refresh_pause_seconds", 0, 172_800, "which is two days")
