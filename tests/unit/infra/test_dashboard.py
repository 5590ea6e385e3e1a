"""The dashboard, parsed back as CloudWatch would read it."""

import json
import re
from dataclasses import replace
from itertools import combinations
from typing import Any

import pulumi
import pytest

from infra import metrics
from infra.dashboard import Dashboard, DashboardArgs
from infra.logs import LogNames
from infra.names import Names
from infra.place import Place
from infra.settings import ObservabilitySettings
from infra.traffic import TargetGroup, Traffic
from slipway.stack.graph import Graph
from slipway.stack.program import record

SETTINGS = ObservabilitySettings(
    log_days=30,
    alarm_emails=(),
    p99_milliseconds=750,
    queue_milliseconds=120,
    error_percent=3,
    gpu_memory_percent=88,
    budget_usd=900,
)
ARGS = DashboardArgs(
    settings=SETTINGS,
    names=Names("prod", "", ""),
    place=Place("eu-central-1", "123456789012", "aws", ("eu-central-1a",)),
    gpu=True,
    group_name="slipway-prod",
    alarm_names=("slipway-prod-errors", "slipway-prod-latency"),
    logs=LogNames("/slipway/prod/servers", "/slipway/prod/system"),
    traffic=None,
)
KINDS = ("application", "network", "none")


def traffic(kind: str) -> Traffic:
    def text(value: str) -> pulumi.Output[str]:
        return pulumi.Output.from_input(value)

    labels = ("http", "grpc") if kind == "application" else ("grpc",)
    return Traffic(
        kind=kind,
        suffix=text(f"{kind}/balancer/1"),
        dns_name=text("x"),
        zone_id=text("x"),
        security_group_id=text("x"),
        target_groups=tuple(
            TargetGroup(label, 8000, text("x"), text(f"targetgroup/{label}/2")) for label in labels
        ),
        ready=(),
    )


def dashboard(kind: str = "none", **changes) -> Graph:
    def program() -> None:
        args = replace(ARGS, traffic=None if kind == "none" else traffic(kind), **changes)
        pulumi.export("url", Dashboard("prod-dashboard", args).url)

    return record(program, stack="prod")


def board(kind: str = "none", **changes) -> list[dict[str, Any]]:
    graph = dashboard(kind, **changes)
    (found,) = graph.of("aws:cloudwatch/dashboard:Dashboard")
    return json.loads(found.properties["dashboardBody"])["widgets"]


def titles(shown: list[dict[str, Any]]) -> set[str]:
    return {w["properties"].get("title", "") for w in shown} | {
        w["properties"]["markdown"].removeprefix("## ")
        for w in shown
        if w["type"] == "text" and w["properties"]["markdown"].startswith("## ")
    }


def lines(shown: list[dict[str, Any]]) -> list[tuple[list[str], dict[str, Any]]]:
    return [
        (line[:-1], line[-1])
        for widget in shown
        if widget["type"] == "metric"
        for line in widget["properties"]["metrics"]
    ]


@pytest.fixture(scope="module", params=KINDS)
def either(request) -> list[dict[str, Any]]:
    return board(request.param)


def test_every_line_shows_a_metric_that_is_published_with_all_its_dimensions(either):
    published = metrics.catalogue(gpu=True)
    shown = [named for named, _ in lines(either) if named]
    assert len(shown) > 20
    for namespace, name, *dimensions in shown:
        assert (namespace, name, frozenset(dimensions[::2])) in published
        assert all(isinstance(value, str) and value for value in dimensions[1::2])


@pytest.mark.parametrize("kind", KINDS)
def test_without_gpus_nothing_shows_one(kind):
    shown = board(kind, gpu=False)
    published = metrics.catalogue(gpu=False)
    for named, _ in lines(shown):
        if named:
            assert (named[0], named[1], frozenset(named[2::2])) in published
    assert "GPUs" in titles(board(kind))
    assert "GPUs" not in titles(shown)


def test_every_expression_uses_lines_of_its_own_graph(either):
    calculated = 0
    for widget in either:
        if widget["type"] != "metric":
            continue
        written = [line[-1] for line in widget["properties"]["metrics"]]
        known = {line["id"] for line in written if "id" in line}
        for line in written:
            expression = line.get("expression", "")
            if expression and not expression.startswith("SEARCH("):
                calculated += 1
                assert set(re.findall(r"[a-z]\w*", expression)) <= known
        assert all("id" in line for line in written if not line["visible"])
    assert calculated >= 4


def test_widgets_do_not_overlap(either):
    for one, other in combinations(either, 2):
        beside = one["x"] + one["width"] <= other["x"] or other["x"] + other["width"] <= one["x"]
        apart = one["y"] + one["height"] <= other["y"] or other["y"] + other["height"] <= one["y"]
        assert beside or apart


def test_the_dashboard_is_within_cloudwatchs_limits(either):
    assert len(either) <= 500
    assert all(len(w["properties"].get("metrics", ())) <= 500 for w in either)
    assert {w["type"] for w in either} == {"metric", "text", "log", "alarm"}


def test_the_rows_are_those_a_person_on_call_looks_for(either):
    rows = {"Queue", "GPUs", "Fleet", "Models", "Cost", "Logs"}
    assert rows <= titles(either)


def test_requests_errors_and_percentiles_come_from_the_application_load_balancer():
    shown = board("application")
    stats = {how["stat"] for named, how in lines(shown) if named[1:2] == ["TargetResponseTime"]}
    assert stats == {"p50", "p90", "p99"}
    requests = [named for named, _ in lines(shown) if named[1:2] == ["RequestCount"]]
    assert [named[3] for named in requests] == ["targetgroup/http/2", "targetgroup/grpc/2"]
    (response,) = (w for w in shown if w["properties"].get("title") == "Response time")
    assert response["properties"]["annotations"]["horizontal"][0]["value"] == 0.75


def test_a_network_load_balancer_shows_connections_instead():
    namespaces = {named[0] for named, _ in lines(board("network")) if named}
    assert "AWS/NetworkELB" in namespaces
    assert "AWS/ApplicationELB" not in namespaces


def test_without_a_load_balancer_nothing_of_one_is_shown():
    namespaces = {named[0] for named, _ in lines(board("none")) if named}
    assert not {name for name in namespaces if name.endswith("ELB")}


def test_each_model_gets_its_line_without_being_known_here(either):
    searches = [how["expression"] for _, how in lines(either) if "SEARCH" in str(how)]
    assert len(searches) == 2
    assert all('Environment="prod"' in search and ",model}" in search for search in searches)


def test_microseconds_become_milliseconds_and_servers_hours(either):
    said = {how.get("label"): how.get("expression") for _, how in lines(either)}
    assert said["whole request"] == "whole / done / 1000"
    assert said["of it queued"] == "queued / done / 1000"
    assert said["hours"] == "24 * servers"


def test_every_alarm_shows_its_state(either):
    (states,) = (w for w in either if w["type"] == "alarm")
    assert states["properties"]["alarms"] == [
        "arn:aws:cloudwatch:eu-central-1:123456789012:alarm:slipway-prod-errors",
        "arn:aws:cloudwatch:eu-central-1:123456789012:alarm:slipway-prod-latency",
    ]


def test_the_logs_of_servers_are_searched_for_errors(either):
    (log,) = (w for w in either if w["type"] == "log")
    query = log["properties"]["query"]
    assert query.startswith("SOURCE '/slipway/prod/servers' | SOURCE '/slipway/prod/system' | ")
    assert "error" in query


@pytest.mark.parametrize(("budget", "said"), [(900, "900 USD a month"), (0, "No budget is set")])
def test_the_cost_row_says_what_the_budget_is_and_where_charges_are(budget, said):
    shown = board(settings=replace(SETTINGS, budget_usd=budget))
    (words,) = (
        w["properties"]["markdown"]
        for w in shown
        if "Cost Explorer" in w["properties"].get("markdown", "")
    )
    assert said in words
    assert "`Stack` = `slipway-prod`" in words
    assert "docs/operations.md" in words


@pytest.mark.parametrize(
    ("place", "host"),
    [
        (ARGS.place, "eu-central-1.console.aws.amazon.com"),
        (Place("cn-north-1", "1", "aws-cn", ()), "cn-north-1.console.amazonaws.cn"),
        (
            Place("us-gov-west-1", "1", "aws-us-gov", ()),
            "us-gov-west-1.console.amazonaws-us-gov.com",
        ),
    ],
)
def test_the_url_opens_the_dashboard_in_the_regions_console(place, host):
    graph = dashboard(place=place)
    assert graph.outputs["url"] == (
        f"https://{host}/cloudwatch/home?region={place.region}#dashboards/dashboard/slipway-prod"
    )
