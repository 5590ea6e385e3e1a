"""What servers cost, against sums that were done by hand."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.stack.cost import Range, estimate
from slipway.stack.cost.prices import price_table
from tests.stacks import evaluated
from tests.unit.stack.cost.graphs import graph, group, resource, schedule, template

TYPES = ("g4dn.xlarge", "g6.xlarge", "g5.xlarge")
G4DN, G6, G5 = Decimal("0.526"), Decimal("0.8048"), Decimal("1.006")


def lines(*resources, **more):
    """Of the group: instances, volumes, then what else there is."""
    found = estimate(graph(*resources, **more))
    return found.lines_of(next(r.urn for r in resources if r.name == "group"))


def dollars(amount):
    return round(Decimal(amount), 2)


def test_two_servers_on_demand_cost_two_hourly_prices_for_730_hours():
    instances, volumes = lines(group(("g6.xlarge",), 2, 2), template())
    assert instances.charged == "2 g6.xlarge, on demand"
    assert instances.cost == Range.of("1175.01")  # 2 * 0.8048 * 730 = 1175.008
    assert volumes.cost == Range.of("16.00")  # 2 * 100 * 0.08


def test_of_a_list_the_low_end_is_the_cheapest_and_the_high_end_the_dearest():
    instances, _ = lines(group(TYPES, 1, 4), template())
    assert instances.cost == Range(dollars(G4DN * 730), dollars(4 * G5 * 730))
    assert any("only the cheapest" in said for said in instances.assumptions)


def test_the_base_is_on_demand_and_the_rest_is_spot_at_a_discount():
    instances, _ = lines(group(TYPES, 3, 12, base=3, on_demand=0), template())
    discount = price_table().spot_discount
    assert discount == Range.of("0.40", "0.75")
    assert instances.charged == (
        "3 to 12 g4dn.xlarge or g6.xlarge or g5.xlarge, the first 3 on demand, the rest spot"
    )
    assert instances.low == dollars(3 * G4DN * 730)  # 1151.94
    assert instances.high == dollars((3 + 9 * Decimal("0.6")) * G5 * 730)
    assert any(said.startswith("Spot: 40 to 75 %") for said in instances.assumptions)


def test_spot_alone_costs_the_discount_less():
    instances, _ = lines(group(("g6.xlarge",), 1, 1, on_demand=0), template())
    assert instances.cost == Range(
        dollars(G6 * 730 * Decimal("0.25")), dollars(G6 * 730 * Decimal("0.60"))
    )


def test_a_share_of_on_demand_is_rounded_up_as_ec2_does():
    instances, _ = lines(group(("g6.xlarge",), 3, 3, on_demand=50), template())
    assert instances.charged.endswith("50 % spot")
    assert instances.high == dollars((2 + Decimal("0.6")) * G6 * 730)


def test_a_schedule_is_billed_by_the_hours_that_servers_are_up():
    instances, volumes = lines(
        group(("g6.xlarge",), 1, 1),
        template(),
        schedule("sleep", "0 20 * * *", 0, 0),
        schedule("wake", "0 7 * * 1-5", 1, 1),
    )
    assert instances.charged == "1 g6.xlarge, on demand, up 65 of 168 hours a week"
    assert instances.cost == Range.of("227.31")  # 730 * 65 / 168 = 282.44 h * 0.8048
    assert volumes.cost == Range.of("3.10")  # 100 * 0.08 * 65 / 168


def test_the_schedule_of_another_group_changes_nothing():
    other = resource(
        "aws:autoscaling/schedule:Schedule",
        "sleep",
        autoscalingGroupName="others",
        recurrence="0 20 * * *",
        minSize=0,
        maxSize=0,
    )
    assert lines(group(), template(), other) == lines(group(), template())


def test_a_schedule_that_happens_once_changes_nothing():
    once = resource(
        "aws:autoscaling/schedule:Schedule",
        "once",
        autoscalingGroupName="servers",
        startTime="2026-12-24T18:00:00Z",
        minSize=0,
        maxSize=0,
    )
    assert lines(group(), template(), once) == lines(group(), template())


def test_a_schedule_that_cannot_be_read_leaves_the_group_without_a_price():
    found = estimate(graph(group(), template(), schedule("odd", "0 7 L * *", 0, 0)))
    assert "'0 7 L * *' cannot be read" in found.unpriced[0].why
    assert found.total.high == 0


def test_a_warm_pool_costs_volumes_and_no_instances():
    without, _ = lines(group(("g6.xlarge",), 2, 3), template())
    pool = {"minSize": 1, "poolState": "Stopped"}
    instances, volumes = lines(group(("g6.xlarge",), 2, 3, warmPool=pool), template())
    assert instances.cost == without.cost
    # 2 that serve fill up to the most with 1; 3 that serve have the 1 that there always is.
    assert volumes.cost == Range.of("24.00", "32.00")
    assert "stopped in the warm pool" in volumes.charged


def test_a_warm_pool_that_runs_is_billed_like_servers():
    pool = {"minSize": 1, "poolState": "Running", "maxGroupPreparedCapacity": 2}
    instances, _ = lines(group(("g6.xlarge",), 2, 3, warmPool=pool), template())
    assert instances.cost == Range(dollars(3 * G6 * 730), dollars(4 * G6 * 730))


def test_a_prepared_capacity_bounds_a_warm_pool():
    pool = {"minSize": 0, "maxGroupPreparedCapacity": 3}
    _, volumes = lines(group(("g6.xlarge",), 1, 9, warmPool=pool), template())
    assert volumes.cost == Range.of("24.00", "72.00")


def test_iops_and_throughput_are_billed_above_those_that_are_included():
    ebs = {"volumeType": "gp3", "volumeSize": 200, "iops": 6000, "throughput": 500}
    _, volumes = lines(group(), template(ebs))
    assert volumes.cost == Range.of("46.00")  # 200 * 0.08 + 3000 * 0.005 + 375 * 0.04
    included = {"volumeType": "gp3", "volumeSize": 200, "iops": 3000, "throughput": 125}
    _, volumes = lines(group(), template(included))
    assert volumes.cost == Range.of("16.00")


def test_detailed_monitoring_is_seven_metrics_of_each_server():
    *_, monitoring = lines(group(most=2), template(monitoring={"enabled": True}))
    assert monitoring.cost == Range.of("2.10", "4.20")


def test_public_addresses_of_servers_are_billed():
    interfaces = [{"associatePublicIpAddress": "true"}]
    *_, addresses = lines(group(most=2), template(networkInterfaces=interfaces))
    assert addresses.cost == Range.of("3.65", "7.30")


def test_a_group_without_a_list_has_the_type_and_the_price_of_its_template():
    plain = resource(
        "aws:autoscaling/group:Group",
        "group",
        minSize=1,
        maxSize=1,
        launchTemplate={"id": "@template.id@"},
    )
    instances, _ = lines(plain, template(instanceType="g6.xlarge"))
    assert instances.cost == Range.of("587.50")


@pytest.mark.parametrize(
    ("broken", "why"),
    [
        (group(("x99.huge",)), "there is no price of x99.huge"),
        (group(least="@other.size@"), "the least size of the group is not known"),
        (group(()), "the instance type is not known"),
        (group(warmPool={"minSize": 1}, on_demand=0), "no warm pool for a group with spot"),
    ],
)
def test_a_group_that_cannot_be_priced_is_named_with_the_reason(broken, why):
    found = estimate(graph(broken, template()))
    assert why in found.unpriced[0].why
    assert not any("g6" in line.charged for line in found.lines)


def test_weights_and_requirements_are_not_taken_for_servers():
    policy = group().properties["mixedInstancesPolicy"]
    for override, why in (
        ({"instanceType": "g6.xlarge", "weightedCapacity": "4"}, "in weights"),
        ({"instanceRequirements": {}}, "by requirements"),
    ):
        launched = {**policy["launchTemplate"], "overrides": [override]}
        other = group()
        other.properties["mixedInstancesPolicy"] = {**policy, "launchTemplate": launched}
        assert why in estimate(graph(other, template())).unpriced[0].why


@pytest.mark.parametrize("ebs", [{"volumeType": "io2", "volumeSize": 8}, {"volumeType": "gp3"}])
def test_a_volume_without_a_price_or_a_size_is_named(ebs):
    found = estimate(graph(group(), template(ebs)))
    assert any(u.name == "group" for u in found.unpriced)


def test_a_group_whose_template_is_not_in_the_graph_has_instances_but_no_volumes():
    found = estimate(graph(group()))
    assert "volumes" in found.unpriced[0].why
    assert found.total == Range.of("587.50")


def test_reserved_capacity_is_said_not_to_be_counted():
    reserved = {"capacityReservationPreference": "capacity-reservations-first"}
    found = estimate(graph(group(capacityReservationSpecification=reserved), template()))
    assert any("capacity reservation" in said for said in found.assumptions)


def test_ecs_has_as_many_servers_as_tasks():
    found = evaluated("prod", "container")
    (servers,) = found.of("aws:autoscaling/group:Group")
    assert (servers.properties["minSize"], servers.properties["maxSize"]) == (0, 15)
    assert estimate(found).lines_of(servers.urn)[0].charged.startswith("3 to 12 g6.2xlarge")


def test_tasks_that_sleep_let_servers_sleep():
    found = evaluated("dev", "container")
    (servers,) = found.of("aws:autoscaling/group:Group")
    assert "up 65 of 168 hours a week" in estimate(found).lines_of(servers.urn)[0].charged


SIZE = st.integers(0, 20)


@given(
    least=SIZE,
    more=SIZE,
    base=SIZE,
    on_demand=st.integers(0, 100),
    types=st.lists(st.sampled_from(TYPES), min_size=1, max_size=3, unique=True),
)
def test_more_servers_never_cost_less(least, more, base, on_demand, types):
    def cost(least, most):
        servers = group(types, least, most, base=base, on_demand=on_demand)
        return estimate(graph(servers, template())).total

    of = cost(least, least + more)
    assert of.low <= of.high
    wider, larger = cost(least, least + more + 1), cost(least + 1, least + more + 1)
    assert of.low <= wider.low <= larger.low
    assert of.high <= wider.high <= larger.high


@given(least=SIZE, more=SIZE, waiting=SIZE, prepared=st.none() | SIZE, running=st.booleans())
def test_more_servers_beside_a_warm_pool_never_cost_less(least, more, waiting, prepared, running):
    pool = {"minSize": waiting, "poolState": "Running" if running else "Stopped"}
    if prepared is not None:
        pool["maxGroupPreparedCapacity"] = prepared

    def cost(least, most, pool):
        return estimate(graph(group(TYPES, least, most, warmPool=pool), template())).total

    of = cost(least, least + more, pool)
    for larger in (
        cost(least, least + more + 1, pool),
        cost(least + 1, least + more + 1, pool),
        cost(least, least + more, {**pool, "minSize": waiting + 1}),
    ):
        assert of.low <= larger.low
        assert of.high <= larger.high
