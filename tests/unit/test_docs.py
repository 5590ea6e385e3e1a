"""What the documents say is so: commands exist, headings match alarms, figures match the stack."""

import difflib
import json
import re
import shlex

import botocore.session
import pytest
import typer.main
import yaml

from infra.alarm_catalogue import KEYS
from policy.rules.catalogue import ALL as RULES
from slipway.stack.summary import total
from tests.changes import CHANGES
from tests.invariants import INVARIANTS
from tests.moto_corrections import CORRECTIONS
from tests.running import ROOT, python
from tests.stacks import ENVIRONMENTS, SHAPES, evaluated
from tests.wrong_settings import WRONG

OPERATIONS = (ROOT / "docs/operations.md").read_text()
README = (ROOT / "README.md").read_text()
REVIEW = (ROOT / "docs/review.md").read_text()
DOCUMENTS = (OPERATIONS, README, REVIEW)
PULUMI = {
    "config", "config rm", "config set", "destroy", "login", "preview", "refresh",
    "stack --show-urns", "stack init", "stack output", "stack select", "state unprotect", "up",
}  # fmt: skip
"""Commands of Pulumi's CLI that we use (https://www.pulumi.com/docs/iac/cli/commands/)."""
AWS_CLI = {"ecr get-login-password", "logs tail", "s3 ls", "s3 rm", "s3 cp", "ssm start-session"}
"""Commands of the AWS CLI that are no single call of an API."""


PROGRAMS = r"(?:\.venv/bin/python|aws|docker|make|pulumi) "


def commands(text):
    """The lines of indented blocks and of code within a sentence, continued lines joined."""
    joined = re.sub(r"\\\n\s*", "", text)
    found = re.findall(rf"^ {{4,}}({PROGRAMS}.*)", joined, flags=re.MULTILINE)
    found += re.findall(rf"`({PROGRAMS}[^`\n]+)`", joined)
    found += re.findall(r"\| (docker login .*)", joined)
    for command in found:
        for part in re.split(r" && | \| ", command):
            yield shlex.split(re.sub(r"<([^>]*)>", "x", part), comments=True)


def options(words):
    return {word.partition("=")[0] for word in words if word.startswith("--")}


def of(program, text=OPERATIONS):
    return [words for words in commands(text) if words[0] == program]


def script(path):
    """The Typer application of a script, as click sees it."""
    namespace = {"__name__": "script", "__file__": str(ROOT / path)}
    exec(compile((ROOT / path).read_text(), path, "exec"), namespace)
    return typer.main.get_command(namespace["app"])


OURS = sorted({tuple(words[1:]) for text in DOCUMENTS for words in of(".venv/bin/python", text)})


@pytest.mark.parametrize("words", OURS, ids=" ".join)
def test_our_scripts_take_the_commands_and_options_that_are_written(words):
    path, *rest = words
    command = script(path)
    if hasattr(command, "commands"):
        command = command.commands[rest[0]]
    known = {name for parameter in command.params for name in parameter.opts}
    assert options(rest) <= known


def test_make_knows_the_targets_that_are_written():
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))
    written = {words[1] for text in DOCUMENTS for words in of("make", text)}
    assert {"stack", "demo"} <= written <= targets


def test_pulumi_knows_the_commands_that_are_written():
    written = {
        " ".join(words[1:3]) if " ".join(words[1:3]) in PULUMI else words[1]
        for text in DOCUMENTS
        for words in of("pulumi", text)
    }
    assert {"up", "destroy", "stack init"} <= written <= PULUMI


def test_docker_knows_the_commands_that_are_written():
    written = {" ".join(w for w in words[1:3] if w[0] not in "-$/x") for words in of("docker")}
    assert written == {"buildx imagetools", "buildx build", "login", "push"}


def test_settings_that_are_set_in_the_runbook_exist():
    declared = (ROOT / "Pulumi.yaml").read_text()
    named = set(re.findall(r"slipway:(\w+)", OPERATIONS))
    assert named
    assert {name for name in named if f"\n  {name}:" not in declared} == set()


CALLS = sorted({tuple(words[1:]) for words in of("aws")} | {
    tuple(words[1:]) for words in commands(README) if words[0] == "aws"
})  # fmt: skip


@pytest.mark.parametrize("words", CALLS, ids=lambda words: " ".join(words[:2]))
def test_aws_knows_the_calls_and_parameters_that_are_written(words):
    service, operation, *rest = words
    if f"{service} {operation}" in AWS_CLI:
        return
    service = {"s3api": "s3"}.get(service, service)
    model = botocore.session.get_session().get_service_model(service)
    named = {re.sub(r"(?<!^)(?=[A-Z])", "-", n).lower(): n for n in model.operation_names}
    near = difflib.get_close_matches(operation, named, n=1)
    assert operation in named, f"{service} has no {operation}; {near}"
    members = model.operation_model(named[operation]).input_shape.members
    parameters = {_option(name) for name in members} | {"--query", "--output", "--region"}
    written = {option.replace("--no-", "--") for option in options(rest)}
    assert written <= parameters | {"--max-items"}


def _option(member):
    """As the AWS CLI spells a parameter: `AutoScalingGroupName` is --auto-scaling-group-name."""
    words = re.sub(r"([a-z0-9])([A-Z])", r"\1-\2", member)
    return "--" + re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1-\2", words).lower()


def test_the_runbook_has_a_heading_for_every_alarm_and_for_no_other():
    headings = re.findall(r"^### ([a-z0-9-]+)$", OPERATIONS, flags=re.MULTILINE)
    assert sorted(headings) == sorted(KEYS)


def test_the_runbook_marks_the_alarms_that_end_a_rollout():
    marked = set(re.findall(r"^### ([a-z0-9-]+)\n↩", OPERATIONS, flags=re.MULTILINE))
    watched = {
        name.removeprefix(f"slipway-{environment}-")
        for environment in ENVIRONMENTS
        for shape in SHAPES
        for (rollout,) in [evaluated(environment, shape).of("Rollout")]
        for name in json.loads(rollout.properties["preferences"])["AlarmSpecification"]["Alarms"]
    }
    assert marked == watched


def test_the_runbook_lists_every_output():
    listed = set(re.findall(r"^\| `(\w+)` \| ", OPERATIONS, flags=re.MULTILINE))
    assert listed == {
        name for environment in ENVIRONMENTS for name in evaluated(environment).outputs
    }


def test_a_refusal_reads_as_the_readme_shows_it():
    (shown,) = re.findall(
        r"^    (error: The stack .*?)\n\n", README, flags=re.DOTALL | re.MULTILINE
    )
    (words,) = [w for w in of(".venv/bin/python", README) if "--set" in w]
    done = python(*words[1:])
    assert done.returncode == 2
    assert done.stderr.split() == shown.split()


def test_the_readme_counts_what_is_proven():
    assert f"keeps {len(INVARIANTS)} invariants" in README
    assert f"against {len(RULES)} rules" in README
    assert f"over {(len(WRONG) - 1) // 10 * 10} wrong configurations" in README
    assert f"policy pack of {len(RULES)} rules" in (ROOT / "CHANGELOG.md").read_text()


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_the_readme_counts_the_resources_of_every_environment(environment):
    (row,) = re.findall(rf"^\| `{environment}`:.*", README, flags=re.MULTILINE)
    counted = [int(cell.strip(" *")) for cell in row.strip("| ").split("|")[1:]]
    assert counted == [total(evaluated(environment, shape)) for shape in SHAPES]


@pytest.mark.parametrize("text", [README, OPERATIONS], ids=["README", "operations"])
def test_links_lead_somewhere(text):
    folder = ROOT if text is README else ROOT / "docs"
    for target in re.findall(r"\]\((?!https?:)([^)#]*)", text):
        assert not target or (folder / target).exists(), target
    anchors = set(re.findall(r"\]\(#([^)]+)\)", text))
    headings = {
        re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        for heading in re.findall(r"^#+ (.+)$", text, flags=re.MULTILINE)
    }
    assert anchors <= headings


def test_the_review_in_the_readme_is_one_that_is_tested():
    golden = (ROOT / "tests/data/reviews/one-nat-gateway.md").read_text()
    assert f"```markdown\n{golden}```" in README


def test_the_readme_counts_changes_and_corrections():
    assert f"{len(CHANGES)} changes, each with its golden review" in README
    assert f"with {len(CORRECTIONS)} corrections" in README


def test_what_a_forge_runs_is_a_workflow_that_reviews_and_posts():
    (snippet,) = re.findall(r"```yaml\n(.*?)```", REVIEW, flags=re.DOTALL)
    job = yaml.safe_load(snippet)["jobs"]["review"]
    runs = [step["run"] for step in job["steps"] if "run" in step]
    assert any("scripts/stack.py diff" in run and "gh pr comment" in run for run in runs)
    assert any("terraform" in run and "providers mirror" in run for run in runs)
    assert job["env"]["SLIPWAY_TERRAFORM_PROVIDERS"].endswith("build/providers")
    assert "make stack" in runs
