"""What is shipped of Triton's metrics is what Triton publishes, name by name and label by label."""

import re

import httpx
import pytest

from infra import metrics
from infra.boot.agent import prometheus
from tests.integration.triton_models import add_model, client_of, infer, request
from tests.invariants.published import LABELS
from tests.running import ROOT

ON_A_GPU = ROOT / "tests/data/triton-gpu-metrics.txt"
"""What Triton 2.51 said on a server with one NVIDIA H200."""


def labels_by_name(text):
    found = re.findall(r"^(\w+)\{([^}]*)\} ", text, flags=re.MULTILINE)
    return {name: set(re.findall(r"(\w+)=", labels)) for name, labels in found}


def expected_of(name):
    (labels,) = [labels for prefix, labels in LABELS.items() if name.startswith(prefix)]
    return labels


def is_kept(labels, job):
    """What Prometheus does with a series."""
    for rule in job["metric_relabel_configs"]:
        value = ";".join(labels.get(name, "") for name in rule["source_labels"])
        if bool(re.fullmatch(rule["regex"], value)) is (rule["action"] == "drop"):
            return False
    return True


@pytest.fixture
def published(make_server):
    server = make_server()
    add_model(server.options.repository, "tiny")
    with server, client_of(server) as client:
        client.load_model("tiny")
        infer(client, "tiny", request(value=3))
        url = f"http://127.0.0.1:{server.options.ports.metrics}/metrics"
        yield httpx.get(url, trust_env=False).text


def test_a_server_says_of_its_models_what_alarms_and_scaling_read(published):
    said = labels_by_name(published)
    for metric in metrics.TRITON:
        assert expected_of(metric.name) <= said[metric.name], metric.name


def test_failures_are_told_apart_by_the_reason_of_which_one_is_no_failure(published):
    name = metrics.TRITON_FAILURES.name
    reasons = set(re.findall(rf'^{name}\{{[^}}]*reason="(\w+)"', published, flags=re.MULTILINE))
    assert reasons == {"BACKEND", "CANCELED", "OTHER", "REJECTED"}
    (job,) = prometheus("dev", gpu=False)["scrape_configs"]
    shipped = {r for r in reasons if is_kept({"__name__": name, "reason": r}, job)}
    assert shipped == {"BACKEND", "OTHER", "REJECTED"}
    assert all(is_kept({"__name__": metric.name}, job) for metric in metrics.TRITON)


def test_a_server_with_a_gpu_says_of_it_what_the_dashboard_shows():
    said = labels_by_name(ON_A_GPU.read_text())
    for metric in metrics.TRITON_GPU:
        assert expected_of(metric.name) == said[metric.name], metric.name
