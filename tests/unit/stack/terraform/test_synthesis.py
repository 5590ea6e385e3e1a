"""Programs of a few lines as Terraform JSON, with a provider of a few types."""

import base64
import json
from dataclasses import replace

import pulumi
import pulumi_aws as aws
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pulumi import ResourceOptions

from slipway.stack.graph import texts
from slipway.stack.terraform.names import camel
from tests.unit.stack.terraform.provider import (
    PARAMETER,
    RESOURCES,
    TOPIC,
    TYPES,
    VPC,
    graph,
    recorded,
    resource,
    schema,
    synthesis,
)


class Put:
    """Writes graphs that are made by hand."""

    def __init__(self, folder):
        self._folder = folder

    def of(self, stack, **options):
        return synthesis(stack, self._folder, **options)

    def __call__(self, *resources, gaps=()):
        found = self.of(graph(*resources))
        assert [(gap.urn.rpartition("::")[2], gap.property) for gap in found.gaps] == list(gaps)
        return found


@pytest.fixture
def put(tmp_path):
    return Put(tmp_path)


@pytest.fixture
def written(tmp_path):
    """Write a program; what is written of each resource is under its type and label."""

    def write(program, gaps=(), **options):
        found = synthesis(recorded(lambda: program() and None, **options), tmp_path)
        assert [(gap.urn.rpartition("::")[2], gap.property) for gap in found.gaps] == list(gaps)
        return found

    return write


def body(found, type_, label):
    return found.document["resource"][type_][label]


def value(found, label="it"):
    return body(found, "aws_ssm_parameter", label)["insecure_value"]


def parameter(value, name="it", **more):
    aws.ssm.Parameter(name, name=f"/{name}", type="String", insecure_value=value, **more)


def test_a_resource_is_written_by_the_names_of_the_provider(written):
    found = written(lambda: aws.ec2.Vpc("net", cidr_block="10.0.0.0/16", tags={"Some-Key": "x"}))
    assert found.document["resource"] == {
        "aws_vpc": {"net": {"cidr_block": "10.0.0.0/16", "tags": {"Some-Key": "x"}}}
    }
    assert found.addresses == {"urn:pulumi:dev::slipway::aws:ec2/vpc:Vpc::net": "aws_vpc.net"}
    assert found.document["provider"] == {"aws": [{"region": "eu-central-1"}]}
    assert found.document["terraform"]["required_providers"]["aws"]["version"] == "1.0.0"
    assert not found.document.keys() & {"moved", "import", "variable", "output"}


def test_references_stand_in_texts_and_json_as_interpolations(written):
    def program():
        topic = aws.sns.Topic("a-topic")
        parameter(topic.arn, "arn")
        parameter(topic.id, "id")
        parameter(pulumi.Output.concat("x ", topic.arn, "/", topic.arn), "two")
        parameter(pulumi.Output.json_dumps({"a": [topic.arn]}), "json")

    found = written(program)
    assert value(found, "arn") == "${aws_sns_topic.a_topic.arn}"
    assert value(found, "id") == "${aws_sns_topic.a_topic.id}"
    assert value(found, "two") == "x ${aws_sns_topic.a_topic.arn}/${aws_sns_topic.a_topic.arn}"
    assert value(found, "json") == '{"a": ["${aws_sns_topic.a_topic.arn}"]}'
    assert "depends_on" not in body(found, "aws_ssm_parameter", "arn")


def test_nested_references_go_through_lists_of_one_and_sets(written):
    def program():
        cluster = aws.eks.Cluster("cluster", role_arn="r", vpc_config={"subnet_ids": ["a"]})
        parameter(cluster.certificate_authority.data, "data")
        certificate = aws.acm.Certificate("cert", domain_name="example.com")
        parameter(certificate.domain_validation_options[0].resource_record_name, "record")
        zone = aws.route53.Zone("zone", name="example.com")
        parameter(zone.name_servers[0], "server")

    found = written(program)
    assert value(found, "data") == "${aws_eks_cluster.cluster.certificate_authority[0].data}"
    options = "tolist(aws_acm_certificate.cert.domain_validation_options)"
    assert value(found, "record") == f"${{{options}[0].resource_record_name}}"
    assert value(found, "server") == "${aws_route53_zone.zone.name_servers[0]}"


def test_a_whole_list_is_one_expression(written):
    def program():
        zone = aws.route53.Zone("zone", name="example.com")
        aws.route53.Record(
            "ns", zone_id=zone.id, name="a", type="NS", ttl=60, records=zone.name_servers
        )

    record = body(written(program), "aws_route53_record", "ns")
    assert record["records"] == "${aws_route53_zone.zone.name_servers}"


def test_one_item_of_a_list_stays_in_a_list(written):
    def program():
        zone = aws.route53.Zone("zone", name="example.com")
        first = [zone.name_servers[0]]
        aws.route53.Record("ns", zone_id="z", name="a", type="NS", ttl=60, records=first)

    record = body(written(program), "aws_route53_record", "ns")
    assert record["records"] == ["${aws_route53_zone.zone.name_servers[0]}"]


def test_base64_with_a_reference_is_encoded_by_terraform_and_without_one_is_left(written):
    def encoded(text):
        return base64.b64encode(text.encode()).decode()

    script = '#!/bin/sh\necho "${HOME}" %{x} \\ über '

    def program():
        topic = aws.sns.Topic("topic")
        aws.ec2.LaunchTemplate("plain", image_id="a", user_data=encoded(script))
        data = topic.arn.apply(lambda arn: encoded(script + arn))
        aws.ec2.LaunchTemplate("with", image_id="a", user_data=data)

    found = written(program)
    assert body(found, "aws_launch_template", "plain")["user_data"] == encoded(script)
    assert body(found, "aws_launch_template", "with")["user_data"] == (
        '${base64encode("#!/bin/sh\\necho \\"$${HOME}\\" %%{x} \\\\ über '
        '${aws_sns_topic.topic.arn}")}'
    )


def test_what_looks_like_a_template_is_escaped(written):
    found = written(lambda: parameter("${HOME} %{if} $HOME 100% $${x}"))
    assert value(found) == "$${HOME} %%{if} $HOME 100% $$${x}"


def test_a_number_is_a_number_and_an_unknown_one_an_expression(written):
    def program():
        template = aws.ec2.LaunchTemplate("template", image_id="a")
        parameter(pulumi.Output.format("v{0}", template.latest_version), "text")
        aws.route53.Record(
            "known", zone_id="z", name="a", type="A", ttl=7_000_000_001, records=["x"]
        )
        ttl = template.latest_version
        aws.route53.Record("unknown", zone_id="z", name="a", type="A", ttl=ttl, records=["x"])

    found = written(program)
    version = "${aws_launch_template.template.latest_version}"
    assert value(found, "text") == f"v{version}"
    assert body(found, "aws_route53_record", "known")["ttl"] == 7_000_000_001
    assert body(found, "aws_route53_record", "unknown")["ttl"] == version


def test_blocks_that_pulumi_flattens_are_lists(written):
    def program():
        aws.ec2.LaunchTemplate(
            "template",
            monitoring={"enabled": True},
            block_device_mappings=[
                {"device_name": "/dev/xvda", "ebs": {"volume_size": 8}},
                {"device_name": "/dev/xvdb"},
            ],
            network_interfaces=[{"security_groups": ["sg-1"]}],
        )

    assert body(written(program), "aws_launch_template", "template") == {
        "monitoring": [{"enabled": True}],
        "block_device_mappings": [
            {"device_name": "/dev/xvda", "ebs": [{"volume_size": 8}]},
            {"device_name": "/dev/xvdb"},
        ],
        "network_interfaces": [{"security_groups": ["sg-1"]}],
    }


def test_a_list_of_objects_names_every_field(put):
    found = put(
        resource(
            "aws:ec2/securityGroup:SecurityGroup",
            properties={"ingress": [{"fromPort": 80, "cidrBlocks": ["0.0.0.0/0"]}]},
        )
    )
    assert body(found, "aws_security_group", "it")["ingress"] == [
        {"from_port": 80, "cidr_blocks": ["0.0.0.0/0"], "description": None}
    ]


def test_a_map_in_the_place_of_a_list_of_maps_is_its_one_item(put):
    found = put(resource("aws:eks/cluster:Cluster", properties={"extras": {"a": "b"}}))
    assert body(found, "aws_eks_cluster", "it")["extra"] == [{"a": "b"}]


def test_what_is_no_text_becomes_json_where_the_provider_wants_text(put):
    policy = {"Statement": [{"Resource": "@it.arn@"}]}
    found = put(resource(TOPIC, properties={"policy": policy}))
    assert json.loads(body(found, "aws_sns_topic", "it")["policy"]) == {
        "Statement": [{"Resource": "${aws_sns_topic.it.arn}"}]
    }


def test_a_map_keeps_its_keys_and_a_reference_to_a_whole_one_is_an_expression(put):
    found = put(resource(VPC, properties={"tags": {"Name.x": "@it.arn@", "${a}": "${b}"}}))
    assert body(found, "aws_vpc", "it")["tags"]["Name.x"] == "${aws_vpc.it.arn}"


def test_secrets_are_sensitive_variables(put):
    found = put(
        resource(
            PARAMETER,
            "a-b",
            properties={"value": "hush", "description": "known", "tags": {"a": "b", "c": "d"}},
            secrets=("value", "tags.c"),
        )
    )
    written = body(found, "aws_ssm_parameter", "a_b")
    assert written["value"] == "${var.aws_ssm_parameter_a_b_secret_0}"
    assert written["tags"] == {"a": "b", "c": "${var.aws_ssm_parameter_a_b_secret_1}"}
    assert written["description"] == "known"
    assert found.variables == {
        "aws_ssm_parameter_a_b_secret_0": "hush",
        "aws_ssm_parameter_a_b_secret_1": "d",
    }
    assert found.document["variable"].keys() == found.variables.keys()
    assert all(
        v == {"type": "string", "sensitive": True} for v in found.document["variable"].values()
    )
    assert "hush" not in json.dumps(found.document)


def test_all_of_a_secret_object_is_secret(put):
    found = put(
        resource(
            "aws:lambda/function:Function",
            properties={"environment": {"variables": {"A": "one", "B": "two"}}, "role": "r"},
            secrets=("environment",),
        ),
        resource(
            "aws:ec2/launchTemplate:LaunchTemplate",
            properties={"blockDeviceMappings": [{"deviceName": "a"}, {"deviceName": "b"}]},
            secrets=("blockDeviceMappings[1]",),
        ),
    )
    assert sorted(found.variables.values()) == ["b", "one", "two"]
    (environment,) = body(found, "aws_lambda_function", "it")["environment"]
    assert environment["variables"]["A"] == "${var.aws_lambda_function_it_secret_0}"


def test_an_output_that_is_marked_secret_is_still_a_reference(put):
    found = put(
        resource(TOPIC, "topic"),
        resource(
            PARAMETER, properties={"insecureValue": "@topic.arn@"}, secrets=("insecureValue",)
        ),
    )
    assert value(found) == "${aws_sns_topic.topic.arn}"
    assert found.variables == {}


def test_outputs_are_written_and_secret_ones_are_sensitive(tmp_path):
    stack = graph(
        resource(TOPIC, "topic"),
        outputs={"arn": "@topic.arn@", "deep": {"a": ["@topic.id@", 1]}, "s": "hush", "n": 3},
        output_secrets=("s",),
    )
    found = synthesis(stack, tmp_path)
    assert found.document["output"] == {
        "arn": {"value": "${aws_sns_topic.topic.arn}"},
        "deep": {"value": '{"a": ["${aws_sns_topic.topic.id}", 1]}'},
        "s": {"value": "${var.output_s_secret_0}", "sensitive": True},
        "n": {"value": "3"},
    }
    assert found.variables == {"output_s_secret_0": "hush"}


def test_the_text_of_an_asset_is_a_file_and_the_path_of_one_is_a_path(written):
    def program():
        for name, asset in (
            ("text", pulumi.StringAsset("content ${x}")),
            ("path", pulumi.FileAsset("a/b.txt")),
        ):
            aws.s3.BucketObjectv2(name, bucket="b", key=name, source=asset)

    found = written(program)
    assert body(found, "aws_s3_object", "text")["source"] == (
        "${path.module}/aws_s3_object_text_asset_0"
    )
    assert found.files == {"aws_s3_object_text_asset_0": "content ${x}"}
    assert body(found, "aws_s3_object", "path")["source"] == "a/b.txt"


def test_an_archive_and_a_remote_asset_are_reported(written):
    def program():
        code = pulumi.AssetArchive({"a.py": pulumi.StringAsset("x")})
        aws.lambda_.Function("function", role="r", code=code)
        remote = pulumi.RemoteAsset("https://example.com/x")
        aws.s3.BucketObjectv2("object", bucket="b", key="k", source=remote)

    written(program, gaps=[("function", "code"), ("object", "source")])


def test_protection_ignored_changes_and_timeouts_are_lifecycle(written):
    def program():
        options = ResourceOptions(
            protect=True,
            ignore_changes=["displayName", "tags"],
            custom_timeouts=pulumi.CustomTimeouts(create="5m", delete="1h"),
        )
        aws.sns.Topic("topic", opts=options)
        aws.sns.Topic("all", opts=ResourceOptions(ignore_changes=["*"]))
        aws.sns.Topic("none")

    found = written(program)
    assert body(found, "aws_sns_topic", "topic") == {
        "lifecycle": [{"prevent_destroy": True, "ignore_changes": ["display_name", "tags"]}],
        "timeouts": {"create": "5m", "delete": "1h"},
    }
    assert body(found, "aws_sns_topic", "all")["lifecycle"] == [{"ignore_changes": "all"}]
    assert body(found, "aws_sns_topic", "none") == {}


def test_a_part_of_a_property_that_is_ignored_is_reported_and_all_of_it_is_ignored(put):
    found = put(
        resource(VPC, ignore_changes=("tags.Name", "nothing", "tagsAll[0]")),
        gaps=[("it", "tags.Name"), ("it", "nothing"), ("it", "tagsAll[0]")],
    )
    (lifecycle,) = body(found, "aws_vpc", "it")["lifecycle"]
    assert lifecycle["ignore_changes"] == ["tags", "tags_all"]


def test_options_that_terraform_has_no_word_for_are_reported(put):
    put(
        resource(
            VPC,
            replace_on_changes=("cidrBlock",),
            retain_on_delete=True,
            deleted_with="urn:x",
            timeouts={"create": "5m"},
        ),
        gaps=[
            ("it", "customTimeouts"),
            ("it", "replaceOnChanges"),
            ("it", "retainOnDelete"),
            ("it", "deletedWith"),
        ],
    )


def test_a_dependency_is_written_only_where_no_reference_says_it(written):
    def program():
        topic, other = aws.sns.Topic("topic"), aws.sns.Topic("other")
        parameter(topic.arn, "said", opts=ResourceOptions(depends_on=[topic]))
        parameter(topic.arn, "unsaid", opts=ResourceOptions(depends_on=[topic, other]))
        # The parameter's own name is an input that is given back as an output.
        echo = aws.ssm.Parameter("echo", name="/echo", type="String", value="x")
        parameter(echo.name, "echoed")

    found = written(program)
    assert "depends_on" not in body(found, "aws_ssm_parameter", "said")
    assert body(found, "aws_ssm_parameter", "unsaid")["depends_on"] == ["aws_sns_topic.other"]
    assert body(found, "aws_ssm_parameter", "echoed")["depends_on"] == ["aws_ssm_parameter.echo"]


def test_a_name_that_begins_like_another_does_not_say_the_other(written):
    def program():
        short, longer = aws.sns.Topic("topic"), aws.sns.Topic("topic_2")
        parameter(longer.arn, opts=ResourceOptions(depends_on=[short]))

    assert body(written(program), "aws_ssm_parameter", "it")["depends_on"] == [
        "aws_sns_topic.topic"
    ]


def test_providers_have_aliases_and_their_settings(written):
    def program():
        provider = aws.Provider(
            "other-region",
            region="us-east-1",
            max_retries=3,
            default_tags={"tags": {"owner": "me"}},
            allowed_account_ids=["123456789012"],
        )
        aws.sns.Topic("there", opts=ResourceOptions(provider=provider))
        aws.sns.Topic("here")

    found = written(program)
    (_, provider) = found.document["provider"]["aws"]
    assert {key: value for key, value in provider.items() if not key.startswith("skip_")} == {
        "alias": "other_region",
        "region": "us-east-1",
        "max_retries": 3,
        "default_tags": [{"tags": {"owner": "me"}}],
        "allowed_account_ids": ["123456789012"],
    }
    assert body(found, "aws_sns_topic", "there")["provider"] == "aws.other_region"
    assert "provider" not in body(found, "aws_sns_topic", "here")


def test_a_setting_that_the_provider_does_not_know_is_reported(written):
    written(
        lambda: aws.Provider("other", region="us-east-1", sts_region="x"),
        gaps=[("other", "stsRegion")],
    )


def test_an_alias_is_a_moved_block(written):
    def program():
        aws.sns.Topic("new", opts=ResourceOptions(aliases=[pulumi.Alias(name="old")]))
        aws.sns.Topic("kept", opts=ResourceOptions(aliases=[pulumi.Alias(name="new")]))
        aws.sns.Topic("same", opts=ResourceOptions(aliases=[pulumi.Alias(type_="x:y:Z")]))

    assert written(program).document["moved"] == [
        {"from": "aws_sns_topic.old", "to": "aws_sns_topic.new"}
    ]


def test_of_two_aliases_one_is_moved_for_terraform_takes_one(put):
    aliases = tuple(f"urn:pulumi:test::slipway::{TOPIC}::{name}" for name in ("older", "oldest"))
    found = put(resource(TOPIC, aliases=aliases))
    assert found.document["moved"] == [{"from": "aws_sns_topic.older", "to": "aws_sns_topic.it"}]
    stack = graph(resource(TOPIC, aliases=aliases))
    assert put.of(stack, former={stack.resources[0].urn: aliases[1]}).document["moved"] == [
        {"from": "aws_sns_topic.oldest", "to": "aws_sns_topic.it"}
    ]


def test_an_import_is_an_import(written):
    found = written(lambda: aws.ec2.Vpc("net", opts=ResourceOptions(import_="vpc-1")))
    assert found.document["import"] == [{"to": "aws_vpc.net", "id": "vpc-1"}]


def test_what_needs_a_name_and_has_none_is_named_as_pulumi_would(put):
    first, again = put(resource(PARAMETER)), put(resource(PARAMETER))
    name = body(first, "aws_ssm_parameter", "it")["name"]
    assert name.startswith("it-")
    assert name == body(again, "aws_ssm_parameter", "it")["name"]
    assert "name" not in body(put(resource(TOPIC)), "aws_sns_topic", "it"), "it need not have one"


def test_what_was_renamed_keeps_the_name_that_pulumi_gave_it(put):
    before, after = graph(resource(PARAMETER, "old")), graph(resource(PARAMETER, "new"))
    former = {after.resources[0].urn: before.resources[0].urn}
    named = put.of(before).document["resource"]["aws_ssm_parameter"]["old"]["name"]
    assert named.startswith("old-")
    assert body(put.of(after, former=former), "aws_ssm_parameter", "new")["name"] == named
    assert body(put.of(after), "aws_ssm_parameter", "new")["name"] != named


def test_an_argument_of_another_name_is_named_too(put):
    found = put(resource("aws:lambda/function:Function"))
    assert body(found, "aws_lambda_function", "it")["function_name"].startswith("it-")


def test_labels_that_clash_are_told_apart_and_none_begins_with_a_digit(put):
    found = put(
        resource(TOPIC, "a-b"),
        resource(TOPIC, "a.b"),
        resource(TOPIC, "1st"),
        resource(TOPIC, "ü/x"),
        resource(PARAMETER, "reads", properties={"insecureValue": "@a-b.arn@ @a.b.arn@"}),
    )
    labels = list(found.document["resource"]["aws_sns_topic"])
    assert labels[0] == "a_b"
    assert labels[1].startswith("a_b_")
    assert labels[2:] == ["_1st", "__x"]
    assert value(found, "reads") == (
        f"${{aws_sns_topic.a_b.arn}} ${{aws_sns_topic.{labels[1]}.arn}}"
    )
    assert len(set(found.addresses.values())) == 5


def test_types_that_terraform_does_not_know_are_reported_as_a_whole(put):
    found = put(
        resource("aws:qldb/ledger:Ledger"),
        resource("random:index/password:RandomPassword"),
        resource("pulumi-python:dynamic/x:Y"),
        resource("slipway:infra:Part", custom=False),
        gaps=[("it", "")] * 3,
    )
    assert "resource" not in found.document
    said = {gap.urn.split("::")[2]: gap.why for gap in found.gaps}
    assert "names.py" in said["aws:qldb/ledger:Ledger"]
    assert "not of AWS" in said["random:index/password:RandomPassword"]
    assert "Python code" in said["pulumi-python:dynamic/x:Y"]


def test_a_reference_to_what_terraform_does_not_know_is_reported(put):
    found = put(
        resource("random:index/password:RandomPassword", "password"),
        resource(PARAMETER, properties={"insecureValue": "@password.id@"}),
        gaps=[("password", ""), ("it", "insecureValue")],
    )
    assert value(found) == "@password.id@"


def test_a_reference_to_an_output_that_the_provider_has_not_is_reported(put):
    found = put(
        resource(VPC, "net"), resource(PARAMETER, properties={"insecureValue": "@net.value@"}),
        gaps=[("it", "insecureValue")],
    )  # fmt: skip
    assert found.gaps[0].why == "net has no value in this version of the provider"


def test_a_reference_to_an_argument_that_nothing_sets_is_reported(put):
    stack = graph(
        resource(TOPIC, "topic"), resource(PARAMETER, properties={"insecureValue": "@x@"})
    )
    reference = stack.references["@topic.arn@"]
    references = {"@x@": replace(reference, property="displayName")}
    found = put.of(replace(stack, references=references))
    assert [gap.why for gap in found.gaps] == ["it reads displayName of topic, which nothing sets"]


def test_an_argument_that_the_provider_does_not_know_is_dropped_and_reported(put):
    found = put(
        resource(VPC, properties={"cidrBlock": "10.0.0.0/16", "newFeature": True}),
        gaps=[("it", "newFeature")],
    )
    assert body(found, "aws_vpc", "it") == {"cidr_block": "10.0.0.0/16"}
    assert found.gaps[0].why == "this version of the provider does not know it"


def test_one_of_several_blocks_with_an_unknown_argument_is_dropped_as_a_whole(put):
    mappings = [{"deviceName": "a"}, {"deviceName": "b", "newFeature": 1}]
    found = put(
        resource(
            "aws:ec2/launchTemplate:LaunchTemplate", properties={"blockDeviceMappings": mappings}
        ),
        gaps=[("it", "blockDeviceMappings[1]")],
    )
    written = body(found, "aws_launch_template", "it")
    assert written["block_device_mappings"] == [{"device_name": "a"}]
    assert "newFeature" in found.gaps[0].why


def test_an_unknown_argument_of_the_only_block_is_dropped_alone(put):
    found = put(
        resource(
            "aws:ec2/launchTemplate:LaunchTemplate",
            properties={"monitoring": {"enabled": True, "newFeature": 1}},
        ),
        gaps=[("it", "monitoring.newFeature")],
    )
    assert body(found, "aws_launch_template", "it")["monitoring"] == [{"enabled": True}]


def test_something_else_where_the_provider_wants_an_object_is_reported(put):
    put(
        resource("aws:ec2/launchTemplate:LaunchTemplate", properties={"blockDeviceMappings": [3]}),
        gaps=[("it", "blockDeviceMappings[0]")],
    )


def test_a_region_that_is_the_providers_own_is_left_out_and_another_is_reported(put):
    put(resource(VPC, properties={"region": "eu-central-1"}))
    put(resource(VPC, properties={"region": "us-east-1"}), gaps=[("it", "region")])


def test_a_gap_of_the_stacks_outputs_has_no_urn(tmp_path):
    stack = graph(resource("random:index/id:Id", "x"), outputs={"a": "@x.id@"})
    assert [(gap.urn != "", gap.property) for gap in synthesis(stack, tmp_path).gaps] == [
        (True, ""),
        (False, "a"),
    ]


SCALARS = st.one_of(
    st.text("abc ${}%", max_size=8),
    st.integers(0, 99),
    st.booleans(),
    st.sampled_from(["@a.arn@", "${x}"]),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(["deviceName", "ebs", "volumeSize", "odd"]), inner),
    ),
    max_leaves=6,
)
ARGUMENTS = {camel(n) for r in RESOURCES.values() for n in r["block"]["attributes"]}
BLOCKS = {"blockDeviceMappings", "monitoring", "environment", "networkInterfaces", "vpcConfig"}
NAMES = st.sampled_from(sorted({*ARGUMENTS, *BLOCKS, "odd"}))
PROPERTIES = st.dictionaries(NAMES, VALUES, max_size=5)
GRAPHS = st.lists(
    st.tuples(st.sampled_from([*TYPES, "aws:qldb/ledger:Ledger", "random:x:Y"]), PROPERTIES),
    max_size=4,
)


def leaves(value, path):
    """Path and value of every text, number and boolean of a property."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from leaves(inner, f"{path}.{key}")
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from leaves(inner, f"{path}[{number}]")
    else:
        yield path, value


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    schema(folder := tmp_path_factory.mktemp("schema"))
    return folder


@settings(deadline=None, max_examples=300)
@given(found=GRAPHS)
def test_nothing_is_dropped_silently(folder, found):
    """Whatever a resource says is in the document, or it is in the gaps."""
    resources = [
        resource(type_, "abcd"[number], properties=properties)
        for number, (type_, properties) in enumerate(found)
    ]
    result = synthesis(graph(*resources), folder)
    for each in resources:
        gaps = [gap.property for gap in result.gaps if gap.urn == each.urn]
        address = result.addresses.get(each.urn)
        if address is None:
            assert gaps == [""]
            continue
        written = body(result, *address.split("."))
        everything = "\0".join([*texts(written), *map(str, booleans(written))]).lower()
        for path, value in leaves(each.properties, ""):
            covered = any(
                path.removeprefix(".") == gap
                or path.removeprefix(".").startswith((f"{gap}.", f"{gap}["))
                for gap in gaps
            )
            assert covered or shown(value) in everything, (path, written, gaps)


def shown(value):
    if value == "@a.arn@":
        return ".arn}"
    return str(value).replace("${", "$${").replace("%{", "%%{").lower()


def booleans(value):
    if isinstance(value, bool):
        yield value
    elif isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from booleans(inner)
