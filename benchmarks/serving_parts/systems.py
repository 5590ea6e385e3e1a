"""The servers that are compared, each started once and idle while another is measured."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from benchmarks.serving_parts.http_load import Call, HttpSpec
from benchmarks.serving_parts.values import Load
from slipway.artefact import read_artefact
from slipway.check.closed_loop import LoadSpec
from slipway.errors import BuildError, ServerError
from slipway.golden import Golden
from slipway.processes import running
from slipway.tensors import Array
from slipway.triton.environment import ServerEnvironment
from slipway.triton.server import EmbeddedServer, Ports, ServerOptions

ROOT = Path(__file__).parents[2]
STARTUP_S = 60.0
STOP_S = 10.0


@dataclass(frozen=True)
class Subject:
    """The model: its folder, trained weights, packaged ONNX file, and requests of one row each."""

    name: str
    models: Path
    weights: Path
    package: Path
    requests: tuple[Golden, ...]

    @classmethod
    def built(cls, name: str, models: Path, workspace: Path, golden: Golden) -> "Subject":
        from slipway.check.perf import one_by_one

        steps = workspace / "models" / name
        subject = cls(
            name,
            models,
            steps / "train/latest/weights.pt",
            steps / "package/latest",
            tuple(one_by_one(golden)),
        )
        for path in (subject.weights, subject.onnx):
            if not path.is_file():
                raise BuildError(
                    f"'{name}' is not built",
                    why=f"{path} does not exist",
                    mend=f"Run: python scripts/build.py {name}",
                )
        study = read_artefact(subject.package).study
        if study and study.chosen != study.baseline.variant:
            raise BuildError(
                f"'{name}' is packaged as '{study.chosen}'",
                why="it is compared with PyTorch serving the network as it was trained",
                mend=f"Run: python scripts/build.py {name}",
            )
        return subject

    @property
    def onnx(self) -> Path:
        return self.package / "model/1/model.onnx"


class System(Protocol):
    """Something that can be put under load."""

    @property
    def name(self) -> str: ...
    def load(self, concurrency: int, seconds: float, warmup: float) -> Load: ...


@dataclass(frozen=True)
class InProcess:
    """ONNX Runtime called directly, in one of two ways."""

    subject: Subject
    way: str

    @property
    def name(self) -> str:
        return f"in-process, {self.way}"

    def load(self, concurrency: int, seconds: float, warmup: float) -> Load:
        spec = {
            "onnx": str(self.subject.onnx),
            "way": self.way,
            "golden": self.subject.requests[0].to_json(),
            "concurrency": concurrency,
            "seconds": seconds,
            "warmup": warmup,
        }
        return Load(**json.loads(_run("benchmarks.serving_parts.in_process", spec)))


@dataclass(frozen=True)
class OverHttp:
    """A server that is running, with the requests it understands."""

    name: str
    port: int
    calls: tuple[Call, ...]
    tolerance: float

    def load(self, concurrency: int, seconds: float, warmup: float) -> Load:
        spec = HttpSpec(self.port, self.calls, self.tolerance, concurrency, seconds, warmup)
        return Load(**json.loads(_run("benchmarks.serving_parts.http_load", spec.to_json())))


@dataclass(frozen=True)
class OverGrpc:
    """Slipway's server through `slipway.check.load`, which is what scripts/perf.py uses."""

    name: str
    address: str
    subject: Subject

    def load(self, concurrency: int, seconds: float, warmup: float) -> Load:
        spec = LoadSpec(
            self.address,
            self.subject.name,
            self.subject.requests,
            concurrency,
            seconds,
            1,
            warmup,
        )
        window = json.loads(_run("slipway.check.load", spec.to_json()).splitlines()[-1])
        return Load.of(
            window["latencies_ns"], window["seconds"], 1, window["errors"], window["cpu_s"]
        )


@contextmanager
def slipway_server(subject: Subject, work: Path) -> Iterator[tuple[OverHttp, OverGrpc]]:
    """The packaged model on the embedded Triton, with the package's own configuration."""
    repository = work / "repository"
    shutil.copytree(subject.package / "model", repository / subject.name)
    ports = Ports.free()
    options = ServerOptions(
        repository, work / "triton.log", ports, extra=(f"--load-model={subject.name}",)
    )
    calls = tuple(
        _kserve_call(subject.name, g.inputs, next(iter(g.outputs.values())))
        for g in subject.requests
    )
    with EmbeddedServer(options, ServerEnvironment.find()):
        yield (
            OverHttp("slipway", ports.http, calls, subject.requests[0].tolerance),
            OverGrpc("slipway, gRPC", f"127.0.0.1:{ports.grpc}", subject),
        )


@contextmanager
def fastapi_server(
    name: str, app: str, subject: Subject, work: Path, **settings: str
) -> Iterator[OverHttp]:
    """One of the two applications under uvicorn; `settings` are added to its environment."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {
        **os.environ,
        "MODEL": subject.name,
        "MODELS": str(subject.models.absolute()),
        "WEIGHTS": str(subject.weights.absolute()),
        "ONNX": str(subject.onnx.absolute()),
        **settings,
    }
    command = [sys.executable, "-m", "uvicorn", "--factory"]
    command += [f"benchmarks.serving_parts.{app}:create_app", "--host", "127.0.0.1"]
    command += ["--port", str(port), "--no-access-log", "--log-level", "warning"]
    log = work / f"{app}.log"
    with (
        log.open("wb") as output,
        running(
            command, STOP_S, cwd=ROOT, env=environment, stdout=output, stderr=output
        ) as process,
    ):
        _wait_until_healthy(f"http://127.0.0.1:{port}/health", process, log)
        calls = tuple(_octet_call(g) for g in subject.requests)
        yield OverHttp(name, port, calls, subject.requests[0].tolerance)


def _wait_until_healthy(url: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + STARTUP_S
    while process.poll() is None and time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(url, timeout=1):  # noqa: S310  our own http:// address
                return
        except OSError:
            time.sleep(0.1)
    said = log.read_text(errors="replace").strip().splitlines()
    raise ServerError(f"{url} did not come up", why=said[-1] if said else "it said nothing")


def _kserve_call(model: str, inputs: Mapping[str, Array], answer: Array) -> Call:
    """KServe v2 with Triton's binary tensors: bytes in, bytes out, as FastAPI gets and gives."""
    from dataclasses import replace

    from slipway.check.client import Request
    from slipway.check.http_client import JSON_LENGTH, encode

    body, headers = encode(replace(Request.of(model, "", inputs), binary=True))
    length = int(headers[JSON_LENGTH])
    head = json.loads(body[:length])
    head["parameters"] = {"binary_data_output": True}
    text = json.dumps(head).encode()
    return Call.post(
        f"/v2/models/{model}/infer",
        text + body[length:],
        answer.tobytes(),
        {JSON_LENGTH: str(len(text))},
    )


def _octet_call(golden: Golden) -> Call:
    (image,), (answer,) = golden.inputs.values(), golden.outputs.values()
    headers = {"Content-Type": "application/octet-stream"}
    return Call.post("/predict", image.tobytes(), answer.tobytes(), headers)


def _run(module: str, spec: Mapping[str, Any]) -> str:
    """A client in a process of its own: JSON in, its output out."""
    done = subprocess.run(
        [sys.executable, "-m", module],
        input=json.dumps(spec),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode:
        raise ServerError(f"{module} failed", why=f"exit code {done.returncode}")
    return done.stdout
