"""Cloud Map and CloudWatch through boto3, against moto's server."""

import boto3
import pytest
from moto.server import ThreadedMotoServer

from slipway import contract
from slipway.errors import FleetError
from slipway.node.fleet.cloudwatch import CloudWatch
from slipway.node.fleet.discovery import Address, CloudMap
from slipway.node.fleet.metrics import UNITS
from tests.aws_servers import REGION, as_of_aws


@pytest.fixture(scope="module")
def aws():
    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    with pytest.MonkeyPatch.context() as patch:
        as_of_aws(patch)
        patch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
        yield
    server.stop()


@pytest.fixture
def client(aws):
    """Clients that are closed after the test."""
    made = []

    def make(service):
        made.append(boto3.Session().client(service, region_name=REGION))
        return made[-1]

    yield make
    for each in made:
        each.close()


@pytest.fixture
def cloud_map(client):
    service = client("servicediscovery")
    namespace = service.create_http_namespace(Name="slipway.internal")["OperationId"]
    targets = service.get_operation(OperationId=namespace)["Operation"]["Targets"]
    made = service.create_service(Name="dev", NamespaceId=targets["NAMESPACE"])["Service"]
    yield CloudMap(made["Id"], "i-1"), service, made["Id"]
    service.delete_service(Id=made["Id"])
    service.delete_namespace(Id=targets["NAMESPACE"])


def entries(service, identity):
    return {
        entry["Id"]: entry["Attributes"]
        for entry in service.list_instances(ServiceId=identity)["Instances"]
    }


def test_a_node_is_entered_with_its_address_and_ports_and_removed(cloud_map):
    directory, service, identity = cloud_map
    directory.register(Address("10.0.0.7", 8000, 8001))
    (attributes,) = entries(service, identity).values()
    assert attributes["AWS_INSTANCE_IPV4"] == "10.0.0.7"
    assert attributes["AWS_INSTANCE_PORT"] == "8000"
    assert attributes["GRPC_PORT"] == "8001"
    directory.deregister()
    assert entries(service, identity) == {}
    directory._client.close()


def test_an_entry_that_is_gone_is_no_error(cloud_map):
    directory, *_ = cloud_map
    directory.deregister()
    directory._client.close()


def test_a_service_that_does_not_exist_is_an_error_of_ours(aws):
    directory = CloudMap("srv-nowhere", "i-1")
    with pytest.raises(FleetError, match="srv-nowhere"):
        directory.register(Address("10.0.0.7", 8000, 8001))
    directory._client.close()


def test_values_arrive_under_the_contracts_names(client):
    publisher = CloudWatch("dev")
    publisher.publish(dict.fromkeys(UNITS, 1.5))
    metrics = client("cloudwatch").list_metrics(Namespace=contract.METRICS_NAMESPACE)["Metrics"]
    assert {metric["MetricName"] for metric in metrics} == set(UNITS)
    assert {str(metric["Dimensions"]) for metric in metrics} == {
        str([{"Name": contract.METRICS_DIMENSION, "Value": "dev"}])
    }
    publisher._client.close()
