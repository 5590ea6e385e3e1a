"""The whole comparison, on the real stacks."""

import random
from dataclasses import replace

import pytest

from slipway.errors import StackError
from slipway.stack.exposure import Exposed, Kind, Severity, delta
from slipway.stack.exposure.finding import found, listing
from tests.stacks import ENVIRONMENTS, SHAPES, evaluated
from tests.unit.stack.exposure.graphs import changed

URN = "urn:pulumi:dev::slipway::aws:s3/bucket:Bucket::b"


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_a_stack_is_as_exposed_as_itself_in_any_order(environment, shape):
    stack = evaluated(environment, shape)
    shuffled = list(stack.resources)
    random.Random(1).shuffle(shuffled)
    assert delta(stack, stack) == ()
    assert delta(stack, replace(stack, resources=tuple(shuffled))) == ()


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_another_shape_is_said_with_the_gravest_first(environment):
    findings = delta(evaluated(environment, "single"), evaluated(environment, "cluster"))
    assert findings
    assert [f.severity for f in findings] == sorted((f.severity for f in findings), reverse=True)
    urns = {r.urn for shape in SHAPES for r in evaluated(environment, shape).resources}
    assert {f.urn for f in findings} <= urns


def test_what_is_not_about_security_is_not_said():
    stack = evaluated("prod")
    (alarm, *_) = stack.of("MetricAlarm")
    assert delta(stack, changed(stack, alarm.name, threshold=17)) == ()
    assert delta(stack, changed(stack, "prod-fleet-group", maxSize=99)) == ()


def test_a_finding_that_contradicts_itself_is_refused():
    with pytest.raises(StackError, match="contradicts itself"):
        Exposed(Kind.NETWORK, URN, wider=False, said="x", severity=Severity.LOW)
    with pytest.raises(StackError, match="contradicts itself"):
        Exposed(Kind.NETWORK, URN, wider=True, said="x", severity=Severity.NONE)
    with pytest.raises(StackError, match="says nothing"):
        found(Kind.NETWORK, URN, "", Severity.LOW)
    narrower = found(Kind.NETWORK, URN, "x", Severity.HIGH, wider=False)
    assert (narrower.severity, narrower.name) == (Severity.NONE, "b")


def test_long_lists_are_counted():
    assert listing(["a"]) == "a"
    assert listing(["a", "b", "c"]) == "a, b and c"
    assert listing("abcd", most=3) == "a, b and 2 more"
