"""The container's entry point with the real Triton, in a fleet of stand-ins for AWS."""

import json
import os
import queue
import signal
import socket
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import boto3
import grpc
import httpx
import numpy as np
import pytest
import tritonclient.grpc as triton
from tritonclient.utils import InferenceServerException

from slipway import contract
from slipway.files import readable_json
from slipway.golden import Golden
from slipway.node.fleet.metrics import UNITS
from slipway.node.report import read_report
from slipway.processes import group_members
from slipway.registry.directory import DirectoryStore
from slipway.registry.publish import publish
from slipway.registry.releases import promote
from slipway.triton.ports import Ports
from tests.aws_servers import AutoScalingService, MetadataService, as_of_aws, moto_server, serving
from tests.factories import packaged_model
from tests.integration.triton_models import CONFIG, request, tensors, write_onnx

ROOT = Path(__file__).parents[2]
PATIENCE = 60.0
ENTRY = """
import functools, sys
from slipway.node import __main__ as entry
from slipway.node.fleet import service
from slipway.triton.ports import Ports
pace = service.Pace(rounds=0.2, looks=0.1, publications=0.5)
ports = Ports({ports})
service.run = functools.partial(
    service.run, ports=ports, readiness_port={readiness}, grpc_readiness_port={grpc}, pace=pace
)
sys.exit(entry.main())
"""


@pytest.fixture
def aws(monkeypatch):
    """Instance metadata, Auto Scaling, and moto for the rest."""
    as_of_aws(monkeypatch)
    known = {
        "instance-id": "i-0123456789abcdef0",
        "local-ipv4": "127.0.0.1",
        "autoscaling/target-lifecycle-state": "InService",
    }
    with (
        moto_server() as moto_url,
        serving(MetadataService(known)) as metadata,
        serving(AutoScalingService({"launch"})) as group,
    ):
        monkeypatch.setenv("AWS_ENDPOINT_URL", moto_url)
        monkeypatch.setenv("AWS_ENDPOINT_URL_AUTO_SCALING", group.url)
        monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", metadata.url)
        yield metadata, group


@pytest.fixture
def client(aws):
    made = []

    def make(service):
        made.append(boto3.Session().client(service, region_name=os.environ["AWS_REGION"]))
        return made[-1]

    yield make
    for each in made:
        each.close()


@pytest.fixture
def service_id(client):
    cloud_map = client("servicediscovery")
    made = cloud_map.create_http_namespace(Name="slipway.internal")["OperationId"]
    targets = cloud_map.get_operation(OperationId=made)["Operation"]["Targets"]
    service = cloud_map.create_service(Name="dev", NamespaceId=targets["NAMESPACE"])
    return service["Service"]["Id"]


@pytest.fixture
def registry(tmp_path):
    """One released model that doubles."""
    write_onnx(tmp_path / "model.onnx")
    store = DirectoryStore(tmp_path / "registry")
    release(store, tmp_path / "tiny", (tmp_path / "model.onnx").read_bytes())
    return store


def release(store, package, onnx):
    """Release a model, named as its package, that doubles if `onnx` does."""
    right = {"y": np.float32([[6, 6, 6]]), "total": np.float32([[9]])}
    files = {
        "model/1/model.onnx": onnx,
        "model/config.pbtxt": CONFIG.encode(),
        "golden.json": readable_json(Golden(request(value=3), right, 1e-4).to_json()),
    }
    packaged_model(package, package.name, files)
    manifest = publish(store, package).manifest
    promote(store, "dev", manifest.model, manifest.version)


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


class Node:
    """A running node of the fleet, with its events as they come."""

    def __init__(self, folder, **settings):
        self.ports = Ports.free()
        self.readiness, self.grpc_readiness = free_port(), free_port()
        ports = f"{self.ports.http}, {self.ports.grpc}, {self.ports.metrics}"
        entry = ENTRY.format(ports=ports, readiness=self.readiness, grpc=self.grpc_readiness)
        self.errors = folder / "node.err"
        with self.errors.open("wb") as errors:
            self.process = subprocess.Popen(
                [sys.executable, "-c", entry],
                env={**os.environ, **settings},
                stdout=subprocess.PIPE,
                stderr=errors,
                cwd=ROOT,
                start_new_session=True,
            )
        self._events = queue.Queue()
        self.seen = []
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self):
        for line in self.process.stdout:
            self._events.put(json.loads(line))
        self._events.put(None)

    def wait_for(self, name, **fields):
        """The next event of a name with these fields."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            try:
                event = self._events.get(timeout=PATIENCE)
            except queue.Empty:
                break
            assert event is not None, f"the node ended: {self.seen} {self.errors.read_text()}"
            self.seen.append(event)
            if event["event"] == name and fields.items() <= event.items():
                return event
        pytest.fail(f"no event {name} {fields}; seen: {self.seen}")

    def ready(self):
        try:
            answer = httpx.get(f"http://127.0.0.1:{self.readiness}{contract.HEALTH_READY}")
        except httpx.HTTPError:
            return False
        return answer.status_code == 200

    def ready_over_grpc(self):
        with grpc.insecure_channel(f"127.0.0.1:{self.grpc_readiness}") as channel:
            try:
                return bool(channel.unary_unary(contract.GRPC_HEALTH)(b"", timeout=5))
            except grpc.RpcError as refusal:
                if refusal.code() != grpc.StatusCode.UNAVAILABLE:
                    raise
                return False

    def end(self):
        """The exit code, and the names of the events since the last that was waited for."""
        code = self.process.wait(PATIENCE)
        self._reader.join(PATIENCE)
        names = []
        while (event := self._events.get(timeout=PATIENCE)) is not None:
            names.append(event["event"])
        self.process.stdout.close()
        return code, names

    def kill(self):
        if self.process.poll() is None:
            self.process.terminate()
            self.end()


@pytest.fixture
def start(tmp_path, registry, server_environment):
    """Start a node of the group slipway-dev; arguments are further variables."""
    started = []

    def make(**settings):
        always = {
            contract.ENV_STORE: registry.url,
            contract.ENV_ENVIRONMENT: "dev",
            contract.ENV_SERVER: str(server_environment.root),
            contract.ENV_FOLDER: str(tmp_path / "node"),
            contract.ENV_GROUP: "slipway-dev",
            contract.ENV_LAUNCH_HOOK: "launch",
            contract.ENV_TERMINATE_HOOK: "terminate",
            contract.ENV_EXIT_TIMEOUT: "2",
        }
        started.append(Node(tmp_path, **(always | settings)))
        return started[-1]

    yield make
    for node in started:
        node.kill()


def wait_until(true):
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        if value := true():
            return value
        time.sleep(0.02)
    return pytest.fail("it did not come true")


def test_a_node_comes_is_found_is_measured_and_goes(aws, client, service_id, registry, start):
    metadata, group = aws
    node = start(**{
        contract.ENV_DISCOVERY: service_id,
        contract.ENV_METRICS: "cloudwatch",
        contract.ENV_DRAIN: "1",
    })  # fmt: skip

    server = node.wait_for("started")["pid"]
    assert group.waiting == {"launch"}
    assert not node.ready_over_grpc()
    node.wait_for("serving", model="tiny", version=1)
    assert node.wait_for("hookdone")["held"]
    node.wait_for("joined")
    with triton.InferenceServerClient(f"127.0.0.1:{node.ports.grpc}") as asking:
        answer = asking.infer("tiny", tensors(request(value=3)))
        assert answer.as_numpy("y").tolist() == [[6.0, 6.0, 6.0]]
        with pytest.raises(InferenceServerException, match="restricted"):
            asking.unload_model("tiny")
    assert wait_until(node.ready)
    assert node.ready_over_grpc()

    entry = client("servicediscovery").list_instances(ServiceId=service_id)["Instances"][0]
    assert entry["Attributes"]["AWS_INSTANCE_IPV4"] == "127.0.0.1"
    assert entry["Attributes"]["GRPC_PORT"] == str(node.ports.grpc)
    cloudwatch = client("cloudwatch")

    def published():
        found = cloudwatch.list_metrics(Namespace=contract.METRICS_NAMESPACE)["Metrics"]
        return {metric["MetricName"] for metric in found}

    # What is said of the queue comes last: only of a server that clients are sent to.
    assert wait_until(lambda: published() == set(UNITS))
    report = read_report(registry, "dev", "i-0123456789abcdef0")
    assert report.models[0].serving == 1
    assert report.grpc == f"127.0.0.1:{node.ports.grpc}"

    metadata.values["autoscaling/target-lifecycle-state"] = "Terminated"
    group.waiting.add("terminate")
    assert node.wait_for("leaving")["wait"] == pytest.approx(1.0)
    assert not node.ready()
    assert not node.ready_over_grpc()
    with triton.InferenceServerClient(f"127.0.0.1:{node.ports.grpc}") as asking:
        assert asking.infer("tiny", tensors(request(value=3)))
    code, happened = node.end()
    assert (code, happened) == (0, ["left", "hookdone"])
    assert group.told[-1] == ("CompleteLifecycleAction", "terminate", "CONTINUE")
    assert client("servicediscovery").list_instances(ServiceId=service_id)["Instances"] == []
    assert read_report(registry, "dev", "i-0123456789abcdef0").models[0].serving is None
    assert group_members(server) == ()


def test_a_server_of_the_warm_pool_completes_its_hook_and_stops_in_order(aws, start):
    metadata, group = aws
    metadata.values["autoscaling/target-lifecycle-state"] = "Warmed:Stopped"
    node = start()
    node.wait_for("serving")
    assert node.wait_for("hookdone")["held"]
    node.process.send_signal(signal.SIGTERM)
    assert node.end() == (0, [])
    group.waiting.add("launch")
    metadata.values["autoscaling/target-lifecycle-state"] = "InService"
    again = start()
    assert again.wait_for("hookdone")["held"]


def test_a_node_that_is_told_to_stop_many_times_leaves_in_order(aws, service_id, registry, start):
    node = start(**{contract.ENV_DISCOVERY: service_id})
    server = node.wait_for("started")["pid"]
    node.wait_for("joined")
    wait_until(lambda: read_report(registry, "dev", "i-0123456789abcdef0").models)
    while node.process.poll() is None:
        node.process.send_signal(signal.SIGTERM)
        time.sleep(0.005)
    code, happened = node.end()
    assert (code, happened[-1], node.errors.read_text()) == (0, "left", "")
    assert read_report(registry, "dev", "i-0123456789abcdef0").models[0].serving is None
    assert group_members(server) == ()


def test_a_new_model_that_does_not_load_takes_no_node_out_of_service(
    aws, registry, start, tmp_path
):
    _, group = aws
    node = start()
    node.wait_for("hookdone")
    assert wait_until(node.ready)
    release(registry, tmp_path / "broken", b"not a model")
    assert node.wait_for("refused", model="broken")["serving"] is None
    node.wait_for("refused", model="broken")  # after a whole round, and many looks at it
    assert node.ready()
    assert node.ready_over_grpc()
    broken, tiny = read_report(registry, "dev", "i-0123456789abcdef0").models
    assert (broken.serving, tiny.serving) == (None, 1)
    assert "cannot load" in broken.reason
    node.kill()
    group.waiting.add("launch")
    fresh = start()
    fresh.wait_for("serving", model="tiny")
    fresh.wait_for("refused", model="broken")
    fresh.wait_for("refused", model="broken")
    assert not fresh.ready()
    assert group.waiting == {"launch"}


def test_a_node_that_aws_does_not_answer_stops_in_the_time_its_container_gets(aws, registry, start):
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        node = start(**{
            contract.ENV_DISCOVERY: "srv-1",
            "AWS_ENDPOINT_URL_SERVICEDISCOVERY": f"http://127.0.0.1:{deaf.getsockname()[1]}",
        })  # fmt: skip
        server = node.wait_for("started")["pid"]
        node.wait_for("hookdone")  # and the same tick enters Cloud Map
        stopped = time.monotonic()
        node.process.send_signal(signal.SIGTERM)
        setback = node.wait_for("setback", doing="Leaving Cloud Map")
        assert "did not end" in setback["reason"]
        assert node.end()[0] == 0
    assert time.monotonic() - stopped < 2 + 30
    assert read_report(registry, "dev", "i-0123456789abcdef0").models[0].serving is None
    assert group_members(server) == ()


def test_a_node_whose_registry_cannot_be_reached_yet_waits_for_it(aws, client, registry, start):
    _, group = aws
    bucket = client("s3")
    bucket.create_bucket(
        Bucket="registry",
        CreateBucketConfiguration={"LocationConstraint": os.environ["AWS_REGION"]},
    )
    root = Path(registry.url)
    for path in (path for path in root.rglob("*") if path.is_file()):
        bucket.upload_file(str(path), "registry", path.relative_to(root).as_posix())
    port = free_port()
    node = start(**{
        contract.ENV_STORE: "s3://registry",
        contract.ENV_S3_ENDPOINT: f"http://127.0.0.1:{port}",
    })  # fmt: skip
    node.wait_for("unreachable")
    assert group.waiting == {"launch"}
    assert not node.ready()
    with moto_server(port):
        node.wait_for("serving", model="tiny")
        assert node.wait_for("hookdone")["held"]
        node.kill()


def test_a_spot_interruption_ends_a_node_before_its_instance(aws, start):
    metadata, _ = aws
    node = start()
    node.wait_for("hookdone")
    at = datetime.now(UTC) + timedelta(seconds=14)
    metadata.values["spot/instance-action"] = json.dumps(
        {"action": "terminate", "time": at.strftime("%Y-%m-%dT%H:%M:%SZ")}
    )
    assert "spot interruption" in node.wait_for("leaving")["reason"]
    code, happened = node.end()
    assert (code, happened) == (0, ["hookdone"])
    assert datetime.now(UTC) < at
