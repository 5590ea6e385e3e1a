import os
import socket

import pytest

from slipway.errors import PortInUse, ServerError
from slipway.triton.ports import Ports, holder_of, require_free


def test_free_ports_are_three_and_free():
    ports = Ports.free()
    assert len(set(ports.all)) == 3
    require_free("127.0.0.1", ports)


@pytest.mark.parametrize("numbers", [(8000, 8000, 8002), (0, 1, 2), (1, 2, 65536)])
def test_ports_that_cannot_be_are_refused(numbers):
    with pytest.raises(ServerError):
        Ports(*numbers)


def test_a_taken_port_is_named_with_the_process_that_holds_it():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        free = Ports.free()
        with pytest.raises(PortInUse) as caught:
            require_free("127.0.0.1", Ports(free.http, port, free.metrics))
    assert str(port) in caught.value.what
    assert f"process {os.getpid()} " in caught.value.why


def test_a_holder_is_found_behind_a_file_that_it_closes_meanwhile():
    """Listing our own open files opens one, here below the socket's, that is gone when read."""
    with socket.socket() as lower, socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        assert lower.fileno() < taken.fileno()
        lower.close()
        assert holder_of(taken.getsockname()[1]) == os.getpid()


def test_nobody_holds_a_free_port():
    assert holder_of(Ports.free().http) is None
