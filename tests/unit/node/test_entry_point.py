"""`python -m slipway.node`, the serving container's entry point, in a process of its own."""

import json
import re
from importlib.metadata import distribution, packages_distributions

import pytest
from packaging.requirements import Requirement

from slipway import contract
from tests.running import python

IMPORTED = """
import json, sys
from slipway.node import __main__
from slipway.node.fleet import service
from slipway.registry import s3
# What is None was kept from being imported.
found = {name.partition(".")[0] for name, module in sys.modules.items() if module}
print(json.dumps(sorted(found)))
"""
BLOCKED = """
import runpy, sys
for name in ("torch", "onnx", "onnxruntime", "pulumi", "pulumi_aws", "matplotlib", "jinja2", "rich",
             "typer", "httpx", "sklearn", "moto"):
    sys.modules[name] = None
sys.argv = ["slipway.node"]
runpy.run_module("slipway.node", run_name="__main__")
"""


def canonical(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def installed_with(name, extras):
    """What `pip install name[extras]` brings, by name."""
    brought, waiting = set(), [(name, frozenset(extras))]
    while waiting:
        name, extras = waiting.pop()
        if (name, extras) in brought:
            continue
        brought.add((name, extras))
        for line in distribution(name).requires or ():
            wanted = Requirement(line)
            marker = wanted.marker
            if marker is None or any(marker.evaluate({"extra": e}) for e in ("", *extras)):
                waiting.append((canonical(wanted.name), frozenset(wanted.extras)))
    return {name for name, _ in brought}


def test_all_that_it_imports_comes_with_the_node_extra():
    imported = json.loads(python("-c", IMPORTED).stdout)
    providers = packages_distributions()
    needed = {
        module: {canonical(name) for name in providers[module]}
        for module in imported
        if module in providers
    }
    assert {"boto3", "tritonclient", "numpy"} <= needed.keys()
    brought = installed_with("slipway", {"node"})
    missing = {module for module, names in needed.items() if not names & brought}
    assert {module for module in missing if not module.startswith("__editable__")} <= OPTIONAL


OPTIONAL = {"certifi", "_distutils_hack"}
"""botocore has certificates of its own where certifi is not; setuptools hooks into every start."""


def test_it_runs_where_nothing_else_is_installed():
    done = python("-c", BLOCKED, **{contract.ENV_STORE: ""})
    assert done.returncode == 2, done.stderr
    assert done.stderr == f"error: {contract.ENV_STORE} is not set: a node cannot do without it\n"


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({contract.ENV_ENVIRONMENT: ""}, contract.ENV_ENVIRONMENT),
        ({contract.ENV_ENVIRONMENT: "production"}, "one of local, dev, staging, prod"),
        ({contract.ENV_LAUNCH_HOOK: "launch"}, contract.ENV_GROUP),
        ({contract.ENV_METRICS: "statsd"}, contract.ENV_METRICS),
        ({contract.ENV_EXIT_TIMEOUT: "soon"}, contract.ENV_EXIT_TIMEOUT),
        ({contract.ENV_EXIT_TIMEOUT: "0"}, contract.ENV_EXIT_TIMEOUT),
        ({contract.ENV_DRAIN: "-1"}, contract.ENV_DRAIN),
        ({contract.ENV_DRAIN: "nan"}, contract.ENV_DRAIN),
        ({contract.ENV_DRAIN: "inf"}, contract.ENV_DRAIN),
        ({contract.ENV_EXIT_TIMEOUT: "nan"}, contract.ENV_EXIT_TIMEOUT),
        ({contract.ENV_EXIT_TIMEOUT: "inf"}, contract.ENV_EXIT_TIMEOUT),
        ({contract.ENV_GROUP: "slipway-dev"}, "metadata does not answer"),
        ({contract.ENV_STORE: "gs://bucket"}, "is not a store"),
        ({contract.ENV_SERVER: "/nowhere"}, "no environment for the Triton server"),
        ({contract.ENV_SERVER: ""}, "Triton is not installed here"),
    ],
)
def test_what_cannot_be_run_is_said_in_one_line(tmp_path, changed, said):
    settings = {
        contract.ENV_STORE: str(tmp_path / "registry"),
        contract.ENV_ENVIRONMENT: "dev",
        contract.ENV_FOLDER: str(tmp_path / "node"),
        "AWS_EC2_METADATA_SERVICE_ENDPOINT": "http://127.0.0.1:9",
    }
    done = python("-m", "slipway.node", **(settings | changed))
    assert done.returncode == 2, done.stderr
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith("error: ")
    assert said in line
