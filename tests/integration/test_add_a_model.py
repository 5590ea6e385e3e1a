"""docs/add-a-model.md, followed word by word in a copy of the repository."""

import os
import re
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from slipway import contract
from slipway.triton.server import Ports
from tests.waiting import wait_until

ROOT = Path(__file__).parents[2]
DOCUMENT = ROOT / "docs/add-a-model.md"
BLOCK = re.compile(r"(?:`(?P<path>[\w/.]+)`:\n\n)?```(?P<kind>\w+)\n(?P<text>.*?)```\n", re.DOTALL)


@dataclass(frozen=True)
class Block:
    path: str
    kind: str
    text: str


def blocks():
    found = BLOCK.finditer(DOCUMENT.read_text())
    return [Block(each["path"] or "", each["kind"], each["text"]) for each in found]


@pytest.fixture
def copy(tmp_path):
    """What a clone holds of the files that are needed, with this Python in place of `.venv`."""
    for name in ("scripts", "slipway", "model_repo"):
        ignored = shutil.ignore_patterns("__pycache__", "irises")
        shutil.copytree(ROOT / name, tmp_path / name, ignore=ignored)
    (tmp_path / ".venv/bin").mkdir(parents=True)
    (tmp_path / ".venv/bin/python").symlink_to(sys.executable)
    return tmp_path


def test_every_file_and_command_of_the_document_is_tried():
    kinds = [(block.kind, bool(block.path)) for block in blocks()]
    assert kinds.count(("python", True)) == 3
    assert kinds.count(("sh", False)) == 5
    assert len(kinds) == 8


def test_the_document_leads_to_a_served_model(copy, server_environment):
    """Two things differ from a newcomer's terminal: what is set up already, and the ports."""
    ports = Ports.free()
    environment = {
        **os.environ,
        contract.ENV_SERVER: str(server_environment.root),
        "PYTHONPATH": str(copy),  # its slipway, not the one this Python has installed
    }

    def adapted(line):
        python = line.replace(".venv/bin/python", sys.executable)
        python = python.replace("localhost:8000", f"127.0.0.1:{ports.http}")
        if "smoke.py" in line:
            python += f" --grpc 127.0.0.1:{ports.grpc} --http http://127.0.0.1:{ports.http}"
        return python

    def run(line):
        done = subprocess.run(
            adapted(line), shell=True, cwd=copy, env=environment, capture_output=True, text=True,
            check=False, timeout=300,
        )  # fmt: skip
        assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
        return done.stdout

    node = None
    said = ""
    try:
        for block in blocks():
            if block.path:
                (copy / block.path).parent.mkdir(exist_ok=True)
                (copy / block.path).write_text(block.text)
                continue
            for line in block.text.splitlines():
                if line == "make setup":
                    continue
                if "serve.py" in line:
                    log = copy / "serve.log"
                    command = f"exec {adapted(line)} --http-port {ports.http} " + (
                        f"--grpc-port {ports.grpc} --metrics-port {ports.metrics}"
                    )
                    with log.open("wb") as output:
                        node = subprocess.Popen(
                            command, shell=True, cwd=copy, env=environment, stderr=output,
                            start_new_session=True,
                        )  # fmt: skip
                    wait_until(lambda log=log: "irises" in log.read_text())
                    continue
                said = run(line) if "curl" not in line else ask(run, line)
    finally:
        if node:
            node.send_signal(signal.SIGTERM)
            assert node.wait(timeout=60) in (0, 130)
    assert "parcels" in said
    assert (copy / "model_repo/parcels/recipe.py").is_file()


def ask(run, line):
    answer = run(line)
    assert re.search(r'"data":\["[\d.]+:2:virginica"\]', answer), answer
    return answer
