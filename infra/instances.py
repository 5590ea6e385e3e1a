"""The EC2 instance types that Slipway knows, from `infra/data/*.csv`."""

from dataclasses import dataclass


@dataclass(frozen=True)
class InstanceType:
    """`gpu_memory_gib` is of one GPU, all else of the server; price: USD an hour, on demand, Linux,
    us-east-1. `gpu` is empty and `gpu_count` 0 for a CPU server.
    """

    name: str
    gpu: str
    gpu_count: int
    gpu_memory_gib: float
    vcpu: int
    memory_gib: float
    local_nvme_gb: int
    usd_per_hour: float
