"""The stacks of this checkout, judged by the real AWS provider, which calls nobody.

Skipped where Terraform or its AWS provider is not on this machine.
"""

import base64
import copy
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import pytest

from slipway.errors import StackError
from slipway.stack.graph import Graph
from slipway.stack.pairing import pair
from slipway.stack.terraform import planfile
from slipway.stack.terraform.base import State
from slipway.stack.terraform.command import prepare
from slipway.stack.terraform.differences import LATER
from slipway.stack.terraform.judge import baseline, judge
from slipway.stack.terraform.plan import Question, changes, write
from slipway.stack.terraform.plan import _with_providers as with_providers
from slipway.stack.terraform.synthesis import Synthesis, synthesise
from slipway.stack.terraform.tools import find
from tests.stacks import ENVIRONMENTS, SHAPES, evaluated

STACKS = [(environment, shape) for environment in ENVIRONMENTS for shape in SHAPES]
QUICK = ("-refresh=false", "-lock=false", "-input=false", "-no-color")
OTHER_NETWORK = "10.99.0.0/16"
LOGS = "aws_cloudwatch_log_group.prod_logs_{}"
FLOW = "aws_cloudwatch_log_group.prod_net_flow_group"
NEW = "aws_cloudwatch_log_group.new_group"
TARGETS = "aws_lb_target_group.prod_public_alb_grpc"
ENDPOINT = "aws_ssm_parameter.prod_parameters_endpoint"


@pytest.fixture(scope="module")
def terraform(tmp_path_factory):
    try:
        tools = find()
    except StackError as error:
        pytest.skip(str(error))
    return prepare(tools, tmp_path_factory.mktemp("terraform"))


@dataclass(frozen=True)
class Tried:
    """What Terraform says to one stack: how it validates, and what an update of it would do."""

    synthesis: Synthesis
    said: dict
    state: State
    unstable: dict


@pytest.fixture(scope="module")
def tried(terraform, tmp_path_factory):
    """Of every environment and shape, two at a time."""
    graphs = [evaluated(*stack) for stack in STACKS]  # Pulumi runs one program at a time

    def attempt(graph: Graph) -> Tried:
        written = synthesise(graph, terraform.catalogue, terraform.requirement)
        folder = tmp_path_factory.mktemp("validated")
        write(terraform, Question(written.document, written.variables, written.files), folder)
        (folder / "main.tf.json").write_text(json.dumps(written.document))
        validated = terraform.run(folder, "validate", "-json", codes=(0, 1)).stdout
        line = baseline(terraform, written, graph.region)
        return Tried(written, json.loads(validated), line.state(), line.unstable())

    with ThreadPoolExecutor(2) as pool:
        return dict(zip(STACKS, pool.map(attempt, graphs), strict=True))


@pytest.mark.parametrize("stack", STACKS, ids="-".join)
def test_the_document_of_a_stack_is_valid(tried, stack):
    said = tried[stack].said
    assert said["valid"], said["diagnostics"]
    assert said["error_count"] == 0


@pytest.mark.parametrize("stack", STACKS, ids="-".join)
def test_an_unchanged_stack_is_a_plan_of_no_changes(tried, stack):
    assert tried[stack].unstable == {}


@pytest.mark.parametrize("stack", STACKS, ids="-".join)
def test_every_resource_of_aws_is_in_the_state_and_what_is_not_is_told(tried, stack):
    found = tried[stack]
    placed = {f"{r['type']}.{r['name']}" for r in found.state.document["resources"]}
    assert placed == set(found.synthesis.addresses.values())
    told = {gap.urn for gap in found.synthesis.gaps if not gap.property}
    for resource in evaluated(*stack).resources:
        if resource.custom and not resource.type.startswith("pulumi:providers:"):
            assert (resource.urn in found.synthesis.addresses) != (resource.urn in told)


@pytest.mark.parametrize("stack", STACKS, ids="-".join)
def test_no_state_has_an_empty_id(tried, stack):
    for resource in tried[stack].state.document["resources"]:
        (instance,) = resource["instances"]
        assert instance["attributes"]["id"], resource


def test_what_no_document_says_is_only_what_this_provider_is_too_old_for(tried):
    """Provider 5.100; the SDK is of 7: a gap that is new here is to be looked at."""
    said = {(gap.why, gap.property) for found in tried.values() for gap in found.synthesis.gaps}
    unknown = {why for why, _ in said}
    assert all("this version of the provider" in why or "Python code" in why for why in unknown)


def with_properties(graph, name, /, **properties):
    """The graph with some properties of one resource changed; None removes one."""
    (found,) = (r for r in graph.resources if r.name == name)
    kept = {k: v for k, v in {**found.properties, **properties}.items() if v is not None}
    return with_resource(graph, found, replace(found, properties=kept))


def with_resource(graph, old, new):
    resources = tuple(new if r is old else r for r in graph.resources)
    return replace(graph, resources=resources)


def without(graph, name):
    """Nothing refers to it."""
    return replace(graph, resources=tuple(r for r in graph.resources if r.name != name))


def judged(terraform, base, head):
    found = judge(terraform, base, head, pair(base, head))
    assert found.unstable == {}
    return {verdict.address: verdict for verdict in found.verdicts.values()}


def changed(found):
    return {difference.path for difference in found.differences}


@pytest.fixture(scope="module")
def small_changes(terraform):
    """Many at once that do not touch each other."""
    base = evaluated("prod")
    (group,) = base.of("aws:autoscaling/group:Group")  # it ignores its template: a rollout does not
    base = with_resource(base, group, replace(group, ignore_changes=()))
    head = with_properties(base, "prod-logs-servers", retentionInDays=30)
    head = with_properties(head, "prod-logs-system", name="/slipway/prod/other")
    head = with_properties(head, "prod-public-alb-grpc", port=9999)
    (template,) = base.of("LaunchTemplate")
    data = base64.b64encode(b"#!/bin/sh\necho another\n").decode()
    head = with_properties(head, template.name, userData=data)
    flow = head.named("prod-net-flow-group")
    head = with_resource(
        head, flow, replace(flow, properties={**flow.properties, "tags": {"a": "b"}})
    )
    extra = replace(flow, urn=f"{flow.urn}-2", name="new-group", properties={"name": "/new"})
    head = replace(head, resources=(*head.resources, extra))
    head = without(head, "prod-parameters-endpoint")
    return f"aws_launch_template.{template.name.replace('-', '_')}", judged(terraform, base, head)


def test_what_can_be_changed_in_place_is_updated(small_changes):
    _, found = small_changes
    logs = found[LOGS.format("servers")]
    assert (logs.action, logs.replaced_by, logs.uncertain) == ("update", (), "")
    (difference,) = logs.differences
    assert (difference.path, difference.before, difference.after) == ("retention_in_days", 365, 30)
    assert found[FLOW].action == "update"
    assert "tags.a" in changed(found[FLOW])


def test_another_name_of_a_log_group_replaces_it(small_changes):
    _, found = small_changes
    logs = found[LOGS.format("system")]
    assert (logs.action, logs.replaced_by, logs.uncertain) == ("replace", ("name",), "")


def test_another_port_replaces_a_target_group_and_its_listener_rules_are_updated(small_changes):
    _, found = small_changes
    group = found[TARGETS]
    assert (group.action, group.replaced_by) == ("replace", ("port",))
    rules = [v for v in found.values() if v.address.startswith("aws_lb_listener_rule.")]
    assert {rule.action for rule in rules} <= {"update"}
    assert all(group.address in sum(rule.because.values(), ()) for rule in rules)


def test_other_user_data_updates_a_launch_template_and_what_reads_its_version(small_changes):
    template, found = small_changes
    assert found[template].action == "update"
    assert "user_data" in changed(found[template])
    group = next(v for v in found.values() if v.address.startswith("aws_autoscaling_group."))
    assert group.action == "update"
    assert (found[template].address,) in group.because.values()
    assert any(d.after is LATER for d in group.differences)


def test_what_is_new_is_created_and_what_is_gone_is_deleted(small_changes):
    _, found = small_changes
    assert found[NEW].action == "create"
    assert found[ENDPOINT].action == "delete"


def test_nothing_else_has_a_verdict(small_changes):
    template, found = small_changes
    expected = {
        template,
        LOGS.format("servers"),
        LOGS.format("system"),
        TARGETS,
        FLOW,
        NEW,
        ENDPOINT,
    }
    others = {name: v for name, v in found.items() if name not in expected}
    assert all(verdict.because for verdict in others.values()), others


@pytest.fixture(scope="module")
def other_network(terraform):
    base = evaluated("dev", "single")
    (vpc,) = base.of("aws:ec2/vpc:Vpc")
    head = with_properties(base, vpc.name, cidrBlock=OTHER_NETWORK)
    renamed = head.named("dev-logs-servers")
    head = with_resource(
        head, renamed,
        replace(renamed, name="moved", urn=f"{renamed.urn}-moved", aliases=(renamed.urn,)),
    )  # fmt: skip
    return judged(terraform, base, head)


def test_another_address_range_replaces_a_network_and_all_that_is_in_it(other_network):
    found = other_network
    (vpc,) = (v for v in found.values() if v.address.startswith("aws_vpc."))
    assert (vpc.action, vpc.replaced_by, vpc.uncertain) == ("replace", ("cidr_block",), "")
    subnets = [v for v in found.values() if v.address.startswith("aws_subnet.")]
    assert subnets
    for subnet in subnets:
        assert subnet.action == "replace"
        assert "vpc_id" in subnet.replaced_by
        assert subnet.because["vpc_id"] == (vpc.address,)
        assert not subnet.uncertain


def test_what_was_renamed_with_an_alias_is_not_replaced(other_network):
    assert not [a for a in other_network if a.endswith((".moved", ".dev_logs_servers"))]


def test_a_graph_against_itself_is_not_even_planned(terraform):
    base = evaluated("dev")
    found = judge(terraform, base, replace(base), pair(base, base))
    assert found.verdicts == found.unstable == {}


@pytest.fixture(scope="module")
def plan_files(terraform, tried, tmp_path_factory):
    """Prod's plan from nothing, and one that changes, replaces, creates and deletes: as Terraform
    shows them, and as their files are read.
    """
    one = tried["prod", "cluster"]
    document = json.loads(json.dumps(one.synthesis.document))
    resources = document["resource"]
    (network,) = resources["aws_vpc"].values()
    network["cidr_block"] = OTHER_NETWORK
    del resources["aws_ssm_parameter"]["prod_parameters_endpoint"]
    resources["aws_cloudwatch_log_group"]["new"] = {"name": "/new"}
    variables, files = one.synthesis.variables, one.synthesis.files
    questions = {
        "create": Question(one.synthesis.document, variables, files),
        "update": Question(document, variables, files, one.state.document),
    }

    def both(kind):
        folder = tmp_path_factory.mktemp(kind)
        write(terraform, questions[kind], folder)
        terraform.run(folder, "plan", *QUICK, "-out=plan")
        shown = json.loads(terraform.run(folder, "show", "-json", "plan").stdout)
        return shown, planfile.read(folder / "plan")

    with ThreadPoolExecutor(2) as pool:
        return dict(zip(questions, pool.map(both, questions), strict=True))


def marks(tree, path=()):
    """Where a tree says True."""
    if tree is True:
        yield path
    elif isinstance(tree, dict | list):
        for step, inner in tree.items() if isinstance(tree, dict) else enumerate(tree):
            yield from marks(inner, (*path, step))


@pytest.mark.parametrize("kind", ["create", "update"])
def test_a_plan_file_is_read_as_terraform_shows_it(plan_files, kind):
    shown, read = plan_files[kind]
    shown = with_providers(copy.deepcopy(shown))  # which is what makes the two interchangeable
    theirs = {change["address"]: change for change in shown["resource_changes"]}
    ours = {change["address"]: change for change in read["resource_changes"]}
    assert ours.keys() == theirs.keys()
    for address, their in theirs.items():
        our = ours[address]
        deleted = their["change"]["actions"] == ["delete"]  # and in no configuration
        assert deleted or our["provider"] == their["provider"]
        for field in ("type", "name", "mode", "action_reason"):
            assert our.get(field) == their.get(field), (address, field)
        for field in ("actions", "before", "after", "replace_paths"):
            assert our["change"].get(field) == their["change"].get(field), (address, field)
        for field in ("after_unknown", "before_sensitive", "after_sensitive"):
            found = set(marks(our["change"][field]))
            assert found == set(marks(their["change"][field])), (address, field)
    outputs = {k: v.get("value") for k, v in shown["planned_values"]["outputs"].items()}
    assert {k: v["value"] for k, v in read["planned_values"]["outputs"].items()} == outputs


def test_the_plans_that_were_compared_have_every_kind_of_change(plan_files):
    actions = {tuple(c["change"]["actions"]) for c in plan_files["update"][1]["resource_changes"]}
    assert actions >= {("no-op",), ("update",), ("delete", "create"), ("create",), ("delete",)}


def test_what_the_provider_refuses_is_said_in_its_words(terraform):
    document = {
        "terraform": terraform.requirement,
        "provider": {"aws": [{"region": "eu-central-1"}]},
        "resource": {"aws_vpc": {"net": {"cidr_block": "no network"}}},
    }
    with pytest.raises(StackError, match="terraform plan failed") as raised:
        changes(terraform, Question(document))
    assert "no network" in raised.value.why
    assert "│" not in raised.value.why


def test_the_schema_and_the_provider_are_prepared_once(terraform):
    before = {path: path.stat().st_mtime_ns for path in terraform.home.iterdir()}
    again = prepare(terraform.tools, terraform.home.parent)
    assert again == terraform
    assert {path: path.stat().st_mtime_ns for path in again.home.iterdir()} == before
