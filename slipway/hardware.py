"""The hardware a figure belongs to: what decides how fast a model runs, and how exactly."""

import os
import platform
import subprocess
from dataclasses import dataclass
from pathlib import Path

CPUINFO = Path("/proc/cpuinfo")
FEATURES = (
    *("avx2", "avx512f", "avx_vnni", "avx512_vnni", "avx512_bf16", "avx512_fp16"),
    *("amx_bf16", "amx_int8", "amx_fp16"),
)
"""Instructions that decide which number formats pay, by Linux's names."""


@dataclass(frozen=True)
class Hardware:
    """`cores` are those that this process may use; `features` are among `FEATURES`; `gpu` is a
    name, empty where there is none.
    """

    processor: str
    cores: int
    features: tuple[str, ...] = ()
    gpu: str = ""

    @property
    def vnni(self) -> bool:
        """Whether 8-bit products are summed in 32 bits at once. Without it ONNX Runtime's 8-bit
        kernels add pairs of them in 16 bits, which overflow unless weights keep to 7 bits.
        """
        return bool({"avx_vnni", "avx512_vnni", "amx_int8"} & set(self.features))

    def __str__(self) -> str:
        with_features = f" ({', '.join(self.features)})" if self.features else ""
        with_gpu = f", {self.gpu}" if self.gpu else ""
        return f"{self.cores} x {self.processor}{with_features}{with_gpu}"


def this_machine(cpuinfo: Path = CPUINFO, *, gpu: bool = True) -> Hardware:
    """As Linux tells it; elsewhere the processor's name alone. Without `gpu` a GPU is left out, as
    where nothing runs on it.
    """
    lines = cpuinfo.read_text().splitlines() if cpuinfo.is_file() else []
    told = {
        key.strip(): " ".join(value.split())
        for key, _, value in (line.partition(":") for line in lines)
    }
    flags = set(told.get("flags", "").split())
    affinity = getattr(os, "sched_getaffinity", None)
    return Hardware(
        processor=told.get("model name") or platform.processor() or platform.machine(),
        cores=len(affinity(0)) if affinity else os.cpu_count() or 1,
        features=tuple(name for name in FEATURES if name in flags),
        gpu=gpu_name() if gpu else "",
    )


def gpu_name() -> str:
    """The first GPU that NVIDIA's driver names; empty where there is none."""
    command = ["nvidia-smi", "--query-gpu=name", "--format=csv,noheader"]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    names = answer.stdout.strip().splitlines() if answer.returncode == 0 else []
    return names[0].strip() if names else ""
