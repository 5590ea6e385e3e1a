"""What a change costs."""

from dataclasses import replace

from slipway.stack.cost import Range, Usage, difference, estimate
from tests.stacks import evaluated
from tests.unit.stack.cost.graphs import changed, graph, resource

NAT = "aws:ec2/natGateway:NatGateway"
GROUP = "aws:autoscaling/group:Group"


def test_nothing_changes_between_a_stack_and_itself():
    of = estimate(evaluated("prod"))
    found = difference(of, of)
    assert found.changes == ()
    assert found.before == found.after == of.total


def test_more_servers_are_a_change_of_their_group_and_their_metrics():
    base = evaluated("prod")
    head = changed(base, GROUP, minSize=4)
    found = difference(estimate(base), estimate(head))
    assert [change.name for change in found.changes] == [
        "prod-fleet-group",
        "prod-fleet-servers-template",
    ]
    assert found.changes[0].after.low > found.changes[0].before.low
    assert found.after.low - found.before.low == sum(
        change.after.low - change.before.low for change in found.changes
    )


def test_what_comes_and_what_goes_is_free_on_the_other_side():
    usage = Usage(nat_gb=Range.of(0))
    with_gateway = estimate(graph(resource(NAT, "nat")), usage)
    without = estimate(graph(), usage)
    (goes,) = difference(with_gateway, without).changes
    assert (goes.name, goes.before, goes.after) == ("nat", Range.of("32.85"), Range.of(0))
    (comes,) = difference(without, with_gateway).changes
    assert (comes.before, comes.after) == (Range.of(0), Range.of("32.85"))


def test_a_resource_that_comes_for_nothing_is_no_change():
    free = estimate(graph(resource("aws:ssm/parameter:Parameter")))
    assert difference(estimate(graph()), free).changes == ()


def test_a_renamed_resource_is_matched_by_its_new_name():
    base, head = estimate(graph(resource(NAT, "a"))), estimate(graph(resource(NAT, "b")))
    assert len(difference(base, head).changes) == 2
    renamed = {base.lines[0].urn: head.lines[0].urn}
    assert difference(base, head, renamed).changes == ()


def test_the_same_price_for_something_else_is_a_change():
    one = estimate(graph(resource("aws:cloudwatch/dashboard:Dashboard", "a")))
    (line,) = one.lines
    other = replace(one, lines=(replace(line, charged="three panels"),))
    (change,) = difference(one, other).changes
    assert change.before == change.after
    assert difference(one, other).of(line.urn) == change
    assert difference(one, one).of(line.urn) is None


def test_only_what_newly_has_no_price_is_named():
    old = resource("aws:lambda/function:Function", "old")
    new = resource("aws:lambda/function:Function", "new")
    found = difference(estimate(graph(old)), estimate(graph(old, new)))
    assert [named.name for named in found.unpriced] == ["new"]


def test_the_largest_change_comes_first():
    base = evaluated("prod")
    head = changed(changed(base, GROUP, maxSize=20), "aws:kms/key:Key", enableKeyRotation=False)
    names = [c.name for c in difference(estimate(base), estimate(head)).changes]
    assert names[0] == "prod-fleet-group"
    assert names[-1] == "prod-key-key"
