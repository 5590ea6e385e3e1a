"""How much a stack is used, of which its declaration says nothing."""

from dataclasses import dataclass, field

from slipway.stack.cost.ranges import Range


@dataclass(frozen=True)
class Usage:
    """A month of use. The defaults reach from a stack that is hardly used to a busy one: they are
    suppositions, each of them is listed with an estimate, and `replace` puts one's own in.
    """

    nat_gb: Range = field(default=Range.of(10, 500))
    """GB through one NAT gateway, in both directions: images, packages, AWS APIs without endpoint.
    """
    endpoint_gb: Range = field(default=Range.of(1, 100))
    """GB through one interface endpoint, in all zones together."""
    balancer_units: Range = field(default=Range.of(0, 5))
    """LCUs (or NLCUs) of a load balancer, averaged over the hours of the month."""
    out_gb: Range = field(default=Range.of(1, 500))
    """GB that a public load balancer sends to the internet: the answers of the models."""
    requests: Range = field(default=Range.of(100_000, 50_000_000))
    """Requests that a web ACL looks at."""
    bucket_gb: Range = field(default=Range.of(5, 500))
    """GB stored in one bucket, with old versions."""
    bucket_writes: Range = field(default=Range.of(1_000, 1_000_000))
    """Requests that write to or list one bucket."""
    bucket_reads: Range = field(default=Range.of(10_000, 5_000_000))
    """Requests that read one bucket."""
    image_gb: Range = field(default=Range.of(10, 100))
    """GB of container images in one repository; an image with Triton has about 10."""
    log_gb: Range = field(default=Range.of(1, 50))
    """GB written to one log group."""
    kms_requests: Range = field(default=Range.of(10_000, 1_000_000))
    """Requests to one key."""
    dns_queries: Range = field(default=Range.of(0, 10_000_000))
    """Queries to one hosted zone, or private DNS namespace."""
    notifications: Range = field(default=Range.of(10, 1_000))
    """Messages that one topic receives and sends to each of its subscriptions."""
    models: Range = field(default=Range.of(1, 10))
    """Models that are served, each of which has metrics of its own."""
    insights_metrics: Range = field(default=Range.of(50, 500))
    """Metrics of Container Insights for one ECS cluster, of its services, tasks and containers."""
