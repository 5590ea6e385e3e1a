"""Widgets as CloudWatch reads them, and the grid they lie on."""

from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from infra import metrics
from infra.widgets import COLUMNS, Limit, Line, Row, Widget, found, graph, laid_out, log_table, text

rows_of_widgets = st.lists(
    st.builds(
        Row,
        st.just("a row"),
        st.lists(
            st.builds(Widget, st.just("text"), st.just({"markdown": "x"}), st.integers(1, 12)),
            min_size=1,
            max_size=7,
        ).map(tuple),
    ),
    min_size=1,
    max_size=8,
)


def overlap(one: dict, other: dict) -> bool:
    return all(
        one[start] < other[start] + other[size] and other[start] < one[start] + one[size]
        for start, size in (("x", "width"), ("y", "height"))
    )


@given(rows_of_widgets)
def test_no_two_widgets_overlap_and_all_lie_on_the_grid(rows):
    placed = laid_out(rows, "eu-central-1")
    for one, other in combinations(placed, 2):
        assert not overlap(one, other)
    assert all(w["x"] >= 0 and w["x"] + w["width"] <= COLUMNS and w["width"] > 0 for w in placed)


@given(rows_of_widgets)
def test_a_row_fills_the_whole_width_under_its_heading(rows):
    placed = iter(laid_out(rows, "eu-central-1"))
    for row in rows:
        heading = next(placed)
        assert heading["properties"]["markdown"] == "## a row"
        assert (heading["width"], heading["height"]) == (COLUMNS, 1)
        beside = [next(placed) for _ in row.widgets]
        assert sum(w["width"] for w in beside) == COLUMNS
        assert {w["y"] for w in beside} == {heading["y"] + 1}


def test_only_what_asks_cloudwatch_names_a_region():
    asking = graph("g", Line("x", metrics.PENDING.of("dev")), unit="requests")
    row = Row("r", (asking, log_table("l", ["/a"], "fields @message"), text("hello")))
    _, one, two, three = laid_out([row], "eu-west-1")
    assert one["properties"]["region"] == two["properties"]["region"] == "eu-west-1"
    assert three["properties"] == {"markdown": "hello"}


def test_a_metric_is_written_with_its_dimensions_and_statistic():
    metric = metrics.UNHEALTHY.of("targetgroup/a/1", "app/b/2")
    assert Line("bad", metric).written() == [
        "AWS/ApplicationELB",
        "UnHealthyHostCount",
        "TargetGroup",
        "targetgroup/a/1",
        "LoadBalancer",
        "app/b/2",
        {"label": "bad", "visible": True, "stat": "Maximum"},
    ]
    assert Line("bad", metric, stat="Average").written()[-1]["stat"] == "Average"


def test_an_expression_stands_alone_and_its_readings_are_hidden():
    assert Line("rate", expression="a / b").written() == [
        {"label": "rate", "visible": True, "expression": "a / b"}
    ]
    hidden = Line("a", metrics.PENDING.of("dev"), id="a", hidden=True).written()[-1]
    assert hidden == {"label": "a", "visible": False, "id": "a", "stat": "Average"}


def test_a_search_names_the_whole_schema_and_the_environment():
    line = found(metrics.by_model(metrics.TRITON_REQUESTS), "prod")
    assert line.expression == (
        "SEARCH('{Slipway/Triton,Environment,model} "
        'MetricName="nv_inference_request_success" Environment="prod"\', \'Sum\', 60)'
    )


def test_a_limit_is_a_line_across_the_graph():
    widget = graph("g", Line("x", metrics.PENDING.of("dev")), unit="x", limit=Limit(5, "here"))
    assert widget.properties["annotations"] == {"horizontal": [{"value": 5, "label": "here"}]}
    without = graph("g", Line("x", metrics.PENDING.of("dev")), unit="x")
    assert "annotations" not in without.properties


def test_a_log_table_reads_every_group():
    query = log_table("l", ["/a/servers", "/a/system"], "fields @message").properties["query"]
    assert query == "SOURCE '/a/servers' | SOURCE '/a/system' | fields @message"
