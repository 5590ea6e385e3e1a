"""What a measurement ran on: a figure without its machine says nothing."""

import os
import platform
from pathlib import Path

CPUINFO = Path("/proc/cpuinfo")


def describe_machine() -> str:
    """Cores this process may use, the processor's name, and the system."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{cores} x {processor()}, {platform.system()} {platform.machine()}"


def processor(cpuinfo: Path = CPUINFO) -> str:
    """The processor's name as Linux gives it, elsewhere as Python does."""
    if cpuinfo.is_file():
        for line in cpuinfo.read_text().splitlines():
            key, _, value = line.partition(":")
            if key.strip() == "model name":
                return " ".join(value.split())
    return platform.processor() or platform.machine()
