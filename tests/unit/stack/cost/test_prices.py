"""The price table: complete, dated, and honest about what was derived."""

import csv
import json
from decimal import Decimal

import pytest

from infra.instances import catalogue
from slipway.errors import StackError
from slipway.stack.cost import prices
from slipway.stack.cost.prices import price_table, read

ROW = {
    "item": "thing",
    "unit": "hour",
    "region": "us-east-1",
    "usd": "2",
    "date": "2026-01-01",
    "source": "a page",
    "checked": "yes",
}
FACTOR = {
    "region": "eu-west-9",
    "family": "services",
    "factor": "1.5",
    "date": "2026-01-01",
    "source": "a page",
    "checked": "yes",
}
SPOT = {"low": "40", "high": "70", "source": "a page", "date": "2026-01-01"}


def table(*rows, factors=(), spot=SPOT):
    return read({"prices": list(rows), "factors": list(factors), "spot_discount": spot}, [])


def test_every_instance_type_that_the_stack_accepts_has_the_price_that_the_stack_knows():
    known = {
        name: price_table().instance(name, "us-east-1").usd == Decimal(str(kind.usd_per_hour))
        for name, kind in catalogue().items()
    }
    assert all(known.values()), known


def test_the_number_of_gpus_is_the_catalogue_s():
    assert price_table().gpus == {name: kind.gpu_count for name, kind in catalogue().items()}


def test_every_price_has_a_source_a_date_and_says_whether_it_was_checked():
    folder = prices.Path(prices.__file__).parent
    with (folder / "instances.csv").open(newline="") as lines:
        rows = list(csv.DictReader(lines))
    rows += json.loads((folder / "prices.json").read_text())["prices"]
    rows += json.loads((folder / "prices.json").read_text())["factors"]
    assert all(r["source"] and r["date"] and r["checked"] in {"yes", "no"} for r in rows)


def test_a_list_price_of_the_region_comes_before_one_that_is_derived():
    quote = price_table().instance("g5.2xlarge", "eu-central-1")
    assert (quote.usd, quote.assumption) == (Decimal("1.5156"), "")


def test_an_instance_without_a_price_in_its_region_costs_its_family_s_factor_more():
    quote = price_table().instance("g5.xlarge", "eu-central-1")
    assert quote.usd == Decimal("1.006") * Decimal("1.2505")
    assert "Instances of g5 in eu-central-1: prices of us-east-1 times 1.2505" in quote.assumption


def test_a_family_without_a_factor_is_derived_and_not_checked():
    quote = price_table().instance("p5.48xlarge", "eu-central-1")
    assert quote.usd == Decimal("55.04") * Decimal("1.25")
    assert not quote.checked


def test_in_an_unknown_region_it_is_the_price_of_us_east_1_and_said_to_be():
    for quote in (
        price_table().instance("g5.xlarge", "mars-north-1"),
        price_table().quote("nat_gateway", "mars-north-1"),
    ):
        assert quote.assumption == "us-east-1 prices: region mars-north-1 is not in the table"
        assert not quote.checked
    assert price_table().quote("nat_gateway", "mars-north-1").usd == Decimal("0.045")


def test_what_costs_the_same_everywhere_needs_no_assumption():
    assert price_table().quote("kms_key", "mars-north-1").assumption == ""


def test_a_service_without_a_price_in_its_region_costs_the_region_s_factor_more():
    quote = table(ROW, factors=[FACTOR]).quote("thing", "eu-west-9")
    assert quote.usd == 3
    assert "Services without a price of their own in eu-west-9" in quote.assumption


def test_an_unknown_instance_type_has_no_price():
    assert price_table().instance("x99.huge", "us-east-1") is None


@pytest.mark.parametrize(
    "row",
    [
        {**ROW, "usd": "-1"},
        {**ROW, "usd": "two"},
        {**ROW, "usd": "NaN"},
        {**ROW, "date": "yesterday"},
        {**ROW, "checked": "perhaps"},
        {**ROW, "source": ""},
        {key: value for key, value in ROW.items() if key != "unit"},
    ],
)
def test_a_broken_line_of_the_table_is_an_error(row):
    with pytest.raises(StackError, match="The price table cannot be used"):
        table(row)


def test_the_same_thing_twice_in_one_region_is_an_error():
    with pytest.raises(StackError, match="twice"):
        table(ROW, ROW)


def test_a_factor_of_nothing_is_an_error():
    with pytest.raises(StackError, match="factor"):
        table(ROW, factors=[{**FACTOR, "factor": "0"}])


def test_an_item_that_is_not_in_the_table_is_an_error():
    with pytest.raises(StackError, match="no price of 'hat'"):
        table(ROW).quote("hat", "us-east-1")
