"""The catalogue of instance types."""

import csv

import pytest

from infra.instances import catalogue
from tests.configurations import ROOT


def test_a_gpu_server_is_read_with_all_its_figures():
    kind = catalogue()["g5.12xlarge"]
    assert (kind.gpu, kind.gpu_count, kind.gpu_memory_gib) == ("A10G", 4, 22.4)
    assert (kind.vcpu, kind.memory_gib, kind.local_nvme_gb) == (48, 192, 3800)
    assert kind.usd_per_hour == 5.672


def test_a_cpu_server_has_no_gpu_and_no_instance_store():
    kind = catalogue()["m7i.2xlarge"]
    assert (kind.gpu, kind.gpu_count, kind.gpu_memory_gib, kind.local_nvme_gb) == ("", 0, 0, 0)


@pytest.mark.parametrize("kind", catalogue().values(), ids=lambda kind: kind.name)
def test_figures_are_possible(kind):
    assert 0 < kind.usd_per_hour < 500
    assert 1 <= kind.memory_gib / kind.vcpu <= 32
    assert bool(kind.gpu) == bool(kind.gpu_count) == bool(kind.gpu_memory_gib)


def test_every_gpu_of_a_server_is_described():
    with (ROOT / "infra/data/gpus.csv").open(newline="") as lines:
        described = {row["gpu"] for row in csv.DictReader(lines)}
    assert {kind.gpu for kind in catalogue().values() if kind.gpu} <= described


def test_larger_servers_of_a_family_cost_more():
    for family in ("g5", "g6", "g6e", "c7i", "m7i"):
        kinds = [kind for name, kind in catalogue().items() if name.startswith(f"{family}.")]
        by_size = sorted(kinds, key=lambda kind: (kind.gpu_count, kind.vcpu))
        prices = [kind.usd_per_hour for kind in by_size]
        assert prices == sorted(prices), family
