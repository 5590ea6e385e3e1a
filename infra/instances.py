"""The EC2 instance types that Slipway knows, from `infra/data/*.csv`."""

import csv
import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

_DATA = Path(__file__).parent / "data"


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


@functools.cache
def catalogue() -> Mapping[str, InstanceType]:
    """Every known type by its name. Columns that a file does not have are 0 or empty."""
    rows = (*_rows("gpu_instances.csv"), *_rows("cpu_instances.csv"))
    return {row["instance_type"]: _instance_type(row) for row in rows}


def _rows(file: str) -> Iterator[Mapping[str, str]]:
    with (_DATA / file).open(newline="") as lines:
        yield from csv.DictReader(lines)


def _instance_type(row: Mapping[str, str]) -> InstanceType:
    return InstanceType(
        name=row["instance_type"],
        gpu=row.get("gpu", ""),
        gpu_count=int(row.get("gpu_count", 0)),
        gpu_memory_gib=float(row.get("gpu_memory_gib", 0)),
        vcpu=int(row["vcpu"]),
        memory_gib=float(row["memory_gib"]),
        local_nvme_gb=int(row.get("local_nvme_gb", 0)),
        usd_per_hour=float(row["usd_per_hour"]),
    )
