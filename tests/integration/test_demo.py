"""The demo from nothing to the report, on the tiny model; and stopped at each of its steps."""

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from slipway import contract

ROOT = Path(__file__).parents[2]
COMMAND = (sys.executable, "scripts/demo.py", "tiny", "--models", "tests/data/model_repo")


@pytest.fixture
def environment(server_environment):
    return {**os.environ, contract.ENV_SERVER: str(server_environment.root)}


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    return tmp_path_factory.mktemp("demo")


def test_the_demo_ends_with_a_report_and_the_second_run_builds_nothing_again(
    workspace, environment
):
    def run():
        done = subprocess.run(
            [*COMMAND, "--workspace", workspace],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr

    run()
    report = json.loads((workspace / "report" / "tiny.json").read_bytes())
    assert report["accuracy"]["difference"] <= report["accuracy"]["tolerance"]
    assert len(report["perf"]["points"]) == 3
    assert all(check["passed"] for check in report["smoke"])
    page = (workspace / "report" / "index.html").read_text()
    assert "Three clouds" in page
    run()
    steps = json.loads((workspace / "report" / "tiny.json").read_bytes())["steps"]
    reused = [step["name"] for step in steps if step["reused"]]
    assert reused == ["train", "export", "optimise", "evaluate", "package", "publish", "release"]


def test_the_demo_serves_the_best_of_its_variants_and_the_report_compares_them(
    environment, tmp_path
):
    done = subprocess.run(
        [*COMMAND, "--workspace", tmp_path, "--variants", "fp16,openvino"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    study = json.loads((tmp_path / "report" / "tiny.json").read_bytes())["artefact"]["study"]
    assert {verdict["variant"] for verdict in study["verdicts"]} == {"fp16", "openvino"}
    page = (tmp_path / "report" / "index.html").read_text()
    assert "PyTorch eager FP32" in page


@pytest.mark.parametrize("after", ["", "train", "release", "serve", "accuracy"])
def test_ctrl_c_leaves_no_process_no_shared_memory_and_nothing_half_written(
    after, environment, tmp_path
):
    """Ctrl-C as a terminal sends it: to the whole foreground group, once the step is done."""
    demo = subprocess.Popen(
        [*COMMAND, "--workspace", tmp_path],
        cwd=ROOT,
        env=environment | {"SLIPWAY_TEST": str(tmp_path)},
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    watchdog = threading.Timer(120, demo.kill)
    watchdog.start()
    try:
        for line in demo.stderr if after else ():
            if line.split()[:1] == [after]:
                break
        os.killpg(demo.pid, signal.SIGINT)
        if not after:
            press_again(demo)
        said = demo.stderr.read()
        code = demo.wait()
        if after:
            assert code == 130, said
            assert "Traceback" not in said
        else:  # before Python has read our code, it ends in one of its own ways
            assert code != 0
    finally:
        watchdog.cancel()
        demo.stderr.close()
    assert processes_that_mention(tmp_path) == []
    meant = {".lock"}  # the registry's, which is always there
    half_written = {p.name for p in tmp_path.rglob(".*") if "checkpoint" not in p.name} - meant
    assert half_written == set()


def press_again(process):
    """Python can lose an interrupt while it starts, in a callback of its own."""
    while True:
        try:
            process.wait(timeout=2)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGINT)
        else:
            return


def processes_that_mention(folder):
    """Command lines of living processes, ours excluded, that were started in the demo's name.

    Everything the demo starts inherits an environment variable that names its workspace, but for
    the server, which names it in its command line.
    """
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes()
            inherited = (process / "environ").read_bytes()
        except OSError:
            continue
        if f"SLIPWAY_TEST={folder}".encode() in inherited or str(folder).encode() in command:
            found.append(command.replace(b"\0", b" ").decode())
    return found
