import pulumi
import pytest

from infra.discovery import Discovery, DiscoveryArgs
from infra.traffic import Traffic
from slipway.stack.program import record


def discovery(*, balanced):
    """The graph, and what the component said: its URL, and whether servers register themselves."""
    said = {}

    def program():
        out = pulumi.Output.from_input
        traffic = Traffic("application", out("app/x/1"), out("x.elb.amazonaws.com"), out("Z2"),
                          out("sg-1"), (), ())  # fmt: skip
        args = DiscoveryArgs("dev", "slipway.internal", "vpc-1", traffic if balanced else None)
        made = Discovery("dev-discovery", args)
        said["registers"] = made.service_id is not None
        made.url.apply(lambda url: said.update(url=url))

    return record(program), said


@pytest.mark.parametrize("balanced", [True, False])
def test_the_name_is_known_in_the_vpc_of_the_environment_alone(balanced):
    (namespace,) = discovery(balanced=balanced)[0].of("PrivateDnsNamespace")
    assert namespace.properties["name"] == "dev.slipway.internal"
    assert namespace.properties["vpc"] == "vpc-1"


def test_a_load_balancer_is_an_alias_which_takes_weighted_routing():
    graph, said = discovery(balanced=True)
    (service,) = graph.of("Service")
    (instance,) = graph.of("Instance")
    assert service.properties["dnsConfig"]["routingPolicy"] == "WEIGHTED"
    assert [r["type"] for r in service.properties["dnsConfig"]["dnsRecords"]] == ["A"]
    assert "healthCheckConfig" not in service.properties, "not for private names"
    assert instance.properties["attributes"] == {"AWS_ALIAS_DNS_NAME": "x.elb.amazonaws.com"}
    assert graph.target(instance.properties["serviceId"]).urn == service.urn
    assert said == {"registers": False, "url": "https://triton.dev.slipway.internal"}


def test_without_one_servers_register_themselves():
    graph, said = discovery(balanced=False)
    (service,) = graph.of("Service")
    assert not graph.of("Instance")
    assert service.properties["dnsConfig"]["routingPolicy"] == "MULTIVALUE"
    assert said == {"registers": True, "url": "http://triton.dev.slipway.internal:8000"}


def test_the_address_of_a_server_that_was_replaced_is_soon_forgotten():
    (service,) = discovery(balanced=False)[0].of("Service")
    (dns_record,) = service.properties["dnsConfig"]["dnsRecords"]
    assert dns_record["ttl"] <= 15


def test_a_server_that_died_unregistered_does_not_keep_the_stack_from_being_destroyed():
    assert discovery(balanced=False)[0].of("Service")[0].properties["forceDestroy"] is True
