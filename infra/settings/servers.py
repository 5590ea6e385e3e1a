"""The servers: how many, of which kind, and how one is replaced by another."""

from dataclasses import dataclass

from infra.instances import InstanceType


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
