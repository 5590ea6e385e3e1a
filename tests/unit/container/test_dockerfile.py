"""The serving image, judged without building it: 10 GB of NVIDIA's lie below it."""

import json
import re
import shutil
import subprocess
import sysconfig
from pathlib import Path

import pytest

from slipway import contract

ROOT = Path(__file__).parents[3]
FILE = ROOT / "container/Dockerfile"
DIGEST = "nvcr.io/nvidia/tritonserver:26.07-py3@sha256:" + "0123456789abcdef" * 4


@pytest.fixture(scope="module")
def instructions():
    """(stage, instruction, arguments), continued lines joined and comments left out."""
    lines = [line for line in FILE.read_text().splitlines() if not line.startswith("#")]
    joined = re.sub(r"\\\n\s*", "", "\n".join(lines))
    stage, found = -1, []
    for line in filter(None, joined.splitlines()):
        name, _, arguments = line.strip().partition(" ")
        stage += name == "FROM"
        found.append((stage, name, arguments.strip()))
    return found


def of(instructions, wanted, stage=None):
    return [a for s, name, a in instructions if name == wanted and stage in (None, s)]


@pytest.fixture(scope="module")
def last(instructions):
    return max(stage for stage, *_ in instructions)


def test_hadolint_has_nothing_to_say():
    hadolint = shutil.which("hadolint", path=sysconfig.get_path("scripts"))
    assert hadolint, "hadolint is part of the dev extra: make setup"
    done = subprocess.run([hadolint, FILE], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_every_stage_is_the_image_that_was_named_and_there_is_no_default(instructions):
    assert {image.split(" AS ")[0] for image in of(instructions, "FROM")} == {"${TRITON_IMAGE}"}
    assert set(of(instructions, "ARG")) == {"TRITON_IMAGE", "REVISION=unknown"}


@pytest.mark.parametrize(
    ("image", "code"),
    [
        (DIGEST, 0),
        ("nvcr.io/nvidia/tritonserver:26.07-py3", 1),
        ("nvcr.io/nvidia/tritonserver:26.07-py3@sha256:abc", 1),
        ("", 1),
    ],
)
def test_an_image_without_its_digest_is_refused_with_the_way_out(instructions, image, code):
    check = of(instructions, "RUN")[0]
    done = subprocess.run(
        ["/bin/sh", "-c", check],
        env={"TRITON_IMAGE": image, "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code
    assert ("pin it by digest" in done.stderr) == bool(code)


def test_the_container_is_nobody_of_weight(instructions, last):
    assert of(instructions, "USER") == ["1000:1000"]
    after = instructions[instructions.index((last, "USER", "1000:1000")) :]
    assert not [name for _, name, _ in after if name in {"RUN", "COPY", "ADD"}]
    (run,) = of(instructions, "RUN", last)
    assert "--owner=1000 --group=1000" in run
    assert run.endswith(contract.NODE_FOLDER)


def test_the_entry_point_is_the_node_in_its_own_environment(instructions, last):
    (words,) = of(instructions, "ENTRYPOINT", last)
    python, flag, module = json.loads(words)
    assert (flag, module) == ("-m", "slipway.node")
    assert (ROOT / module.replace(".", "/") / "__main__.py").is_file()
    (environment,) = re.findall(r"venv --without-pip (\S+)", of(instructions, "RUN", 0)[1])
    assert python == f"{environment}/bin/python"
    assert f"--from=builder {environment} {environment}" in of(instructions, "COPY", last)
    assert not of(instructions, "CMD")


def test_the_environment_says_what_the_contract_says_and_leaves_the_path_alone(instructions):
    (words,) = of(instructions, "ENV")
    environment = dict(word.split("=", 1) for word in words.split())
    assert contract.TELEMETRY_OFF.items() <= environment.items()
    assert environment[contract.ENV_FOLDER] == contract.NODE_FOLDER
    assert not {"PATH", "PYTHONPATH", "VIRTUAL_ENV"} & environment.keys()


def test_the_ports_and_the_health_check_are_the_contracts(instructions, last):
    (ports,) = of(instructions, "EXPOSE", last)
    assert [int(port) for port in ports.split()] == [
        contract.HTTP_PORT,
        contract.GRPC_PORT,
        contract.METRICS_PORT,
        contract.READINESS_PORT,
        contract.GRPC_READINESS_PORT,
    ]
    (health,) = of(instructions, "HEALTHCHECK", last)
    assert f":{contract.READINESS_PORT}{contract.HEALTH_READY}" in health


def test_backends_that_nvidia_has_not_come_with_what_they_import(instructions, last):
    (making,) = [run for run in of(instructions, "RUN", 0) if "/opt/backends" in run]
    (names,) = re.findall(r"for backend in ([\w ]+);", making)
    ours = {path.parent.name for path in (ROOT / "slipway/triton/backends").glob("*/model.py")}
    assert set(names.split()) == ours - {"onnxruntime", "openvino"}  # the image has those
    backends = ROOT / "slipway/triton/backends"
    shared = {path.stem for path in (backends / "shared").glob("*.py")} - {"__init__"}
    for file in (file for name in names.split() for file in (backends / name).glob("*.py")):
        imported = re.findall(r"^ *(?:import|from) (\w+)", file.read_text(), re.MULTILINE)
        assert not shared & set(imported), f"{file} needs what is not copied"
    assert "--requirement slipway/triton/requirements.txt" in making
    copied = "--from=builder /opt/backends /opt/tritonserver/backends"
    assert copied in of(instructions, "COPY", last)


def kept(path, patterns):
    """Whether a path stays in the build context, as Docker decides: the last match counts."""
    keeps = True
    for pattern in patterns:
        body = pattern.removeprefix("!")
        translated = re.escape(body).replace(r"\*\*/", "(.*/)?").replace(r"\*", "[^/]*")
        if re.fullmatch(f"{translated}(/.*)?", path):
            keeps = pattern.startswith("!")
    return keeps


def test_the_context_holds_what_is_copied_and_nothing_else(instructions):
    lines = FILE.with_name("Dockerfile.dockerignore").read_text().splitlines()
    patterns = [line for line in lines if line and not line.startswith("#")]
    copied = [word for arguments in of(instructions, "COPY", 0) for word in arguments.split()[:-1]]
    assert copied
    for path in copied:
        assert (ROOT / path).exists(), path
        assert kept(path, patterns), path
    assert kept("slipway/node/agent.py", patterns)
    for path in (".git/config", ".venv/bin/python", "Pulumi.prod.yaml", "build/node/x",
                 "slipway/__pycache__/a.pyc", "slipway/node/agent.pyc", ".env"):  # fmt: skip
        assert not kept(path, patterns), path


def test_nothing_of_a_package_manager_or_a_secret_stays(instructions):
    text = FILE.read_text()
    assert not re.search(r"apt-get|apt |curl |wget |ADD |--mount=type=secret", text)
    assert "--no-cache-dir" in of(instructions, "RUN", 0)[1]
    assert "--constraint constraints.txt" in of(instructions, "RUN", 0)[1]
