"""Waivers of Checkov's checks: how they are read, and that the reasons of ours hold."""

import json
import re
from dataclasses import replace
from fnmatch import fnmatchcase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.errors import StackError
from slipway.stack.checkov import WAIVERS
from slipway.stack.graph import REFERENCE
from slipway.stack.waivers import Failure, Unused, Waiver, read, table, unused, waiver_of
from tests.stacks import ENVIRONMENTS, ROOT, SHAPES, evaluated

OURS = read(ROOT / WAIVERS)
EVERYWHERE = [(environment, shape) for environment in ENVIRONMENTS for shape in SHAPES]
ENTRY = """
- check: CKV_AWS_1
  resources: ["*-bucket"]
  reason: it holds
  owner: platform engineer
"""


def waiver(**changes):
    return replace(Waiver("CKV_AWS_1", ("*-bucket",), "it holds", "platform engineer"), **changes)


def written(tmp_path, text):
    path = tmp_path / "waivers.yaml"
    path.write_text(text)
    return path


def failure(resource="prod-bucket", environment="prod", shape="cluster", check="CKV_AWS_1"):
    return Failure(check, resource, environment, shape)


# How they are read


def test_an_entry_is_read_with_its_line_and_its_reason_on_one_line(tmp_path):
    text = ENTRY.replace("it holds", ">-\n    it\n    holds")
    assert read(written(tmp_path, f"# a comment\n{text}")) == (waiver(line=3),)


@pytest.mark.parametrize("text", ["", "# nothing\n", "[]\n"])
def test_a_file_may_hold_no_waiver(tmp_path, text):
    assert read(written(tmp_path, text)) == ()


@pytest.mark.parametrize(
    ("before", "after", "why"),
    [
        ("  owner: platform engineer\n", "", "has no owner"),
        ("reason: it holds", 'reason: "  "', "reason is empty"),
        ("owner: platform engineer", 'owner: ""', "owner is empty"),
        ("owner: platform engineer", "owner: [someone]", "owner is no text"),
        ("reason: it holds", "reason: yes", "reason is no text"),
        ("CKV_AWS_1", "AWS_1", "no check of Checkov"),
        ("CKV_AWS_1", "CKV_AWS_*", "no check of Checkov"),
        ('["*-bucket"]', "[]", "names no resources"),
        ('["*-bucket"]', '"*-bucket"', "no list"),
        ('["*-bucket"]', "[1]", "no list"),
        ('["*-bucket"]', '["*-bucket", "*-bucket"]', "twice"),
        ('["*-bucket"]', '[""]', "empty"),
        ("owner:", "until: 2027\n  owner:", "unknown key 'until'"),
        ("owner:", "reason: another\n  owner:", "says 'reason' twice"),
        ("owner:", "shapes: cluster\n  owner:", "no list"),
    ],
)
def test_a_wrong_entry_is_refused_with_its_line(tmp_path, before, after, why):
    wrong = ENTRY.replace(before, after) + ENTRY.replace("CKV_AWS_1", "CKV_AWS_2")
    with pytest.raises(StackError, match=rf"line 2.*{re.escape(why)}"):
        read(written(tmp_path, wrong))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("check: CKV_AWS_1\n", "list of waivers"),
        ("- CKV_AWS_1\n", "line 1.*mapping"),
        ("- [", "no YAML"),
        ("- a: !!python/x 1", "line 1"),
    ],
)
def test_what_is_no_list_of_waivers_is_refused(tmp_path, text, why):
    with pytest.raises(StackError, match=why):
        read(written(tmp_path, text))


def test_a_file_that_is_missing_is_said(tmp_path):
    with pytest.raises(StackError, match=r"waivers\.yaml cannot be read"):
        read(tmp_path / "waivers.yaml")


def test_a_second_waiver_of_the_same_is_refused_with_both_lines(tmp_path):
    with pytest.raises(StackError, match=r"line 7.*CKV_AWS_1 is waived for \*-bucket in line 2"):
        read(written(tmp_path, ENTRY + ENTRY))


@pytest.mark.parametrize(
    ("one", "other", "allowed"),
    [
        ("environments: [dev]", "environments: [prod]", True),
        ("environments: [dev]", "environments: [prod, dev]", False),
        ("environments: [dev]", "owner: x", False),
        ("environments: [dev]", "shapes: [single]", False),
        ("shapes: [single]", "shapes: [cluster]", True),
    ],
)
def test_two_waivers_of_one_check_hold_in_different_places(tmp_path, one, other, allowed):
    def entry(line):
        if line.startswith("owner"):
            return ENTRY
        return f"{ENTRY}  {line}\n"

    path = written(tmp_path, entry(one) + entry(other))
    if allowed:
        assert len(read(path)) == 2
    else:
        with pytest.raises(StackError, match="already"):
            read(path)


# What they cover


@pytest.mark.parametrize(
    ("changes", "covered"),
    [
        ({}, True),
        ({"check": "CKV_AWS_11"}, False),
        ({"resource": "prod-bucket-policy"}, False),
        ({"environment": "dev"}, False),
        ({"shape": "single"}, False),
    ],
)
def test_a_waiver_covers_its_check_of_its_resources_where_it_holds(changes, covered):
    ours = waiver(environments=("staging", "prod"), shapes=("cluster",))
    assert ours.covers(failure(**changes)) is covered
    assert waiver_of(failure(**changes), [ours]) == (ours if covered else None)


@given(
    st.lists(st.sampled_from(["dev", "prod"]), unique=True),
    st.lists(st.sampled_from(SHAPES), unique=True),
    st.lists(st.builds(failure, environment=st.sampled_from(ENVIRONMENTS),
                       shape=st.sampled_from(SHAPES),
                       resource=st.sampled_from(["a-bucket", "b-key"]))),
)  # fmt: skip
def test_what_is_said_to_be_unused_covers_nothing_and_the_rest_something(
    environments, shapes, failures
):
    ours = waiver(environments=tuple(environments), shapes=tuple(shapes))
    covered = [each for each in failures if ours.covers(each)]
    idle = {each.part for each in unused([ours], failures)}
    if not covered:
        assert idle == {""}
    else:
        assert idle == {
            *(f"environments: {e}" for e in set(environments) - {c.environment for c in covered}),
            *(f"shapes: {s}" for s in set(shapes) - {c.shape for c in covered}),
        }


def test_a_pattern_that_no_failed_check_needs_is_unused():
    ours = waiver(resources=("*-bucket", "*-topic"))
    assert unused([ours], [failure()]) == (Unused(ours, "resources: *-topic"),)
    assert unused([ours], [failure(), failure("prod-topic")]) == ()


# Ours


def test_the_table_in_the_documents_is_the_file():
    (shown,) = re.findall(
        r"<!-- waivers -->\n(.*?)<!-- end -->",
        (ROOT / "docs/checkov.md").read_text(),
        flags=re.DOTALL,
    )
    assert shown == table(OURS)


def test_a_bar_does_not_end_a_cell():
    (row,) = table([waiver(reason="a | b")]).splitlines()[2:]
    assert row.count(" | ") == 4
    assert r"a \| b" in row


@pytest.mark.parametrize("word", ["not needed", "not required", "unnecessary", "n/a"])
def test_that_it_is_not_needed_is_no_reason(word):
    assert not [each for each in OURS if word in each.reason.lower()]


@pytest.mark.parametrize("ours", OURS, ids=lambda w: f"{w.check} {w.resources[0]}")
def test_every_pattern_names_a_resource_of_a_stack(ours):
    names = {r.name for where in EVERYWHERE for r in evaluated(*where).resources if r.custom}
    idle = [p for p in ours.resources if not any(fnmatchcase(name, p) for name in names)]
    assert idle == []


# That their reasons hold. Each takes a graph and the resource whose check is waived.


def about(graph, kind, bucket):
    """The settings of a bucket that are a resource of this kind."""
    return [r for r in graph.of(kind) if graph.target(r.properties["bucket"]) == bucket]


def one_region_and_old_versions(graph, bucket):
    assert len(graph.of("pulumi:providers:aws")) == 1
    regions = {r.properties["region"] for r in graph.resources if "region" in r.properties}
    assert regions <= {graph.region}
    (versioning,) = about(graph, "BucketVersioning", bucket)
    assert versioning.properties["versioningConfiguration"]["status"] == "Enabled"
    (lifecycle,) = about(graph, "BucketLifecycleConfiguration", bucket)
    kept = {r["id"]: r for r in lifecycle.properties["rules"]}["old-versions"]
    assert kept["noncurrentVersionExpiration"]["noncurrentDays"] >= 7


def one_region_and_logs_expire(graph, bucket):
    one_region_and_old_versions(graph, bucket)
    (lifecycle,) = about(graph, "BucketLifecycleConfiguration", bucket)
    rules = {rule["id"]: rule for rule in lifecycle.properties["rules"]}
    assert rules["access-logs"]["filter"] == {"prefix": ""}
    assert rules["access-logs"]["expiration"]["days"] > 0


def receives_access_logs(graph, bucket):
    assert [r for r in graph.of("BucketLogging")
            if graph.target(r.properties["targetBucket"]) == bucket]  # fmt: skip
    for balancer in graph.of("LoadBalancer"):
        assert graph.target(balancer.properties["accessLogs"]["bucket"]) == bucket
    (encryption,) = about(graph, "BucketServerSideEncryptionConfiguration", bucket)
    (rule,) = encryption.properties["rules"]
    assert rule["applyServerSideEncryptionByDefault"]["sseAlgorithm"] == "AES256"


def is_meant_to_be_destroyed(graph, balancer):
    assert not [r.name for r in graph.resources if r.protect]
    assert balancer.properties["enableDeletionProtection"] is False


def sends_on_to_https(graph, rule):
    group = graph.target(rule.properties["securityGroupId"])
    behind = [b for b in graph.of("LoadBalancer") if group in _groups(graph, b)]
    assert behind
    actions = [
        action
        for listener in graph.of("Listener")
        if listener.properties["port"] == 80
        and graph.target(listener.properties["loadBalancerArn"]) in behind
        for action in listener.properties["defaultActions"]
    ]
    assert actions
    assert all(action["redirect"]["protocol"] == "HTTPS" for action in actions)
    assert all(action["redirect"]["statusCode"] == "HTTP_301" for action in actions)
    assert group not in _server_groups(graph)


def is_closed_to_the_internet_and_kept_a_while(graph, group):
    assert all(b.properties["internal"] for b in graph.of("LoadBalancer"))
    shortest = {"dev": 14, "staging": 30}[graph.stack]
    assert group.properties["retentionInDays"] >= shortest


def servers_hear_the_balancer_alone(graph, target_group):
    (balancer,) = graph.of("LoadBalancer")
    port, servers = target_group.properties["port"], _server_groups(graph)
    sources = [
        rule.properties.get("referencedSecurityGroupId", "an address")
        for rule in graph.of("SecurityGroupIngressRule")
        if rule.properties["fromPort"] <= port <= rule.properties["toPort"]
        and graph.target(rule.properties["securityGroupId"]) in servers
    ]
    assert sources
    assert all(REFERENCE.fullmatch(source) for source in sources)
    assert all(graph.target(source) in _groups(graph, balancer) for source in sources)
    assert {listener.properties["protocol"] for listener in graph.of("Listener")
            if "redirect" not in listener.properties["defaultActions"][0]} == {"HTTPS"}  # fmt: skip
    assert _private(graph)


def _groups(graph, balancer):
    return [graph.target(token) for token in balancer.properties["securityGroups"]]


def _server_groups(graph):
    (template,) = graph.of("LaunchTemplate")
    (interface,) = template.properties["networkInterfaces"]
    return [graph.target(token) for token in interface["securityGroups"]]


def _private(graph):
    """Whether no server's subnet has a route to the internet gateway."""
    (group,) = graph.of("aws:autoscaling/group:Group")
    subnets = [graph.target(token) for token in group.properties["vpcZoneIdentifiers"]]
    tables = [graph.target(a.properties["routeTableId"])
              for a in graph.of("RouteTableAssociation")
              if graph.target(a.properties["subnetId"]) in subnets]  # fmt: skip
    outward = [graph.target(route.properties["routeTableId"]) for route in graph.of("Route")
               if route.properties.get("gatewayId")]  # fmt: skip
    return len(tables) == len(subnets) and not any(table in outward for table in tables)


def holds_a_name(graph, parameter):
    assert not parameter.secrets
    value = parameter.properties["insecureValue"]
    kinds = {graph.by_urn(of.urn).type.rpartition(":")[2] for of in graph.referred(value)}
    assert kinds <= {"Bucket", "LoadBalancer"}
    assert re.fullmatch(r"(s3://)?|https?://[\w.-]*(:\d+)?", REFERENCE.sub("", value))


def is_the_id_of_an_image(graph, parameter):
    assert parameter.properties["dataType"] == "aws:ec2:image"
    assert parameter.properties["type"] == "String"
    assert re.fullmatch(r"ami-[0-9a-f]+", parameter.properties["insecureValue"])


def nobody_is_notified(graph, bucket):
    kinds = {r.type.rpartition(":")[2] for r in graph.resources}
    assert kinds.isdisjoint({"Queue", "Function", "EventRule", "EventTarget"})
    assert "s3.amazonaws.com" not in str([r.properties for r in graph.of("TopicPolicy")])


def requests_are_recorded_instead(graph, bucket):
    nobody_is_notified(graph, bucket)
    (logging,) = about(graph, "BucketLogging", bucket)
    assert graph.target(logging.properties["targetBucket"]) != bucket


def log_delivery_alone_writes(graph, bucket):
    nobody_is_notified(graph, bucket)
    (policy,) = about(graph, "BucketPolicy", bucket)
    allowed = [s for s in json.loads(policy.properties["policy"])["Statement"]
               if s["Effect"] == "Allow"]  # fmt: skip
    services = {"logdelivery.elasticloadbalancing.amazonaws.com", "delivery.logs.amazonaws.com",
                "logging.s3.amazonaws.com"}  # fmt: skip
    assert {name for s in allowed for name in s["Principal"].values()} <= services
    roles = graph.of("RolePolicy")
    assert not [
        r.name for r in roles if bucket.urn in {x.urn for x in graph.referred(r.properties)}
    ]


def log4j_is_blocked(graph, balancer):
    for association in graph.of("WebAclAssociation"):
        assert graph.target(association.properties["resourceArn"]) == balancer
        acl = graph.target(association.properties["webAclArn"])
        (rule,) = (
            rule
            for rule in acl.properties["rules"]
            if rule["statement"].get("managedRuleGroupStatement", {}).get("name")
            == "AWSManagedRulesKnownBadInputsRuleSet"
        )
        assert rule["overrideAction"] == {"none": {}}
        assert rule["statement"]["managedRuleGroupStatement"]["vendorName"] == "AWS"
        assert not rule["statement"]["managedRuleGroupStatement"].get("ruleActionOverrides")


REASONS = {
    ("CKV_AWS_144", "*-store-bucket"): one_region_and_old_versions,
    ("CKV_AWS_144", "*-archive-bucket"): one_region_and_logs_expire,
    ("CKV_AWS_145", "*-archive-bucket"): receives_access_logs,
    ("CKV_AWS_150", "*-alb-lb"): is_meant_to_be_destroyed,
    ("CKV_AWS_260", "*-edge-from-0.0.0.0-0-80"): sends_on_to_https,
    ("CKV_AWS_338", "*-logs-servers"): is_closed_to_the_internet_and_kept_a_while,
    ("CKV_AWS_378", "*-alb-http"): servers_hear_the_balancer_alone,
    ("CKV2_AWS_34", "*-parameters-bucket"): holds_a_name,
    ("CKV2_AWS_34", "*-servers-ami-*"): is_the_id_of_an_image,
    ("CKV2_AWS_62", "*-store-bucket"): requests_are_recorded_instead,
    ("CKV2_AWS_62", "*-archive-bucket"): log_delivery_alone_writes,
    ("CKV2_AWS_76", "*-alb-lb"): log4j_is_blocked,
}


def test_every_waiver_has_its_reason_tested():
    assert {(each.check, each.resources[0]) for each in OURS} == set(REASONS)


def waived(ours, graph, environment, shape):
    """The resources whose failed check this waiver would cover."""
    return [
        r
        for r in graph.resources
        if r.custom and ours.covers(Failure(ours.check, r.name, environment, shape))
    ]


@pytest.mark.parametrize("where", EVERYWHERE, ids="-".join)
@pytest.mark.parametrize("ours", OURS, ids=lambda w: f"{w.check} {w.resources[0]}")
def test_the_reason_of_a_waiver_holds(ours, where):
    graph = evaluated(*where)
    for resource in waived(ours, graph, *where):
        REASONS[ours.check, ours.resources[0]](graph, resource)


def test_where_dev_alone_is_waived_the_others_are_protected():
    for environment in ("staging", "prod"):
        (balancer,) = evaluated(environment).of("LoadBalancer")
        assert balancer.properties["enableDeletionProtection"] is True


def altered(graph, kind, name, change):
    """The graph with one resource's properties changed."""
    assert [r for r in graph.of(kind) if r.name == name]
    return replace(graph, resources=tuple(
        replace(r, properties={**r.properties, **change(r.properties)})
        if r.name == name and r in graph.of(kind) else r
        for r in graph.resources
    ))  # fmt: skip


REFUTED = [
    ("CKV_AWS_144", "*-store-bucket", "BucketVersioning", "prod-store-versioning",
     lambda p: {"versioningConfiguration": {"status": "Suspended"}}),
    ("CKV_AWS_144", "*-store-bucket", "Bucket", "prod-store-bucket",
     lambda p: {"region": "us-east-1"}),
    ("CKV_AWS_144", "*-archive-bucket", "BucketLifecycleConfiguration", "prod-archive-lifecycle",
     lambda p: {"rules": [{**r, "filter": {"prefix": "s3/"}} for r in p["rules"]]}),
    ("CKV_AWS_145", "*-archive-bucket", "BucketServerSideEncryptionConfiguration",
     "prod-archive-encryption",
     lambda p: {"rules": [{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "none"}}]}),
    ("CKV_AWS_145", "*-archive-bucket", "BucketLogging", "prod-store-logging",
     lambda p: {"targetBucket": p["bucket"]}),
    ("CKV_AWS_260", "*-edge-from-0.0.0.0-0-80", "Listener", "prod-public-alb-redirect",
     lambda p: {"defaultActions": [{"type": "forward", "redirect": {"protocol": "HTTP"}}]}),
    ("CKV_AWS_378", "*-alb-http", "SecurityGroupIngressRule", "prod-fleet-in-8000",
     lambda p: {"referencedSecurityGroupId": p["securityGroupId"]}),
    ("CKV_AWS_378", "*-alb-http", "aws:autoscaling/group:Group", "prod-fleet-group",
     lambda p: {"vpcZoneIdentifiers": ["@prod-net-public-1.id@"]}),
    ("CKV2_AWS_34", "*-parameters-bucket", "Parameter", "prod-parameters-endpoint",
     lambda p: {"insecureValue": "https://user:password@models.example.com"}),
    ("CKV2_AWS_34", "*-servers-ami-*", "Parameter", "prod-fleet-servers-ami-gpu-1",
     lambda p: {"dataType": "text"}),
    ("CKV2_AWS_62", "*-store-bucket", "BucketLogging", "prod-store-logging",
     lambda p: {"targetBucket": p["bucket"]}),
    ("CKV2_AWS_62", "*-archive-bucket", "BucketPolicy", "prod-archive-policy",
     lambda p: {"policy": p["policy"].replace("logging.s3.", "lambda.")}),
    ("CKV2_AWS_76", "*-alb-lb", "WebAcl", "prod-ingress-waf-acl",
     lambda p: {"rules": [
         {**rule, "overrideAction": {"count": {}}} for rule in p["rules"]]}),
]  # fmt: skip


@pytest.mark.parametrize("case", REFUTED, ids=lambda case: f"{case[0]} {case[3]}")
def test_a_stack_for_which_a_reason_does_not_hold_is_found(case):
    check, pattern, kind, name, change = case
    (ours,) = (w for w in OURS if (w.check, w.resources[0]) == (check, pattern))
    graph = altered(evaluated("prod"), kind, name, change)
    resources = waived(ours, graph, "prod", "cluster")
    with pytest.raises(AssertionError):
        [REASONS[check, pattern](graph, resource) for resource in resources]


def test_reasons_that_are_of_dev_and_staging_do_not_hold_in_prod():
    prod = evaluated("prod")
    with pytest.raises(AssertionError):
        is_meant_to_be_destroyed(prod, prod.of("LoadBalancer")[0])
    with pytest.raises(AssertionError):
        is_closed_to_the_internet_and_kept_a_while(prod, prod.named("prod-logs-servers"))
