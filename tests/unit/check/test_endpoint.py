import pytest

from slipway.check.endpoint import Endpoint, unreachable
from slipway.errors import CheckError


def test_the_default_is_a_server_on_this_machine():
    assert Endpoint() == Endpoint("127.0.0.1:8001", "http://127.0.0.1:8000")


@pytest.mark.parametrize("grpc", ["", "host", "host:", ":8001", "host:port", "host:99999", "h:1/x"])
def test_a_grpc_address_is_a_host_and_a_port(grpc):
    with pytest.raises(CheckError, match="gRPC address"):
        Endpoint(grpc=grpc)


@pytest.mark.parametrize(
    "http", ["", "127.0.0.1:8000", "ftp://h:1", "http://", "http://h", "http://h:1/v2"]
)
def test_an_http_address_is_a_url_without_a_path(http):
    with pytest.raises(CheckError, match="HTTP address"):
        Endpoint(http=http)


@pytest.mark.parametrize("host", ["localhost", "10.0.0.1", "[::1]", "triton.example.org"])
def test_names_and_addresses_of_either_family_are_taken(host):
    endpoint = Endpoint(f"{host}:8001", f"https://{host}:443")
    assert endpoint.grpc == f"{host}:8001"


def test_an_unreachable_server_is_reported_with_what_mends_it():
    assert "scripts/serve.py" in str(unreachable("127.0.0.1:1", "connection refused"))
