"""Clients of a fleet connect anew now and then.

A network load balancer spreads connections, not requests: a gRPC client keeps its connection and
stays with one server, and servers that were added later would get nothing of what it asks.
"""

MAX_AGE = 300.0
"""Seconds after which a gRPC connection takes no new calls; gRPC varies them by a tenth."""


def connection_age(grace: float, age: float = MAX_AGE) -> tuple[str, ...]:
    """What tritonserver is told. Calls in flight, streams too, get `grace` seconds beyond `age`."""
    return (
        f"--grpc-max-connection-age={age * 1000:.0f}",
        f"--grpc-max-connection-age-grace={grace * 1000:.0f}",
    )
