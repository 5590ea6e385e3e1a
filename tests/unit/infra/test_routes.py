"""Triton's API, path by path and method by method: what is let through, what is not."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tritonclient.grpc import service_pb2

from infra.routes import GRPC_SERVICE, ROUTES, Route
from slipway import contract

# Triton's own expressions (its HTTP server), with the API that each belongs to.
MANAGEMENT = {
    "model-repository": r"/v2/repository(?:/([^/]+))?/(index|models/([^/]+)/(load|unload))",
    "model-config": r"/v2/models/[^/]+(?:/versions/[0-9]+)?/config",
    "logging": r"/v2/logging",
    "trace": r"/v2/trace/setting|/v2/models/[^/]+(?:/versions/[0-9]+)?/trace/setting",
    "shared-memory": r"/v2/(system|cuda)sharedmemory(?:/region/([^/]+))?"
    r"/(status|register|unregister)",
    "statistics": r"/v2/models/stats|/v2/models/[^/]+(?:/versions/[0-9]+)?/stats",
}
GRPC_MANAGEMENT = {
    "model-repository": ("RepositoryIndex", "RepositoryModelLoad", "RepositoryModelUnload"),
    "model-config": ("ModelConfig",),
    "logging": ("LogSettings",),
    "trace": ("TraceSetting",),
    "shared-memory": (
        "SystemSharedMemoryStatus",
        "SystemSharedMemoryRegister",
        "SystemSharedMemoryUnregister",
        "CudaSharedMemoryStatus",
        "CudaSharedMemoryRegister",
        "CudaSharedMemoryUnregister",
    ),
    "statistics": ("ModelStatistics",),
}
GRPC_OPEN = {
    "ServerLive",
    "ServerReady",
    "ServerMetadata",
    "ModelReady",
    "ModelMetadata",
    "ModelInfer",
    "ModelStreamInfer",
}
METHODS = ("GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH")

_service = service_pb2.DESCRIPTOR.services_by_name[GRPC_SERVICE.rpartition(".")[2]]
EVERY_METHOD = [method.name for method in _service.methods]


def destination(method, path, routes=ROUTES):
    """The label of the target group that a request goes to; empty if it is refused.

    `path` is as sent, without the query. This is what the load balancer does with its rules.
    """
    for route in sorted(routes, key=lambda r: r.priority):
        if method in route.methods and any(fits(pattern, path) for pattern in route.paths):
            return route.to
    return ""


def routed(method, path):
    return destination(method, path) != ""


def fits(pattern, path):
    """A path pattern of the load balancer, as a regular expression."""
    wild = {"*": ".*", "?": "."}
    expression = "".join(wild.get(c, re.escape(c)) for c in pattern)
    return re.fullmatch(expression, path, re.DOTALL) is not None


def is_management(path: str) -> bool:
    return any(re.fullmatch(expression, path) for expression in MANAGEMENT.values())


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v2"),
        ("GET", "/v2/health/live"),
        ("GET", "/v2/health/ready"),
        ("GET", "/v2/models/resnet"),
        ("GET", "/v2/models/stats-of-sales"),
        ("GET", "/v2/models/resnet/versions/1"),
        ("GET", "/v2/models/resnet/ready"),
        ("GET", "/v2/models/resnet/versions/1/ready"),
        ("POST", "/v2/models/resnet/infer"),
        ("POST", "/v2/models/resnet/versions/1/infer"),
        ("POST", "/v2/models/stats/infer"),
        ("POST", "/v2/models/llm/generate"),
        ("POST", "/v2/models/llm/versions/1/generate_stream"),
    ],
)
def test_what_a_client_of_a_model_needs_reaches_the_http_servers(method, path):
    assert destination(method, path) == "http"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v2/repository/index"),
        ("POST", "/v2/repository/models/resnet/load"),
        ("POST", "/v2/repository/x/models/resnet/unload"),
        ("GET", "/v2/models/resnet/config"),
        ("GET", "/v2/models/resnet/versions/1/config"),
        ("GET", "/v2/models/stats"),
        ("GET", "/v2/models/resnet/stats"),
        ("GET", "/v2/models/resnet/versions/1/stats"),
        ("GET", "/v2/models/resnet/trace/setting"),
        ("POST", "/v2/models/resnet/trace/setting"),
        ("GET", "/v2/trace/setting"),
        ("POST", "/v2/trace/setting"),
        ("GET", "/v2/logging"),
        ("POST", "/v2/logging"),
        ("GET", "/v2/systemsharedmemory/status"),
        ("POST", "/v2/systemsharedmemory/region/r/register"),
        ("POST", "/v2/cudasharedmemory/region/r/unregister"),
    ],
)
def test_management_paths_are_refused_whatever_the_method(method, path):
    assert is_management(path), "the example is not one"
    assert not any(routed(m, path) for m in METHODS)


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/metrics",
        "/v2/",
        "/v2/models",
        "/v2/models/",
        "/v2/models/resnet/unknown",
        "/v2/models/resnet/versions/2",
        "/v2/health/other",
        "/v1/models/resnet:predict",
        "//v2/models/resnet",
        "/V2/models/resnet",
        "/v2/models/resnet/",
        "/inference.GRPCInferenceService/",
        "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
    ],
)
def test_what_nobody_named_is_refused(path):
    assert not any(routed(m, path) for m in METHODS)


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "HEAD"])
def test_inference_is_posted(method):
    assert destination(method, "/v2/models/resnet/infer") == ""


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_descriptions_are_only_read(method):
    for path in ("/v2", "/v2/health/ready", "/v2/models/resnet", "/v2/models/resnet/ready"):
        assert not routed(method, path)


def test_every_grpc_method_of_triton_is_either_open_or_management():
    management = {method for methods in GRPC_MANAGEMENT.values() for method in methods}
    assert set(EVERY_METHOD) == GRPC_OPEN | management
    assert not GRPC_OPEN & management


def test_the_management_apis_are_those_that_the_servers_restrict():
    assert set(MANAGEMENT) == set(GRPC_MANAGEMENT) == set(contract.MANAGEMENT_APIS)


@pytest.mark.parametrize("method", EVERY_METHOD)
def test_a_grpc_method_is_let_through_only_if_it_is_open(method):
    expected = "grpc" if method in GRPC_OPEN else ""
    assert destination("POST", f"/{GRPC_SERVICE}/{method}") == expected


@pytest.mark.parametrize("method", ["Check", "Watch"])
def test_grpc_health_is_let_through(method):
    assert destination("POST", f"/grpc.health.v1.Health/{method}") == "grpc"


PIECES = st.one_of(
    st.from_regex(
        r"v2|models|versions|1|2|infer|generate|ready|health|live|resnet|stats-of"
        r"|repository|index|load|unload|stats|config|trace|setting|logging"
        r"|(system|cuda)sharedmemory|region|status|register|\.\.?|%2F|[#;?*+]?",
        fullmatch=True,
    ),
    st.sampled_from([GRPC_SERVICE, *EVERY_METHOD]),
)


@given(st.sampled_from(METHODS), st.lists(PIECES, max_size=8), st.sampled_from("/#;."))
@example("GET", ["", "v2", "models", "stats"], "/")
def test_no_path_that_triton_reads_as_management_is_routed(method, pieces, glue):
    path = "/".join(pieces)
    for sent in (path, f"/{path}", f"/v2/models/{path}", f"/v2/models/{path}{glue}infer"):
        if is_management(sent):
            assert not routed(method, sent)


@given(
    st.from_regex(re.compile("|".join(MANAGEMENT.values())), fullmatch=True),
    st.sampled_from(METHODS),
)
def test_no_management_path_at_all_is_routed(path, method):
    assert not routed(method, path)


@given(st.from_regex(r"[A-Za-z0-9_.-]+", fullmatch=True).filter(lambda name: name != "stats"))
def test_every_model_is_served_whatever_its_name(model):
    assert destination("POST", f"/v2/models/{model}/infer") == "http"
    assert destination("GET", f"/v2/models/{model}") == "http"


@pytest.mark.parametrize(
    ("methods", "paths", "said"),
    [
        ((), ("/a",), "1 to 3 methods"),
        (("GET",), (), "1 to 3 methods and paths"),
        (("GET",), ("/a", "/b", "/c", "/d"), "1 to 3 methods and paths"),
        (("GET", "POST", "PUT"), ("/a", "/b", "/c"), "more than 5 methods and paths"),
        (("GET",), ("/*/*/*", "/*/?/?"), "more than 5 wildcards"),
        (("GET",), ("/" + "a" * 128,), "no path that AWS takes"),
        (("GET",), ("/a b",), "no path that AWS takes"),
        (("GET",), ("v2",), "no path that AWS takes"),
    ],
)
def test_a_route_that_aws_would_refuse_is_refused_before(methods, paths, said):
    with pytest.raises(ValueError, match=f"mine: .*{said}"):
        Route(1, "mine", "http", methods, paths)


def test_a_route_may_use_up_what_aws_allows():
    paths = ("/*/*/*/?/?", "/" + "a" * 127, "/c")
    assert Route(1, "mine", "http", ("GET", "POST"), paths).paths == paths


def test_priorities_and_labels_are_unique():
    assert all(1 <= r.priority <= 50_000 for r in ROUTES)
    assert len({r.priority for r in ROUTES}) == len(ROUTES)
    assert len({r.label for r in ROUTES}) == len(ROUTES)


def test_wildcards_are_those_of_the_load_balancer():
    assert fits("/img/*", "/img/a/b.png"), "* matches slashes"
    assert fits("/img/*", "/img/"), "* matches nothing"
    assert fits("/v?", "/v2")
    assert not fits("/v?", "/v")
    assert not fits("/v?", "/v22")
    assert not fits("/a.b", "/axb"), "a dot is a dot"
    assert not fits("/img", "/IMG"), "case counts"
    assert not fits("/img", "/img/a"), "the whole path is compared"
