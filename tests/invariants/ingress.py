"""What a load balancer lets through."""

import fnmatch

from tests.invariants.reading import invariant


@invariant
def listeners_speak_modern_tls(graph):
    for listener in graph.of("aws:lb/listener:Listener"):
        if listener.properties["port"] == 80:
            (action,) = listener.properties["defaultActions"]
            assert action["type"] == "redirect"
            assert action["redirect"]["protocol"] == "HTTPS"
        else:
            assert listener.properties["port"] == 443
            assert listener.properties["protocol"] in {"HTTPS", "TLS"}
            assert listener.properties["sslPolicy"].startswith("ELBSecurityPolicy-TLS13")


def forwards(graph, path):
    """Whether an application load balancer lets a request for this path through to a server."""
    rules = sorted(graph.of("ListenerRule"), key=lambda rule: rule.properties["priority"])
    for rule in rules:
        patterns = [
            pattern
            for condition in rule.properties["conditions"]
            for pattern in condition.get("pathPattern", {}).get("values", [])
        ]
        if any(fnmatch.fnmatchcase(path, pattern) for pattern in patterns):
            return any(action["type"] == "forward" for action in rule.properties["actions"])
    return False


@invariant
def management_is_not_routed(graph):
    """A network load balancer sees no paths: behind it the server itself refuses management."""
    balancers = graph.of("LoadBalancer")
    if not any(b.properties["loadBalancerType"] == "application" for b in balancers):
        return
    for listener in graph.of("aws:lb/listener:Listener"):
        types = {action["type"] for action in listener.properties["defaultActions"]}
        assert "forward" not in types
    for path in MANAGEMENT:
        assert not forwards(graph, path), path
    for path in SERVED:
        assert forwards(graph, path), path


MANAGEMENT = (
    "/v2/repository/index",
    "/v2/repository/models/m/load",
    "/v2/repository/models/m/unload",
    "/v2/models/m/config",
    "/v2/models/m/versions/1/config",
    "/v2/models/m/stats",
    "/v2/models/stats",
    "/v2/models/m/versions/1/stats",
    "/v2/trace/setting",
    "/v2/models/m/trace/setting",
    "/v2/logging",
    "/v2/systemsharedmemory/status",
    "/v2/systemsharedmemory/region/r/register",
    "/v2/cudasharedmemory/unregister",
    "/metrics",
    "/inference.GRPCInferenceService/RepositoryIndex",
    "/inference.GRPCInferenceService/RepositoryModelLoad",
    "/inference.GRPCInferenceService/RepositoryModelUnload",
    "/inference.GRPCInferenceService/ModelConfig",
    "/inference.GRPCInferenceService/ModelStatistics",
    "/inference.GRPCInferenceService/TraceSetting",
    "/inference.GRPCInferenceService/LogSettings",
    "/inference.GRPCInferenceService/SystemSharedMemoryRegister",
    "/inference.GRPCInferenceService/CudaSharedMemoryRegister",
)
SERVED = (
    "/v2/health/ready",
    "/v2/models/m/infer",
    "/v2/models/m/versions/1/infer",
    "/v2/models/m/generate_stream",
    "/inference.GRPCInferenceService/ModelInfer",
    "/inference.GRPCInferenceService/ModelStreamInfer",
)
