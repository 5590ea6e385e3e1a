"""The picture of a stack: well-formed, and showing what the stack has."""

import xml.etree.ElementTree as ElementTree

import pytest

from slipway.errors import StackError
from slipway.stack.facts import facts
from slipway.stack.load import load
from slipway.stack.picture import WIDTH, svg
from tests.stacks import ENVIRONMENTS, ROOT, SHAPES, evaluated

SPACE = "{http://www.w3.org/2000/svg}"


def said(drawn):
    return {element.text for element in ElementTree.fromstring(drawn).iter(f"{SPACE}text")}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_every_environment_and_shape_can_be_drawn_within_the_page(environment, shape):
    root = ElementTree.fromstring(svg(evaluated(environment, shape)))
    _, _, width, height = map(float, root.attrib["viewBox"].split())
    assert width == WIDTH
    for box in root.iter(f"{SPACE}rect"):
        x, y = float(box.get("x", "0")), float(box.get("y", "0"))
        assert 0 <= x <= x + float(box.attrib["width"]) <= width
        assert 0 <= y <= y + float(box.attrib["height"]) <= height


def test_what_is_drawn_is_what_the_stack_has():
    texts = said(svg(evaluated("prod")))
    assert {"VPC 10.42.0.0/16", "eu-central-1a", "eu-central-1b", "eu-central-1c"} <= texts
    assert "3 to 12 × g6.2xlarge (or g5.2xlarge, g6.4xlarge, g5.4xlarge)" in texts
    assert "3 on demand, of the rest 100 % spot" in texts
    assert "443 HTTPS · 80 HTTP · WAF · JWT" in texts
    assert "clients: the internet" in texts


def test_a_single_server_has_no_load_balancer_and_is_found_by_name():
    shown = facts(evaluated("dev"))
    assert shown.balancer is None
    assert not shown.open
    assert [zone.nat for zone in shown.zones] == [True, False]
    assert "clients: within the VPC, by name" in said(svg(evaluated("dev")))


def test_what_the_servers_may_call_is_marked():
    services = {box.title: box.used for box in facts(evaluated("dev")).services}
    assert services["S3"]
    assert services["Cloud Map"]
    assert not services["SNS"]
    assert not services["IAM"]


def test_the_container_shape_says_that_it_is_one():
    texts = said(svg(evaluated("prod", "container")))
    assert "Triton and node as an ECS task" in texts


def test_a_stack_without_servers_cannot_be_drawn():
    graph = load(ROOT, "dev", {"slipway:image": ""})
    with pytest.raises(StackError, match="no servers"):
        svg(graph)


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_the_committed_pictures_are_those_of_the_committed_stacks(environment):
    committed = (ROOT / f"docs/stack-{environment}.svg").read_text()
    again = f"python scripts/stack.py draw --stack {environment} docs/stack-{environment}.svg"
    assert committed == svg(evaluated(environment)), f"Draw it again: {again}"
