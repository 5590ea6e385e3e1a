"""The same processor with and without VNNI: libraries are told that it is older than it is."""

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from slipway.hardware import CPUINFO

SOURCE = Path(__file__).with_name("without_vnni.c")
MEND = "those rows are left out"


def hiding(folder: Path) -> Mapping[str, str] | str:
    """The environment of a process that is to see no VNNI, or why there can be none."""
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        return f"there is no C compiler; {MEND}"
    if "cpuid_fault" not in CPUINFO.read_text():
        return f"this processor does not let CPUID be answered otherwise; {MEND}"
    library = folder / "without_vnni.so"
    subprocess.run([compiler, "-O2", "-shared", "-fPIC", "-o", library, SOURCE], check=True)
    environment = {**os.environ, "LD_PRELOAD": str(library)}
    tried = subprocess.run(["true"], env=environment, check=False)  # noqa: S607 - any program will do
    if tried.returncode:
        return f"the kernel does not let CPUID be answered otherwise; {MEND}"
    return environment
