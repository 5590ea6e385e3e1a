"""Which GPU is here."""

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

QUERY = ("--query-gpu=name,compute_cap,driver_version", "--format=csv,noheader")
TIMEOUT = 30.0
"""Seconds. The first call after boot loads the driver."""


@dataclass(frozen=True)
class Gpu:
    """A kind of GPU. `capability` is CUDA's compute capability, such as 8.9."""

    name: str
    capability: str
    driver: str


class Gpus(Protocol):
    """The GPUs of this machine."""

    def kind(self) -> Gpu | None:
        """What they all are; None where there is none, or where they differ."""
        ...


@dataclass(frozen=True)
class NvidiaSmi:
    """The driver's own command. Without a driver there is no GPU to it."""

    command: Path

    @classmethod
    def find(cls) -> "NvidiaSmi | None":
        """The one on PATH, where the driver or the container toolkit puts it."""
        found = shutil.which("nvidia-smi")
        return cls(Path(found)) if found else None

    def kind(self) -> Gpu | None:
        try:
            done = subprocess.run(
                [str(self.command), *QUERY],
                capture_output=True,
                text=True,
                timeout=TIMEOUT,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired):
            return None
        # It says "No devices were found", and that it cannot reach the driver, on stdout as well.
        return _one_kind(done.stdout) if done.returncode == 0 else None


def _one_kind(said: str) -> Gpu | None:
    rows = [[cell.strip() for cell in line.split(",")] for line in said.splitlines() if line]
    kinds = {Gpu(*row) for row in rows if len(row) == 3 and _is_capability(row[1])}
    return kinds.pop() if len(kinds) == 1 and len(rows) > 0 else None


def _is_capability(text: str) -> bool:
    major, _, minor = text.partition(".")
    return major.isdigit() and minor.isdigit()
