import pytest

from slipway.node.engines.gpu import Gpu, NvidiaSmi
from slipway.node.engines.here import engines_here
from slipway.registry.directory import DirectoryStore

L4 = "NVIDIA L4, 8.9, 550.54.14"


@pytest.fixture
def smi(tmp_path):
    def make(said, code=0):
        command = tmp_path / "bin/nvidia-smi"
        command.parent.mkdir(exist_ok=True)
        command.write_text(
            "#!/bin/sh\n"
            '[ "$*" = "--query-gpu=name,compute_cap,driver_version --format=csv,noheader" ] '
            "|| exit 2\n"
            f"cat <<'END'\n{said}\nEND\nexit {code}\n"
        )
        command.chmod(0o755)
        return NvidiaSmi(command)

    return make


def test_the_gpu_is_what_the_driver_says(smi):
    assert smi(L4).kind() == Gpu("NVIDIA L4", "8.9", "550.54.14")
    assert smi(f"{L4}\n{L4}").kind() == Gpu("NVIDIA L4", "8.9", "550.54.14")


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("No devices were found", 6),
        ("No devices were found", 0),
        ("NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver.", 9),
        ('Field "compute_cap" is not a valid field to query.', 2),
        ("", 0),
        ("NVIDIA L4, [N/A], 550.54.14", 0),
        (f"{L4}\nNVIDIA A10G, 8.6, 550.54.14", 0),
    ],
)
def test_no_gpu_or_several_kinds_is_none(smi, said, code):
    assert smi(said, code).kind() is None


def test_without_the_command_there_is_no_gpu_and_no_fuss(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert NvidiaSmi.find() is None
    assert NvidiaSmi(tmp_path / "nvidia-smi").kind() is None
    assert engines_here(DirectoryStore(tmp_path / "store"), tmp_path, "here") is None


def test_with_a_gpu_there_are_engines(smi, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", f"{smi(L4).command.parent}:/usr/bin:/bin")
    engines = engines_here(DirectoryStore(tmp_path / "store"), tmp_path, "here")
    assert engines is not None
    engines.close()
