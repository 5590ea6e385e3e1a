"""Estimates of whole stacks."""

import itertools
import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slipway.stack.cost import Range, Usage, estimate
from slipway.stack.cost.classes import FREE, PRICED
from slipway.stack.cost.prices import price_table
from slipway.stack.graph import Resource
from slipway.stack.summary import components
from tests.stacks import ENVIRONMENTS, ROOT, SHAPES, evaluated
from tests.unit.stack.cost.graphs import changed, graph, group, resource, template

STACKS = list(itertools.product(ENVIRONMENTS, ("", *SHAPES)))


@pytest.mark.parametrize(("environment", "shape"), STACKS)
def test_every_resource_of_every_stack_is_priced_or_free_and_none_is_unpriced(environment, shape):
    found = evaluated(environment, shape)
    types = {r.type for r in found.resources if r.custom and not r.type.startswith("pulumi:")}
    assert types <= PRICED.keys() | FREE.keys()
    assert estimate(found).unpriced == ()


@pytest.mark.parametrize(("environment", "shape"), STACKS)
def test_the_total_is_the_sum_of_the_lines_and_of_the_components(environment, shape):
    found = evaluated(environment, shape)
    of = estimate(found)
    for bound in ("low", "high"):
        total = getattr(of.total, bound)
        assert total == sum(getattr(line, bound) for line in of.lines)
        assert total == sum(getattr(c.cost, bound) for c in of.by_component(found))
    assert all(0 <= line.low <= line.high for line in of.lines)


def test_no_type_is_both_priced_and_free():
    assert not PRICED.keys() & FREE.keys()
    assert all(FREE.values())


def test_a_type_that_is_not_known_is_named_and_not_free():
    lambda_ = resource("aws:lambda/function:Function", "odd")
    (named,) = estimate(graph(lambda_)).unpriced
    assert (named.name, named.type) == ("odd", "aws:lambda/function:Function")
    assert "not known" in named.why


def test_components_providers_and_the_stack_itself_are_no_resources():
    stack = Resource("urn:stack", "pulumi:pulumi:Stack", "s", "", False, {})
    component = Resource("urn:component", "slipway:infra:Network", "n", stack.urn, False, {})
    found = estimate(graph(stack, component))
    assert (found.lines, found.unpriced) == ((), ())


def test_components_come_in_the_order_of_the_summary():
    found = evaluated("prod")
    by_component = estimate(found).by_component(found)
    assert [(c.name, c.kind) for c in by_component] == [(c.name, c.kind) for c in components(found)]
    fleet = next(c for c in by_component if c.kind == "Fleet")
    assert fleet.cost.high > estimate(found).total.high / 2


def test_what_is_in_no_component_comes_last():
    found = graph(resource("aws:kms/key:Key", "key"))
    (rest,) = estimate(found).by_component(found)
    assert (rest.name, rest.kind) == ("", "")
    assert rest.cost == estimate(found).total


def test_the_cost_of_one_resource_is_that_of_all_its_lines():
    found = evaluated("prod")
    (servers,) = found.of("aws:autoscaling/group:Group")
    of = estimate(found)
    assert len(of.lines_of(servers.urn)) == 3
    assert of.of(servers.urn).low == sum(line.low for line in of.lines_of(servers.urn))
    assert of.of("urn:nothing") == Range.of(0)


def test_prod_costs_more_than_dev():
    dev, prod = (estimate(evaluated(of)).total for of in ("dev", "prod"))
    assert dev.high < prod.low


def test_assumptions_are_listed_once_and_usage_as_it_was_given():
    said = estimate(evaluated("prod"), Usage(nat_gb=Range.of(7, 8))).assumptions
    assert len(said) == len(set(said))
    assert "Usage: 7 to 8 GB a month through each NAT gateway" in said


def test_prices_that_were_not_checked_are_counted():
    said = estimate(graph(resource("aws:kms/key:Key"))).assumptions
    assert said[-1].startswith("2 of the 2 prices are not checked")
    checked = estimate(graph(resource("aws:ec2/eip:Eip"))).assumptions
    assert checked == ()


@pytest.mark.parametrize(
    ("found", "region"),
    [
        (graph(group(), template(), region="mars-north-1"), "mars-north-1"),
        (replace(graph(group(), template()), resources=(group(), template())), "unknown"),
    ],
)
def test_a_region_that_the_table_does_not_have_is_an_assumption(found, region):
    assert f"us-east-1 prices: region {region} is not in the table" in estimate(found).assumptions
    assert estimate(found).total.low > 0


def test_a_resource_of_another_region_than_its_provider_s_is_priced_there():
    here = resource("aws:ec2/natGateway:NatGateway", "here")
    there = resource("aws:ec2/natGateway:NatGateway", "there", region="eu-central-1")
    of = estimate(graph(here, there), Usage(nat_gb=Range.of(0)))
    assert (of.of(here.urn).low, of.of(there.urn).low) == (
        Range.of("32.85").low,
        Range.of("37.96").low,
    )


def test_of_two_providers_it_is_the_resource_s_own():
    other = resource("pulumi:providers:aws", "other", region="eu-central-1")
    gateway = replace(resource("aws:ec2/natGateway:NatGateway"), provider=f"{other.urn}::id")
    of = estimate(graph(other, gateway), Usage(nat_gb=Range.of(0)))
    assert of.total == Range.of("37.96")


@settings(deadline=None, max_examples=20)  # the first evaluates a stack
@given(seed=st.integers(0, 2**32))
def test_the_order_of_resources_does_not_matter(seed):
    found = evaluated("dev", "container")
    shuffled = list(found.resources)
    random.Random(seed).shuffle(shuffled)
    other = estimate(replace(found, resources=tuple(shuffled)))
    assert other == estimate(found)
    assert other.assumptions == estimate(found).assumptions


@settings(deadline=None, max_examples=20)  # the first evaluates a stack
@given(more=st.integers(1, 50))
def test_more_servers_of_a_real_stack_never_cost_less(more):
    found = evaluated("prod")
    larger = changed(found, "aws:autoscaling/group:Group", minSize=3 + more, maxSize=12 + more)
    assert estimate(found).total.low < estimate(larger).total.low
    assert estimate(found).total.high < estimate(larger).total.high


@settings(deadline=None, max_examples=20)  # the first evaluates a stack
@given(low=st.integers(0, 10**6), more=st.integers(0, 10**6))
def test_more_use_never_costs_less(low, more):
    def total(amount):
        fields = Usage.__dataclass_fields__
        return estimate(evaluated("dev"), Usage(**dict.fromkeys(fields, amount))).total

    assert total(Range.of(low)).high <= total(Range.of(low, low + more)).high
    assert total(Range.of(low)).low <= total(Range.of(low + more)).low


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_the_document_names_what_the_stacks_cost(environment):
    found = evaluated(environment)
    of = estimate(found)
    fleet = next(c for c in of.by_component(found) if c.kind == "Fleet").cost
    row = (
        f"| {environment} | {of.total.low:,.0f} | {of.total.high:,.0f} "
        f"| {fleet.low:,.0f} to {fleet.high:,.0f} |"
    )
    assert row in (ROOT / "docs/costs.md").read_text()


def test_the_document_names_the_spot_discount():
    discount = price_table().spot_discount * 100
    assert f"Spot is taken to be {discount} %" in (ROOT / "docs/costs.md").read_text()
