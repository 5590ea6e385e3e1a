"""scripts/stack.py as people run it."""

import json
import shutil
import subprocess

import pytest

from slipway import contract
from slipway.errors import StackError
from slipway.stack.terraform.tools import find
from tests.running import ROOT, python, refused

STACK = "scripts/stack.py"
COMMANDS = ("show", "diff", "check", "teardown", "draw")
SAMPLES = ROOT / "tests/data/preview"
HEAVY = {"pulumi", "pulumi_aws", "grpc", "yaml", "jinja2", "torch", "boto3"}
NOWHERE = {"PATH": "/nowhere"}
"""No terraform, and no git."""


def provided():
    try:
        return bool(find())
    except StackError:
        return False


needs_provider = pytest.mark.skipif(not provided(), reason="there is no Terraform or AWS provider")


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """A program of one bucket, which breaks rules."""
    folder = tmp_path_factory.mktemp("small")
    (folder / "Pulumi.yaml").write_text("name: small\nruntime: python\n")
    (folder / "Pulumi.dev.yaml").write_text("config:\n  aws:region: eu-central-1\n")
    (folder / "__main__.py").write_text("import pulumi_aws as aws\naws.s3.Bucket('open-bucket')\n")
    (folder / "policy").symlink_to(ROOT / "policy")
    return folder


# --- help -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", COMMANDS)
def test_the_help_of_a_command_has_an_example_and_loads_nothing_heavy(command):
    done = python("-X", "importtime", STACK, command, "--help", COLUMNS="80")
    assert done.returncode == 0
    assert f"Example: python scripts/stack.py {command} --stack" in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80
    loaded = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert not loaded & HEAVY


# --- show -----------------------------------------------------------------------------------------


def test_show_names_every_component_with_what_it_consists_of_and_costs():
    done = python(STACK, "show", "--stack", "dev", **NOWHERE)
    assert done.returncode == 0, done.stderr
    header, *rows = done.stdout.splitlines()
    assert header.split() == ["COMPONENT", "RESOURCES", "USD", "A", "MONTH", "OF", "WHICH"]
    shown = {row.split()[0]: int(row.split()[1]) for row in rows}
    assert {"dev-net", "dev-store", "dev-fleet"} <= set(shown)
    assert all("$" in row for row in rows)
    assert f"{sum(shown.values())} resources, $" in done.stderr
    assert "outputs: " in done.stderr


def test_show_as_json_is_one_document_with_the_same_count():
    done = python(STACK, "show", "--stack", "dev", "--shape", "cluster", "--json")
    shown = json.loads(done.stdout)
    counted = sum(sum(c["resources"].values()) for c in shown["components"])
    assert shown["resources"] == counted
    assert "dev-ingress" in {component["name"] for component in shown["components"]}
    assert shown["usdAMonth"][0] <= shown["usdAMonth"][1]


# --- check ----------------------------------------------------------------------------------------


def test_check_ends_well_without_terraform_where_every_rule_is_kept_and_says_what_is_skipped():
    done = python(STACK, "check", "--stack", "prod", **NOWHERE)
    assert (done.returncode, done.stdout) == (0, "")
    rules, skipped = done.stderr.splitlines()
    assert rules == "rules: 0 mandatory rules broken, 0 remarks"
    assert skipped.startswith("skipped: the provider's plan and Checkov: There is no terraform")


def test_check_without_a_provider_says_so_in_its_json_too(small, tmp_path):
    folder = {contract.ENV_PROVIDERS: str(tmp_path)}
    done = python(STACK, "check", "--stack", "dev", "--root", small, "--json", **folder)
    told = json.loads(done.stdout)
    assert done.returncode == 1
    assert told["failed"] is True
    assert "mandatory" in {rule["level"] for rule in told["rules"]}
    assert (told["plan"], told["checkov"]) == (None, None)
    (skipped,) = told["skipped"]
    assert f"nothing in {tmp_path} is <registry>/hashicorp/aws" in skipped


def test_check_ends_with_1_and_names_rule_and_resource_where_one_is_broken(small):
    done = python(STACK, "check", "--stack", "dev", "--root", small, **NOWHERE)
    assert done.returncode == 1, done.stderr
    assert "open-bucket" in done.stdout
    assert "mandatory" in done.stdout


def test_check_of_a_program_without_rules_is_refused(small, tmp_path):
    bare = shutil.copytree(small, tmp_path / "bare", ignore=shutil.ignore_patterns("policy"))
    line = refused(python(STACK, "check", "--stack", "dev", "--root", bare, **NOWHERE))
    assert "has no folder policy" in line


# --- teardown and draw ----------------------------------------------------------------------------


def test_teardown_tells_without_terraform_what_stands_in_the_way():
    done = python(STACK, "teardown", "--stack", "dev", **NOWHERE)
    assert done.returncode == 0, done.stderr
    header, *rows = done.stdout.splitlines()
    assert header.split()[:2] == ["EFFECT", "RESOURCE"]
    assert f"{len(rows)} things to know before pulumi destroy --stack dev" in done.stderr


def test_teardown_as_json_is_a_list_with_what_to_do(small):
    done = python(STACK, "teardown", "--stack", "dev", "--root", small, "--json")
    assert done.returncode == 0
    assert all(o.keys() == {"effect", "urn", "why", "mend"} for o in json.loads(done.stdout))


def test_draw_writes_the_picture_whole(tmp_path):
    file = tmp_path / "dev.svg"
    done = python(STACK, "draw", "--stack", "dev", file, **NOWHERE)
    assert done.returncode == 0, done.stderr
    assert file.read_text().startswith("<svg ")
    assert [path.name for path in tmp_path.iterdir()] == ["dev.svg"]


def test_a_folder_in_the_place_of_the_picture_is_refused_by_its_name(tmp_path):
    line = refused(python(STACK, "draw", "--stack", "dev", tmp_path))
    assert f"give the name of a file: {tmp_path}" in line
    assert list(tmp_path.iterdir()) == []


# --- a preview ------------------------------------------------------------------------------------


def test_a_preview_is_reviewed_without_terraform_as_text_page_and_json(tmp_path):
    html = tmp_path / "review.html"
    given = ("diff", "--preview", SAMPLES / "update.json")
    done = python(STACK, *given, "--html", html, **NOWHERE)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("## 🟡 Stack `prod`: 1 updated\n")
    assert done.stderr == f"{html}\n"
    assert html.read_text().startswith("<!doctype html>")
    told = json.loads(python(STACK, *given, "--json", **NOWHERE).stdout)
    assert told["counts"]["updated"] == 1


def test_a_preview_that_needs_a_yes_ends_with_1():
    done = python(STACK, "diff", "--preview", SAMPLES / "everything.json", **NOWHERE)
    assert done.returncode == 1, done.stderr
    assert "Somebody has to say yes to this." in done.stdout


@pytest.mark.parametrize(
    ("file", "said"),
    [
        ("README.md", "README.md is not what pulumi preview writes: it is no JSON"),
        ("Makefile", "Makefile is not what pulumi preview writes"),
        ("tests", "Is a directory: tests"),
        ("nowhere.json", "No such file or directory: nowhere.json"),
        ("tests/data/preview/failed.json", "did not succeed"),
    ],
)
def test_a_file_that_is_no_preview_is_refused(file, said):
    assert said in refused(python(STACK, "diff", "--preview", file))


@pytest.mark.parametrize("more", ["--stack=prod", "--head=main", "--shape=single", "--set=a:b=c"])
def test_a_preview_is_of_a_stack_already(more):
    line = refused(python(STACK, "diff", "--preview", SAMPLES / "update.json", more))
    assert "Leave out --stack, --head, --shape and --set" in line


# --- bad input ------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["show", "check", "teardown"])
def test_a_stack_that_does_not_exist_is_refused_with_those_that_do(command):
    line = refused(python(STACK, command, "--stack", "production"))
    assert "Pulumi.production.yaml" in line
    assert "dev, prod, staging" in line


def test_wrong_settings_are_refused_in_one_line_that_names_them():
    line = refused(python(STACK, "show", "-s", "prod", "--set", "slipway:protect=false"))
    assert "slipway:protect" in line
    assert "Set it to true" in line


@pytest.mark.parametrize("command", ["show", "diff", "check", "teardown"])
@pytest.mark.parametrize("given", ["zones=3", "slipway:zones", "", "="])
def test_a_setting_that_cannot_be_understood_is_refused(command, given):
    line = refused(python(STACK, command, "-s", "dev", "--set", given))
    assert "--set slipway:zones=3" in line


def test_an_unknown_shape_is_refused_with_those_there_are():
    assert "cluster" in refused(python(STACK, "show", "-s", "dev", "--shape", "swarm"))


def test_a_program_that_raises_is_refused_with_the_place(small, tmp_path):
    folder = shutil.copytree(small, tmp_path / "raising", symlinks=True)
    (folder / "__main__.py").write_text("value = 1\nraise ValueError('no\\nsense')\n")
    for command in ("show", "check"):
        line = refused(python(STACK, command, "-s", "dev", "--root", folder, **NOWHERE))
        assert "ValueError at __main__.py:2" in line
        assert line.endswith("no sense")


@pytest.mark.parametrize("command", ["show", "check", "teardown"])
def test_a_folder_that_is_no_project_is_refused(command, tmp_path):
    line = refused(python(STACK, command, "-s", "dev", "--root", tmp_path))
    assert "There is no Pulumi.yaml" in line


def test_a_review_of_nothing_in_particular_is_refused():
    line = refused(python(STACK, "diff"))
    assert "--stack prod, or --preview preview.json" in line


def test_a_revision_that_does_not_exist_is_refused():
    line = refused(python(STACK, "diff", "-s", "prod", "--base", "no-such-branch"))
    assert "There is no revision 'no-such-branch'" in line
    line = refused(python(STACK, "diff", "-s", "prod", "--base", "HEAD", "--head", "--help-me"))
    assert "There is no revision '--help-me'" in line


def test_a_base_in_a_folder_that_is_no_repository_is_refused(small):
    line = refused(python(STACK, "diff", "-s", "dev", "--root", small, "--base", "main"))
    assert f"{small} is in no git repository" in line
    assert not (small / "build").exists()


def test_a_review_without_terraform_is_refused_with_what_works_without(tmp_path):
    git = shutil.which("git")
    (tmp_path / "git").symlink_to(git)
    line = refused(python(STACK, "diff", "-s", "dev", "--base", "HEAD", PATH=str(tmp_path)))
    assert "There is no terraform" in line
    assert "diff --preview" in line


def test_a_review_without_git_is_refused():
    line = refused(python(STACK, "diff", "-s", "dev", **NOWHERE))
    assert "There is no git" in line


@pytest.mark.skipif(not shutil.which("terraform"), reason="there is no terraform")
def test_a_review_without_a_provider_is_refused_with_the_way_to_one(tmp_path):
    folder = {contract.ENV_PROVIDERS: str(tmp_path)}
    line = refused(python(STACK, "diff", "-s", "dev", "--base", "HEAD", **folder))
    assert f"nothing in {tmp_path}" in line
    assert "terraform providers mirror" in line


def committed(folder):
    """A repository of these files, in one commit on `main`."""
    who = ("-c", "user.name=Somebody", "-c", "user.email=somebody@example.com")
    for command in (["init", "-qb", "main"], ["add", "."], [*who, "commit", "-qm", "x"]):
        subprocess.run(["git", "-C", folder, *command], check=True)


@needs_provider
def test_a_review_of_a_stack_that_the_base_has_not_is_refused(small, tmp_path):
    folder = shutil.copytree(small, tmp_path / "new", ignore=shutil.ignore_patterns("policy"))
    committed(folder)
    (folder / "Pulumi.new.yaml").write_text("config:\n  aws:region: eu-central-1\n")
    line = refused(python(STACK, "diff", "-s", "new", "--root", folder))
    assert line.startswith("error: At main: There is no Pulumi.new.yaml")
    assert "Stacks with such a file: dev" in line


@needs_provider
def test_a_revision_with_a_link_out_of_it_is_refused(small, tmp_path):
    folder = shutil.copytree(small, tmp_path / "linked", symlinks=True)
    committed(folder)
    line = refused(python(STACK, "diff", "-s", "dev", "--root", folder))
    assert "'policy' is a link to an absolute path" in line
