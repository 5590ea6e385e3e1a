"""Which CloudWatch metrics there are, read from what AWS and its agents would be given: the agent's
configuration in user data, the auto scaling group, the load balancer, what the node is told.

A metric is asked for by namespace, name and dimensions; the value `ANY` stands for every one.
"""

import functools
import re

import yaml

from slipway import contract
from slipway.stack.graph import Reference
from tests.invariants.reading import containers, files, group_of, has_gpu

ANY = "*"
AGENT = "/etc/slipway/agent.json"
NODE = {value for name, value in vars(contract).items() if name.startswith("METRIC_")}
PREFIXES = {"cpu": "cpu", "mem": "mem", "disk": "disk", "nvidia_gpu": "nvidia_smi"}
"""What the agent writes before a measurement of each plugin (its documentation)."""
GPU_PREFIXES = ("nvidia_smi_", "nv_gpu_")
"""Metrics that only a server with a GPU has."""
LABELS = {"nv_inference_": {"model", "version"}, "nv_gpu_": {"gpu_uuid"}}
"""What Triton itself says with its metrics (its documentation)."""
BALANCERS = {
    "application": (
        "AWS/ApplicationELB",
        {
            "ActiveConnectionCount", "HTTPCode_ELB_4XX_Count", "HTTPCode_ELB_5XX_Count",
            "HTTPCode_Target_2XX_Count", "HTTPCode_Target_4XX_Count", "HTTPCode_Target_5XX_Count",
            "NewConnectionCount", "ProcessedBytes", "RejectedConnectionCount", "RequestCount",
            "TargetConnectionErrorCount", "TargetResponseTime",
        },
        {
            "HealthyHostCount", "UnHealthyHostCount", "HTTPCode_Target_2XX_Count",
            "HTTPCode_Target_4XX_Count", "HTTPCode_Target_5XX_Count", "RequestCount",
            "TargetConnectionErrorCount", "TargetResponseTime",
        },
    ),
    "network": (
        "AWS/NetworkELB",
        {
            "ActiveFlowCount", "ClientTLSNegotiationErrorCount", "NewFlowCount", "ProcessedBytes",
            "TCP_Client_Reset_Count", "TCP_ELB_Reset_Count", "TCP_Target_Reset_Count",
        },
        {"HealthyHostCount", "UnHealthyHostCount"},
    ),
}  # fmt: skip
"""By type of load balancer: namespace, metrics of it, and of each of its target groups (AWS's user
guides)."""

OF_ACTION = {"block": "BlockedRequests", "count": "CountedRequests", "allow": "AllowedRequests"}
"""What AWS WAF counts of a rule, by its action (AWS's developer guide)."""
INSIGHTS = {"DesiredTaskCount", "PendingTaskCount", "RunningTaskCount"}
"""What Container Insights counts of a service (AWS's user guide)."""

parsed = functools.cache(yaml.safe_load)  # of which JSON is a part


def exists(graph, namespace, name, dimensions):
    """Whether somebody publishes this metric of these very things."""
    if name.startswith(GPU_PREFIXES) and not has_gpu(graph):
        return False
    sources = (_of_node, _of_host, _of_triton, _of_group, _of_balancer, _of_firewall, _of_service)
    return any(source(graph, namespace, name, dimensions) for source in sources)


def _same(asked, had):
    return asked.keys() == had.keys() and all(
        ANY in (value, had[name]) or value == had[name] for name, value in asked.items()
    )


def _of_node(graph, namespace, name, dimensions):
    told = {
        each["name"]: each["value"]
        for container in containers(graph)
        for each in container["environment"]
    }
    if not told:
        lines = files(graph)["/etc/slipway/node.env"].splitlines()
        told = dict(line.split("=", 1) for line in lines)
    if told.get(contract.ENV_METRICS) != contract.METRICS_CLOUDWATCH:
        return False
    had = {contract.METRICS_DIMENSION: told[contract.ENV_ENVIRONMENT]}
    return namespace == contract.METRICS_NAMESPACE and name in NODE and _same(dimensions, had)


def _of_host(graph, namespace, name, dimensions):
    shipped = parsed(files(graph)[AGENT])["metrics"]
    if namespace != shipped["namespace"]:
        return False
    for plugin, options in shipped["metrics_collected"].items():
        names = {f"{PREFIXES[plugin]}_{measured}" for measured in options["measurement"]}
        own = options["append_dimensions"]
        for aggregated in shipped["aggregation_dimensions"]:
            had = {each: own[each] for each in aggregated if each in own}
            if name in names and len(had) == len(aggregated) and _same(dimensions, had):
                return True
    return False


def _of_triton(graph, namespace, name, dimensions):
    shipped = parsed(files(graph)[AGENT])["logs"]["metrics_collected"]["prometheus"]
    (scrape,) = parsed(files(graph)[shipped["prometheus_config_path"]])["scrape_configs"]
    (target,) = scrape["static_configs"]
    kept, dropped = scrape["metric_relabel_configs"]
    assert dropped["action"] == "drop"
    assert dropped["source_labels"][1:], "only some of a metric's series"
    assert target["targets"] == [f"127.0.0.1:{contract.METRICS_PORT}"]
    assert (kept["source_labels"], kept["action"]) == (["__name__"], "keep")
    labels = [own for prefix, own in LABELS.items() if name.startswith(prefix)]
    if not labels or not re.fullmatch(kept["regex"], name):
        return False
    emf = shipped["emf_processor"]
    had = {**dict.fromkeys(labels[0], ANY), **target["labels"]}
    return namespace == emf["metric_namespace"] and any(
        _same(dimensions, {label: had[label] for label in wanted})
        for declaration in emf["metric_declaration"]
        if declaration["source_labels"] == ["job"]
        and re.search(declaration["label_matcher"], scrape["job_name"])
        and any(re.search(selector, name) for selector in declaration["metric_selectors"])
        for wanted in declaration["dimensions"]
        if had.keys() >= set(wanted)
    )


def _of_group(graph, namespace, name, dimensions):
    group = group_of(graph).properties
    enabled = name in group["enabledMetrics"] and group["metricsGranularity"] == "1Minute"
    had = {"AutoScalingGroupName": group["name"]}
    return namespace == "AWS/AutoScaling" and enabled and _same(dimensions, had)


def _of_balancer(graph, namespace, name, dimensions):
    suffixes = {
        reference.urn: token
        for token, reference in graph.references.items()
        if reference == Reference(reference.urn, "arnSuffix")
    }
    for balancer in graph.of("LoadBalancer"):
        known, whole, of_targets = BALANCERS[balancer.properties["loadBalancerType"]]
        had = {"LoadBalancer": suffixes[balancer.urn]}
        behind = [{**had, "TargetGroup": suffixes[g.urn]} for g in graph.of("TargetGroup")]
        if namespace == known and (
            (name in whole and _same(dimensions, had))
            or (name in of_targets and any(_same(dimensions, each) for each in behind))
        ):
            return True
    return False


def _of_firewall(graph, namespace, name, dimensions):
    """Of a rule of one's own, called by metric names; the region is the load balancer's."""
    for acl in graph.of("WebAcl"):
        for rule in acl.properties["rules"]:
            names = acl.properties["visibilityConfig"], rule["visibilityConfig"]
            assert not {each["metricName"] for each in names} & {"All", "ALL", "Default_Action"}
            counted = {OF_ACTION[action] for action in rule.get("action", {})}
            had = {
                "WebACL": names[0]["metricName"],
                "Rule": names[1]["metricName"],
                "Region": _region(graph),
            }
            published = all(each["cloudwatchMetricsEnabled"] for each in names)
            if (
                namespace == "AWS/WAFV2"
                and published
                and name in counted
                and _same(dimensions, had)
            ):
                return True
    return False


def _of_service(graph, namespace, name, dimensions):
    (cluster,) = graph.of("aws:ecs/cluster:Cluster") or (None,)
    (service,) = graph.of("aws:ecs/service:Service") or (None,)
    if not (cluster and service):
        return False
    insights = {each["name"]: each["value"] for each in cluster.properties["settings"]}
    had = {
        "ClusterName": cluster.properties["name"],
        "ServiceName": service.properties["name"],
    }
    return (
        insights["containerInsights"] in {"enabled", "enhanced"}
        and namespace == "ECS/ContainerInsights"
        and name in INSIGHTS
        and _same(dimensions, had)
    )


def _region(graph):
    (provider,) = graph.of("pulumi:providers:aws")
    return provider.properties["region"]
