"""What every script promises: help that is quick, and one clear line for bad input."""

import socket
import sys
from pathlib import Path

import pytest

from tests.running import ROOT, python, refused

SCRIPTS = sorted(path.name for path in (ROOT / "scripts").glob("*.py"))
HEAVY = (
    "torch",
    "onnx",
    "onnxruntime",
    "numpy",
    "sklearn",
    "matplotlib",
    "boto3",
    "botocore",
    "tritonclient",
)


@pytest.mark.parametrize("script", SCRIPTS)
def test_help_teaches_and_loads_nothing_heavy(script):
    done = python("-X", "importtime", f"scripts/{script}", "--help")
    assert done.returncode == 0
    loaded = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert loaded & {"typer", "argparse"}
    assert not loaded & set(HEAVY)
    assert "scripts/" in done.stdout
    assert len(done.stdout) > 400


@pytest.fixture
def registry(tmp_path):
    (tmp_path / "registry").mkdir()
    return tmp_path / "registry"


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (("build.py", "image_clasifier"), "nearest names are: image_classifier"),
        (("build.py", "tiny", "--models", "nowhere"), "no model 'tiny' in nowhere"),
        (
            ("build.py", "image_classifier", "--variants", "int8_static,int7"),
            "no variant 'int7': there are graph, fp16",
        ),
        (
            ("build.py", "image_classifier", "--workspace", "README.md"),
            "Not a directory: README.md",
        ),
        (("demo.py", "image_clasifier"), "nearest names are: image_classifier"),
        (("publish.py", "tiny", "--workspace", "nowhere"), "nowhere"),
        (("release.py", "set", "tiny", "1", "--store", "REGISTRY"), "tiny"),
        (
            ("release.py", "set", "tiny", "1", "--environment", "prodd", "--store", "REGISTRY"),
            "prod",
        ),
        (("release.py", "rollback", "tiny", "--store", "REGISTRY"), "tiny"),
        (("serve.py", "--environment", "stagging", "--store", "REGISTRY"), "staging"),
        (("serve.py", "--node", "a/b", "--store", "REGISTRY"), "cannot be named 'a/b'"),
        (("serve.py", "--store", "ftp://x"), "ftp://x"),
        (("smoke.py", "tiny", "--store", "REGISTRY"), "tiny"),
        (("smoke.py", "tiny", "--golden", "nowhere.json"), "nowhere.json"),
        (("perf.py", "tiny", "--golden", "nowhere.json"), "nowhere.json"),
        (("perf.py", "tiny", "--grpc", "no-port", "--golden", "x.json"), "no-port"),
        (("report.py", "nowhere"), "nowhere"),
    ],
)
def test_bad_input_ends_in_one_clear_line(registry, command, said):
    script, *arguments = (str(registry) if part == "REGISTRY" else part for part in command)
    assert said in refused(python(f"scripts/{script}", *arguments))


@pytest.mark.parametrize(
    "command", ["serve.py", "smoke.py tiny", "perf.py tiny", "release.py rollback tiny"]
)
def test_the_store_and_the_environment_may_come_from_variables(registry, command):
    script, *arguments = command.split()
    done = python(
        f"scripts/{script}", *arguments, SLIPWAY_STORE=str(registry), SLIPWAY_ENVIRONMENT="stagging"
    )
    assert "no environment 'stagging'" in refused(done)
    done = python(f"scripts/{script}", *arguments, SLIPWAY_STORE="ftp://x")
    assert "ftp://x" in refused(done)


def test_a_missing_server_environment_is_said_with_the_way_out(registry, tmp_path):
    done = python(
        "scripts/serve.py",
        "--store",
        registry,
        "--folder",
        tmp_path / "node",
        SLIPWAY_SERVER_ENV=str(tmp_path),
    )
    assert "Run make setup" in refused(done)


def test_a_server_environment_with_numpy_2_is_refused(registry, tmp_path, server_like):
    folder = server_like(
        {
            "numpy": "2.1.0",
            "onnxruntime": "1.32.0",
            "openvino": "2026.4.1",
            "nvidia-pytriton": "0.7.0",
        }
    )
    done = python(
        "scripts/serve.py",
        "--store",
        registry,
        "--folder",
        tmp_path / "node",
        SLIPWAY_SERVER_ENV=str(folder),
    )
    assert "numpy 2.1.0" in refused(done)


@pytest.fixture
def server_like(tmp_path):
    """A folder that looks like a virtual environment with these distributions."""

    def make(distributions):
        root = tmp_path / "server"
        version = f"{sys.version_info[0]}.{sys.version_info[1]}"
        site = root / "lib" / f"python{version}" / "site-packages"
        site.mkdir(parents=True)
        home = Path(sys.base_prefix) / "bin"
        (root / "pyvenv.cfg").write_text(f"home = {home}\nversion = {version}.0\n")
        for name, number in distributions.items():
            info = site / f"{name.replace('-', '_')}-{number}.dist-info"
            info.mkdir()
            (info / "METADATA").write_text(
                f"Metadata-Version: 2.1\nName: {name}\nVersion: {number}\n"
            )
        return root

    return make


def test_a_server_that_does_not_answer_is_said(tmp_path):
    golden = tmp_path / "golden.json"
    golden.write_text(
        '{"tolerance": 1e-4, "response": {"outputs": []}, "request": {"inputs": ['
        '{"name": "x", "datatype": "FP32", "shape": [1, 1], "data": [1.0]}]}}'
    )
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        for script in ("smoke.py", "perf.py"):
            done = python(
                f"scripts/{script}",
                "tiny",
                "--golden",
                golden,
                "--grpc",
                address,
                "--http",
                f"http://{address}",
            )
            assert "serve.py" in refused(done)
