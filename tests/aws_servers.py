"""AWS on this machine: moto, and what it lacks (instance metadata, lifecycle hooks)."""

import os
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

import httpx
from moto.server import ThreadedMotoServer

REGION = "eu-central-1"
TOKEN = "X-aws-ec2-metadata-token"
XML = '<{0}Response xmlns="http://autoscaling.amazonaws.com/doc/2011-01-01/"><{0}Result/></{0}Response>'
ERROR = (
    "<ErrorResponse><Error><Type>Sender</Type><Code>{}</Code><Message>{}</Message></Error>"
    "</ErrorResponse>"
)


@dataclass
class MetadataService:
    """Version 2 alone: without a valid token every answer is 401. `values` by path."""

    values: dict = field(default_factory=dict)
    tokens: int = 0
    valid: str = ""
    url: str = ""

    def answer(self, request):
        if request.command == "PUT":
            if not 1 <= int(request.headers[f"{TOKEN}-ttl-seconds"]) <= 21600:
                return 400, ""
            self.tokens += 1
            self.valid = f"token-{self.tokens}"
            return 200, self.valid
        if not self.valid or request.headers[TOKEN] != self.valid:
            return 401, ""
        path = request.path.removeprefix("/latest/meta-data/")
        return (200, self.values[path]) if path in self.values else (404, "")


@dataclass
class AutoScalingService:
    """The hooks in `waiting` hold the instance. `told` is what was asked for, in order."""

    waiting: set = field(default_factory=set)
    told: list = field(default_factory=list)
    refusal: str = ""
    url: str = ""

    def answer(self, request):
        body = request.rfile.read(int(request.headers["Content-Length"])).decode()
        form = {name: values[0] for name, values in parse_qs(body).items()}
        action = form.pop("Action")
        if action == "SetInstanceHealth":
            self.told.append((action, form["InstanceId"], form["HealthStatus"]))
            return 200, XML.format(action)
        hook = form["LifecycleHookName"]
        self.told.append((action, hook, form.get("LifecycleActionResult")))
        assert form["AutoScalingGroupName"] == "slipway-dev"
        if self.refusal:
            return 403, ERROR.format(self.refusal, "not now")
        if hook not in self.waiting:
            instance = form["InstanceId"]
            what = f"No active Lifecycle Action found with instance ID {instance}"
            return 400, ERROR.format("ValidationError", what)
        if action == "CompleteLifecycleAction":
            self.waiting.discard(hook)
        return 200, XML.format(action)


@contextmanager
def serving(service):
    """The service on a free port of this machine; `service.url` says where."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            status, body = service.answer(self)
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body.encode())

        def do_GET(self):
            self.do_POST()

        def do_PUT(self):
            self.do_POST()

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    service.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield service
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def moto_server(port=0):
    """moto on a port of this machine; yields its URL.

    What is made in it belongs to the process: it is there for a second server beside this one, and
    forgotten when this one ends.
    """
    server = ThreadedMotoServer("127.0.0.1", port=port, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"
    try:
        yield url
    finally:
        forget_all(url)
        server.stop()


def forget_all(moto_url):
    httpx.post(f"{moto_url}/moto-api/reset").raise_for_status()


def as_of_aws(patch, region=REGION):
    """boto3 as on a server, apart from this machine's own files and variables."""
    for name in list(os.environ):
        if name.startswith("AWS_"):
            patch.delenv(name)
    patch.setenv("AWS_ACCESS_KEY_ID", "test")
    patch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    patch.setenv("AWS_REGION", region)
    patch.setenv("AWS_CONFIG_FILE", os.devnull)
    patch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
    patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
