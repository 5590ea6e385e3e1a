"""What keeps buckets, servers and subnets from being public."""

import pytest

from slipway.stack.exposure import Kind, Severity, delta
from tests.stacks import evaluated
from tests.unit.stack.exposure.graphs import changed, closed, graph, opened, resource, without

ON = dict.fromkeys(
    ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets"), True
)
BLOCK = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"


def bucket(*more):
    return graph(resource("Bucket", "b"), resource(BLOCK, "block", bucket="@b.id@", **ON), *more)


def test_a_block_that_is_gone_or_off_is_grave():
    base = bucket()
    (finding,) = delta(base, without(base, "block"))
    assert finding.said.startswith("the bucket b is no longer kept from being public (off: block")
    assert (finding.kind, finding.severity) == (Kind.PUBLIC, Severity.HIGH)
    head = changed(base, "block", blockPublicPolicy=False)
    assert opened(base, head) == [
        "the bucket b is no longer kept from being public (off: blockPublicPolicy)"
    ]
    assert closed(head, base) == [
        "the bucket b is now kept from being public (on: blockPublicPolicy)"
    ]


def test_a_new_bucket_without_a_block_is_said_and_a_deleted_one_is_not():
    assert "new and not kept from being public" in opened(graph(), without(bucket(), "block"))[0]
    assert delta(graph(), bucket()) == ()
    assert delta(bucket(), graph()) == ()


def test_the_block_of_the_account_is_one_too():
    type_ = "aws:s3/accountPublicAccessBlock:AccountPublicAccessBlock"
    base = graph(resource(type_, "account", **ON))
    assert len(opened(base, graph())) == 1
    assert len(closed(graph(), base)) == 1


def test_acls_that_open_a_bucket_and_that_count_again_are_said():
    acl = resource("aws:s3/bucketAcl:BucketAcl", "acl", bucket="@b.id@", acl="public-read")
    (finding,) = delta(bucket(), bucket(acl))
    assert finding.said == "the ACL of the bucket b opens it"
    assert finding.severity == Severity.CRITICAL
    controls = resource(
        "aws:s3/bucketOwnershipControls:BucketOwnershipControls",
        "controls",
        bucket="@b.id@",
        rule={"objectOwnership": "ObjectWriter"},
    )
    assert opened(bucket(), bucket(controls)) == ["ACLs of the bucket b count again"]
    assert closed(bucket(controls), bucket()) == ["ACLs of the bucket b no longer count"]


def test_public_addresses_of_servers_and_tasks_are_said():
    closed_card = {"associatePublicIpAddress": "false"}
    base = graph(
        resource("Template", "t", networkInterfaces=[closed_card]),
        resource("aws:ecs/service:Service", "s", networkConfiguration={"assignPublicIp": False}),
        resource("aws:ec2/instance:Instance", "i", associatePublicIpAddress=False),
    )
    head = changed(base, "t", networkInterfaces=[{"associatePublicIpAddress": "true"}])
    assert opened(base, head) == ["t now has a public address"]
    head = changed(base, "s", networkConfiguration={"assignPublicIp": True})
    assert opened(base, head) == ["s now has a public address"]
    eip = resource("aws:ec2/eip:Eip", "eip", instance="@i.id@")
    assert opened(base, graph(*base.resources, eip)) == ["i now has a public address"]
    assert closed(graph(*base.resources, eip), base) == ["i no longer has a public address"]


def subnet(**route):
    table = {"routeTableId": "@table.id@", "destinationCidrBlock": "0.0.0.0/0", **route}
    return graph(
        resource("aws:ec2/internetGateway:InternetGateway", "out"),
        resource("aws:ec2/natGateway:NatGateway", "nat"),
        resource("Subnet", "subnet"),
        resource("aws:ec2/routeTable:RouteTable", "table"),
        resource("aws:ec2/route:Route", "route", **table),
        resource(
            "aws:ec2/routeTableAssociation:RouteTableAssociation",
            "link",
            routeTableId="@table.id@",
            subnetId="@subnet.id@",
        ),
    )


def test_a_subnet_with_a_route_to_the_internet_is_public():
    nat, out = subnet(natGatewayId="@nat.id@"), subnet(gatewayId="@out.id@")
    assert opened(nat, out) == ["the subnet subnet now has a route to and from the internet"]
    assert len(closed(out, nat)) == 1
    inline = graph(
        *without(out, "route", "table").resources,
        resource("aws:ec2/routeTable:RouteTable", "table", routes=[{"gatewayId": "@out.id@"}]),
    )
    assert delta(out, inline) == ()


def test_a_subnet_that_gives_public_addresses_is_said():
    base = graph(resource("Subnet", "subnet", mapPublicIpOnLaunch=False))
    assert len(opened(base, changed(base, "subnet", mapPublicIpOnLaunch=True))) == 1


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"httpTokens": "optional"}, ["the servers of t no longer insist on IMDSv2"]),
        ({"httpTokens": "optional", "httpEndpoint": "disabled"}, []),
        (
            {"httpTokens": "required", "httpPutResponseHopLimit": 2},
            ["the credentials of the servers of t reach 2 network hops instead of 1"],
        ),
    ],
)
def test_instance_metadata_is_kept_from_requests_that_are_forged(options, expected):
    base = graph(resource("Template", "t", metadataOptions={"httpTokens": "required"}))
    head = changed(base, "t", metadataOptions=options)
    assert opened(base, head) == expected
    assert len(closed(head, base)) == len(expected)


def test_the_real_store_without_its_block_is_found():
    base = evaluated("prod")
    (said,) = opened(base, without(base, "prod-store-closed"))
    assert said.startswith("the bucket prod-store-bucket is no longer kept from being public")
