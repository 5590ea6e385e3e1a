"""Load balancers: public or internal, and who reaches which listener."""

from slipway.stack.exposure import Kind, Severity, delta
from tests.stacks import evaluated
from tests.unit.stack.exposure.graphs import changed, graph, opened, resource, without


def balancer(*ports, internal=True, cidr="10.0.0.0/8", groups=("@edge.id@",)):
    rule = {"protocol": "-1", "cidrBlocks": [cidr]}
    return graph(
        resource("Group", "edge", ingress=[rule]),
        resource("Balancer", "lb", internal=internal, securityGroups=list(groups)),
        *(
            resource(
                "Listener", f"to-{port}", loadBalancerArn="@lb.arn@", port=port, protocol="TLS"
            )
            for port in ports
        ),
    )


def test_an_internal_load_balancer_that_becomes_public_is_as_open_as_its_group():
    base, head = (balancer(443, 80, internal=i, cidr="0.0.0.0/0") for i in (True, False))
    (finding,) = delta(base, head)
    assert finding.said == (
        "the load balancer lb becomes public: 0.0.0.0/0 reaches 80/tcp and 443/tcp"
    )
    assert (finding.kind, finding.severity) == (Kind.PUBLIC, Severity.CRITICAL)
    (finding,) = delta(head, base)
    assert not finding.wider
    assert finding.said.startswith("the load balancer lb is no longer public: 0.0.0.0/0 reached")


def test_a_public_one_whose_group_is_closed_is_less_grave():
    base, head = (balancer(443, internal=i) for i in (True, False))
    (finding,) = delta(base, head)
    assert finding.severity == Severity.LOW
    assert "10.0.0.0/8 reaches 443/tcp" in finding.said


def test_a_listener_is_said_with_who_can_reach_it():
    (finding,) = delta(balancer(443), balancer(443, 8080))
    assert finding.said == (
        "the load balancer lb now listens on 8080 (TLS), which 10.0.0.0/8 can reach"
    )
    assert finding.severity == Severity.LOW


def test_a_load_balancer_without_a_group_is_open_to_all_that_have_a_route():
    (finding,) = delta(balancer(groups=()), balancer(443, groups=()))
    assert "which 0.0.0.0/0 and ::/0 can reach" in finding.said


def test_a_listener_by_another_name_on_the_same_port_is_no_change():
    base = balancer(443)
    again = resource("Listener", "new", loadBalancerArn="@lb.arn@", port=443, protocol="TLS")
    assert delta(base, graph(*without(base, "to-443").resources, again)) == ()


def test_the_real_load_balancer_made_public_is_found():
    base = evaluated("staging")
    (lb,) = base.of("LoadBalancer")
    assert opened(base, changed(base, lb.name, internal=False)) == [
        f"the load balancer {lb.name} becomes public: 10.41.0.0/16 reaches 80/tcp and 443/tcp"
    ]
