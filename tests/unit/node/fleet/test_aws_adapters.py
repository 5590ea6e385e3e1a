"""Cloud Map and CloudWatch through boto3, against moto's server."""

import boto3
import pytest
from botocore.stub import Stubber
from moto.servicediscovery.models import ServiceDiscoveryBackend

from slipway import contract
from slipway.errors import FleetError
from slipway.node.fleet.cloudwatch import CloudWatch
from slipway.node.fleet.discovery import Address, CloudMap
from slipway.node.fleet.metrics import UNITS
from tests.aws_servers import REGION, as_of_aws, moto_server

OURS, REPLACEMENT = Address("10.0.0.7", 8000, 8001), Address("10.0.0.8", 8000, 8001)


@pytest.fixture(scope="module")
def aws():
    with moto_server() as url, pytest.MonkeyPatch.context() as patch:
        as_of_aws(patch)
        patch.setenv("AWS_ENDPOINT_URL", url)
        yield


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
def overwriting(monkeypatch):
    """moto adds a second entry of the same id, where Cloud Map overwrites the first."""
    register = ServiceDiscoveryBackend.register_instance

    def overwrite(backend, service_id, instance_id, **how):
        entries = backend.get_service(service_id).instances
        entries[:] = [entry for entry in entries if entry.instance_id != instance_id]
        return register(backend, service_id=service_id, instance_id=instance_id, **how)

    monkeypatch.setattr(ServiceDiscoveryBackend, "register_instance", overwrite)


@pytest.fixture
def cloud_map(client, overwriting):
    service = client("servicediscovery")
    namespace = service.create_http_namespace(Name="slipway.internal")["OperationId"]
    targets = service.get_operation(OperationId=namespace)["Operation"]["Targets"]
    made = service.create_service(Name="dev", NamespaceId=targets["NAMESPACE"])["Service"]
    directory = CloudMap(made["Id"])
    yield directory, service, made["Id"]
    directory._client.close()
    service.delete_service(Id=made["Id"])
    service.delete_namespace(Id=targets["NAMESPACE"])


def entries(service, identity):
    return {
        entry["Id"]: entry["Attributes"]
        for entry in service.list_instances(ServiceId=identity)["Instances"]
    }


def test_a_node_is_entered_with_its_address_and_ports_and_removed(cloud_map):
    directory, service, identity = cloud_map
    directory.register(OURS)
    (attributes,) = entries(service, identity).values()
    assert attributes["AWS_INSTANCE_IPV4"] == "10.0.0.7"
    assert attributes["AWS_INSTANCE_PORT"] == "8000"
    assert attributes["GRPC_PORT"] == "8001"
    directory.deregister(OURS)
    assert entries(service, identity) == {}


def test_a_replacement_takes_over_the_entry_of_a_server_that_died(cloud_map):
    directory, service, identity = cloud_map
    directory.register(OURS)
    directory.register(REPLACEMENT)
    (attributes,) = entries(service, identity).values()
    assert attributes["AWS_INSTANCE_IPV4"] == REPLACEMENT.host


def test_a_server_that_leaves_after_its_replacement_came_removes_nothing(cloud_map):
    directory, service, identity = cloud_map
    directory.register(OURS)
    directory.register(REPLACEMENT)
    directory.deregister(OURS)
    (attributes,) = entries(service, identity).values()
    assert attributes["AWS_INSTANCE_IPV4"] == REPLACEMENT.host
    directory.deregister(REPLACEMENT)
    assert entries(service, identity) == {}


def test_an_entry_that_is_gone_is_no_error(cloud_map):
    directory, *_ = cloud_map
    directory.deregister(OURS)


def test_a_registration_beside_another_nodes_is_not_taken_for_done(cloud_map):
    directory, *_ = cloud_map
    with Stubber(directory._client) as answers:
        answers.add_client_error("register_instance", "DuplicateRequest")
        with pytest.raises(FleetError, match="DuplicateRequest"):
            directory.register(OURS)


def test_an_entry_that_is_being_overwritten_is_left_alone(cloud_map):
    directory, *_ = cloud_map
    found = {"Instance": {"Id": "server", "Attributes": {"AWS_INSTANCE_IPV4": OURS.host}}}
    with Stubber(directory._client) as answers:
        answers.add_response("get_instance", found)
        answers.add_client_error("deregister_instance", "DuplicateRequest")
        directory.deregister(OURS)
        answers.assert_no_pending_responses()


def test_a_service_that_does_not_exist_is_an_error_of_ours(aws):
    directory = CloudMap("srv-nowhere")
    with pytest.raises(FleetError, match="srv-nowhere"):
        directory.register(OURS)
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
