"""Components: what they consist of, and which others they need."""

import pulumi
import pulumi_aws as aws
from pulumi import ResourceOptions

from slipway.stack.program import record
from slipway.stack.summary import components, total


class Store(pulumi.ComponentResource):
    """Two buckets, one of them within a component of its own."""

    def __init__(self, name, opts=None):
        super().__init__("slipway:test:Store", name, None, opts)
        self.bucket = aws.s3.Bucket(f"{name}-bucket", opts=ResourceOptions(parent=self))
        inner = Inner(f"{name}-inner", ResourceOptions(parent=self))
        self.register_outputs({"inner": inner.bucket.id})


class Inner(pulumi.ComponentResource):
    """A bucket."""

    def __init__(self, name, opts=None):
        super().__init__("slipway:test:Inner", name, None, opts)
        self.bucket = aws.s3.Bucket(f"{name}-bucket", opts=ResourceOptions(parent=self))
        self.register_outputs({})


class Reader(pulumi.ComponentResource):
    """A parameter that names a bucket."""

    def __init__(self, name, bucket, opts=None):
        super().__init__("slipway:test:Reader", name, None, opts)
        aws.ssm.Parameter(
            f"{name}-p", type="String", value=bucket, opts=ResourceOptions(parent=self)
        )
        self.register_outputs({})


def program():
    provider = aws.Provider("aws", region="eu-central-1")
    opts = ResourceOptions(providers=[provider])
    Reader("reader", Store("store", opts).bucket.id, opts)


def test_a_component_counts_what_is_below_it_however_deep():
    store, reader = components(record(program))
    assert (store.name, store.kind, store.counts) == ("store", "Store", (("Bucket", 2),))
    assert (reader.total, reader.needs) == (1, ("store",))
    assert store.needs == ()


def test_the_total_leaves_out_what_aws_is_not_asked_for():
    assert total(record(program)) == 3
