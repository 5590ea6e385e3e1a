"""Programs that compute with what only AWS knows, each caught; and those that only pass it on."""

import base64
import gzip
import hashlib

import pulumi
import pulumi_aws as aws
import pytest

from slipway.stack.consistency import Derived, decoded, settle
from slipway.stack.load import load
from slipway.stack.outputs import FIRST, SECOND
from slipway.stack.program import record
from tests.stacks import ENVIRONMENTS, ROOT, SHAPES, evaluated

KEY = b"k" * 32


def settled(program):
    return settle(*(record(program, outputs=outputs) for outputs in (FIRST, SECOND)))


def findings(program):
    """Of both runs: names of resources and paths of properties."""
    return [(one.urn.rpartition("::")[2], one.path) for one in settled(program).derived]


def parameter(value, name="it"):
    aws.ssm.Parameter(name, name=f"/{name}", type="String", value=value)


def topic():
    return aws.sns.Topic("topic")


def cluster():
    return aws.eks.Cluster(
        "cluster", role_arn="arn:aws:iam::123456789012:role/r", vpc_config={"subnet_ids": ["a"]}
    )


COMPUTED = {
    "hashed": lambda arn: hashlib.sha256(arn.encode()).hexdigest(),
    "cut at its start": lambda arn: arn[:12],
    "cut at its end": lambda arn: arn[4:],
    "split at colons": lambda arn: arn.split(":")[-1],
    "split at slashes": lambda arn: arn.split("/")[-1],
    "split at dots": lambda arn: arn.split(".")[0],
    "split at dashes": lambda arn: arn.split("-")[0],
    "split at underscores": lambda arn: arn.split("_")[-1],
    "compressed": lambda arn: base64.b64encode(gzip.compress(arn.encode(), mtime=0)).decode(),
    "measured": lambda arn: str(len(arn)),
    "in capitals": str.upper,
    "in small letters": str.lower,
    "in title case": str.title,
    "swapped in case": str.swapcase,
    "with a part replaced": lambda arn: arn.replace("a", "b"),
    "with colons replaced": lambda arn: arn.replace(":", "_"),
    "reversed": lambda arn: arn[::-1],
    "in base32": lambda arn: base64.b32encode(arn.encode()).decode(),
    "compared": lambda arn: "yes" if arn.startswith("arn:aws-cn") else arn[0:0] + str(":" in arn),
}


@pytest.mark.parametrize("how", COMPUTED)
def test_a_reference_that_is_computed_with_is_found_where_it_ends(how):
    def program():
        parameter(topic().arn.apply(COMPUTED[how]))

    assert findings(program) == [("it", "value")]


def test_what_is_found_has_its_urn_its_path_and_a_reason():
    (found,) = settled(lambda: parameter(topic().arn.apply(str.upper))).derived
    assert found.urn.endswith("aws:ssm/parameter:Parameter::it")
    assert "only AWS knows" in found.why


def test_a_list_of_outputs_that_is_joined_is_found():
    def program():
        zone = aws.route53.Zone("zone", name="example.com")
        parameter(zone.name_servers.apply(",".join))

    assert findings(program) == [("it", "value")]


def test_an_item_of_a_list_of_outputs_that_is_counted_from_the_end_is_found():
    def program():
        zone = aws.route53.Zone("zone", name="example.com")
        parameter(zone.name_servers.apply(lambda names: names[-1]))

    assert findings(program) == [("it", "value")]


def test_how_many_outputs_a_list_has_is_found_where_it_is_used():
    def program():
        zone = aws.route53.Zone("zone", name="example.com")
        parameter(zone.name_servers.apply(lambda names: str(len(names))))

    assert findings(program) == [("it", "value")]


def test_a_list_of_outputs_in_another_order_or_shortened_is_found():
    def program():
        zone = aws.route53.Zone("zone", name="example.com")
        for name, change in (("turned", lambda n: n[::-1]), ("cut", lambda n: n[1:])):
            servers = zone.name_servers.apply(change)
            aws.route53.Record(name, zone_id=zone.id, name=name, type="NS", ttl=60, records=servers)

    assert findings(program) == [("turned", "records"), ("cut", "records")]


def test_a_boolean_output_that_decides_a_branch_is_found():
    def program():
        address = aws.ec2.Instance("server", ami="ami-1", instance_type="t3.micro")
        parameter(address.ebs_optimized.apply(lambda yes: "fast" if yes else "slow"))

    assert findings(program) == [("it", "value")]


def test_a_boolean_output_that_is_passed_on_is_found_as_well():
    def program():
        server = aws.ec2.Instance("server", ami="ami-1", instance_type="t3.micro")
        aws.sqs.Queue("queue", fifo_queue=server.ebs_optimized)

    assert findings(program) == [("queue", "fifoQueue")]


@pytest.mark.parametrize(
    "change",
    [lambda n: n + 1, lambda n: n * 2, lambda n: n / 3, lambda n: n % 7, lambda n: n % 10, abs],
    ids=["plus", "times", "divided", "remainder", "last digit", "absolute"],
)
def test_arithmetic_on_a_number_is_found_and_the_number_alone_is_not(change):
    def program():
        template = aws.ec2.LaunchTemplate("template", image_id="ami-1")
        parameter(template.latest_version.apply(lambda n: str(change(n))))

    assert findings(program) == ([] if change is abs else [("it", "value")])


def test_a_comparison_with_a_number_is_found_where_the_two_runs_part():
    def program():
        template = aws.ec2.LaunchTemplate("template", image_id="ami-1")
        parameter(template.latest_version.apply(lambda n: "odd" if n > 10**10 else "even"))

    assert findings(program) == [("it", "value")]


def test_a_key_of_a_map_of_outputs_is_found():
    def program():
        parameter(topic().tags_all.apply(lambda tags: tags.get("key", "none")))

    assert findings(program) == [("it", "value")]


def test_the_keys_of_a_map_of_outputs_are_found_one_by_one():
    def program():
        aws.sqs.Queue("queue", tags=topic().tags_all)

    assert findings(program) == [("queue", "tags.key")]


def test_resources_made_in_a_loop_over_an_unknown_list_are_found_as_a_whole():
    def program():
        zone = aws.route53.Zone("zone", name="example.com")

        def each(names):
            for number, name in enumerate(names):
                parameter(name, f"server-{number}")

        zone.name_servers.apply(each)

    found = settled(program)
    assert [(d.urn.rpartition("::")[2], d.path) for d in found.derived] == [("server-1", "")]
    # What one run alone has made cannot be in the graph; what is found names it.
    assert [r.name for r in found.graph.of("Parameter")] == ["server-0"]


def test_resources_that_only_the_first_run_has_made_are_found_and_kept():
    def program():
        server = aws.ec2.Instance("server", ami="ami-1", instance_type="t3.micro")
        server.ebs_optimized.apply(lambda yes: None if yes else parameter("slow"))

    found = settled(program)
    assert [(d.urn.rpartition("::")[2], d.path) for d in found.derived] == [("it", "")]
    assert found.graph.named("it").properties["value"] == "slow"


def test_a_property_that_only_one_run_has_set_is_found():
    def program():
        tags = topic().fifo_topic.apply(lambda yes: {"a": "1"} if yes else {"b": "2"})
        aws.sqs.Queue("queue", tags=tags)

    first, second = (record(program, outputs=outputs) for outputs in (FIRST, SECOND))
    assert first.named("queue").properties != second.named("queue").properties
    assert findings(program) == [("queue", "tags.a"), ("queue", "tags.b")]


def test_an_output_of_the_stack_that_is_computed_is_found_with_an_empty_urn():
    def program():
        pulumi.export("short", topic().arn.apply(lambda arn: arn[:5]))
        pulumi.export("whole", pulumi.Output.from_input("x"))

    assert settled(program).derived == (Derived("", "short"),)


def test_a_computed_value_deep_within_others_is_named_by_its_path():
    def program():
        bad = topic().arn.apply(str.upper)
        aws.lambda_.Function(
            "function",
            role="r",
            runtime="python3.13",
            handler="a.b",
            environment={"variables": {"GOOD": "x", "BAD": bad}},
        )
        aws.ec2.SecurityGroup(
            "group", ingress=[{"protocol": "-1", "from_port": 0, "to_port": 0, "description": bad}]
        )

    assert sorted(findings(program)) == [
        ("function", "environment.variables.BAD"),
        ("group", "ingress[0].description"),
    ]


def test_a_key_that_is_computed_from_an_output_is_found():
    def program():
        aws.sqs.Queue("queue", tags=topic().arn.apply(lambda arn: {arn: "x"}))

    assert [name for name, _ in findings(program)] == ["queue", "queue"]


RIGHT = {
    "alone": lambda t: t.arn,
    "concatenated": lambda t: pulumi.Output.concat("a:", t.arn, "/", t.id, "-b"),
    "formatted": lambda t: pulumi.Output.format("{0}/{id}", t.arn, id=t.id),
    "in a text": lambda t: t.arn.apply(lambda arn: f"<{arn}> and {arn}"),
    "as JSON": lambda t: pulumi.Output.json_dumps({"Resource": [t.arn, {"deep": t.id}]}),
    "as JSON within JSON": lambda t: pulumi.Output.json_dumps(
        {"text": pulumi.Output.json_dumps({"arn": t.arn})}
    ),
    "as base64": lambda t: t.arn.apply(
        lambda arn: base64.b64encode(f"#!/bin/sh\necho {arn}\n".encode()).decode()
    ),
    "as base64 of a few letters": lambda t: t.id.apply(
        lambda id_: base64.b64encode(id_.encode()).decode()
    ),
    "two side by side": lambda t: pulumi.Output.concat(t.arn, t.id),
}


@pytest.mark.parametrize("how", RIGHT)
def test_a_reference_that_is_only_passed_on_is_no_finding(how):
    assert findings(lambda: parameter(RIGHT[how](topic()))) == []


def test_a_number_in_a_text_or_in_json_is_no_finding():
    def program():
        template = aws.ec2.LaunchTemplate("template", image_id="ami-1")
        parameter(pulumi.Output.format("version {0}.", template.latest_version), "text")
        parameter(pulumi.Output.json_dumps({"v": template.latest_version}), "json")
        aws.autoscaling.Group(
            "group", min_size=1, max_size=template.latest_version, name="g", load_balancers=["x"]
        )

    assert findings(program) == []


def test_a_nested_output_and_the_first_item_of_a_list_are_no_finding():
    def program():
        parameter(cluster().certificate_authority.data, "authority")
        certificate = aws.acm.Certificate("certificate", domain_name="example.com")
        option = certificate.domain_validation_options[0]
        parameter(option.resource_record_name, "record")
        parameter(aws.route53.Zone("zone", name="example.com").name_servers[0], "server")

    assert findings(program) == []


def test_a_whole_list_that_is_passed_on_becomes_one_reference():
    def program():
        zone = aws.route53.Zone("zone", name="example.com")
        aws.route53.Record(
            "record", zone_id=zone.id, name="a", type="NS", ttl=60, records=zone.name_servers
        )

    found = settled(program)
    assert found.derived == ()
    records = found.graph.named("record").properties["records"]
    assert records == "@zone.nameServers@"
    reference = found.graph.references[records]
    assert (found.graph.target(records).name, reference.property) == ("zone", "nameServers")


def test_a_list_of_single_references_stays_a_list():
    def program():
        subnets = [aws.ec2.Subnet(f"subnet-{n}", vpc_id="vpc-1").id for n in range(2)]
        aws.ec2.VpcEndpoint("one", vpc_id="v", service_name="s", subnet_ids=subnets[:1])
        aws.ec2.VpcEndpoint("two", vpc_id="v", service_name="s", subnet_ids=subnets)

    found = settled(program)
    assert found.derived == ()
    assert found.graph.named("one").properties["subnetIds"] == ["@subnet-0.id@"]
    assert found.graph.named("two").properties["subnetIds"] == ["@subnet-0.id@", "@subnet-1.id@"]


def test_what_was_settled_has_the_references_of_the_first_run():
    def program():
        parameter(topic().arn)

    found = settled(program)
    assert found.graph.named("it").properties["value"] == "@topic.arn@"
    assert found.graph.target("@topic.arn@").name == "topic"


def test_a_resource_that_is_named_after_an_output_is_found_in_both_runs():
    def program():
        topic().arn.apply(lambda arn: parameter("x", f"name-{arn}"))

    assert [path for _, path in findings(program)] == ["", ""]


def test_base64_is_read_only_where_it_is_text():
    encoded = base64.b64encode(b"a text that is long enough").decode()
    assert decoded(encoded) == "a text that is long enough"
    assert decoded(encoded[:-1]) is None
    assert decoded("short") is None
    assert decoded("no base64, but a text of words..") is None
    assert decoded(base64.b64encode(bytes(range(128, 160))).decode()) is None


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_nothing_of_our_own_stacks_is_computed_from_what_only_aws_knows(environment, shape):
    second = load(ROOT, environment, shape=shape, outputs=SECOND, key=KEY)
    found = settle(evaluated(environment, shape), second)
    assert [(d.urn, d.path) for d in found.derived] == []
