"""A secret wherever a program can put one: no command may say or leave it."""

import base64
import dataclasses
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest

from slipway.errors import StackError
from slipway.stack.picture import svg
from slipway.stack.secrets import Redactor, redacted
from slipway.stack.terraform.tools import find
from tests.running import python
from tests.stacks import ROOT, evaluated

STACK = ROOT / "scripts/stack.py"
FORMER, SECRET = "wrong-zebra-93-staple", "correct-horse-42-battery"
PROJECT = """name: planted
runtime: python
config:
  password: {type: string, secret: true}
  size: {type: integer, default: 1}
"""
PROGRAM = """import base64
import json

import pulumi
from pulumi_aws import ec2, lambda_, s3, sns, ssm

config = pulumi.Config()
secret = config.require_secret("password")
plain = config.require("password")
if config.get_int("size") == 13:
    raise ValueError(f"{plain} is no password")

ssm.Parameter("parameter", type="SecureString", value=secret)
s3.Bucket("tagged", tags={"owner": plain, plain: "key"})
lambda_.Function(
    "function",
    role="arn:aws:iam::123456789012:role/a",
    package_type="Image",
    image_uri="123456789012.dkr.ecr.eu-central-1.amazonaws.com/a:1",
    environment={"variables": {"PASSWORD": secret, "SIZE": str(config.get_int("size"))}},
)
ec2.LaunchTemplate(
    "template",
    user_data=base64.b64encode(f"#!/bin/sh\\nlogin {plain}\\n".encode()).decode(),
)
s3.BucketPolicy(
    "policy",
    bucket="a-bucket",
    policy=json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": {
                "Effect": "Allow",
                "Principal": "*",
                "Action": "s3:GetObject",
                "Resource": "arn:aws:s3:::a-bucket/*",
                "Condition": {"StringEquals": {"aws:Referer": plain}},
            },
        }
    ),
)
sns.Topic(f"topic-{plain}")
ec2.SecurityGroup("group", description=f"for {plain}")
pulumi.export("secret", secret)
pulumi.export("unwrapped", {"url": f"https://me:{plain}@example.com/"})
pulumi.export("size", config.get_int("size"))
"""


def forms(secret):
    """A text, and what is of it in base64 wherever it stands in a longer one."""
    yield secret
    for before in range(3):
        encoded = base64.b64encode(b"x" * before + secret.encode()).decode().rstrip("=")
        yield encoded[4:-2]


NEEDLES = [form.encode() for secret in (FORMER, SECRET) for form in forms(secret)]


def settings(secret):
    return f"config:\n  aws:region: eu-central-1\n  planted:password: {secret}\n"


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    """A repository of two commits: the secret and a size are others in the second."""
    folder = tmp_path_factory.mktemp("planted")
    (folder / "Pulumi.yaml").write_text(PROJECT)
    (folder / "__main__.py").write_text(PROGRAM)
    (folder / "policy").symlink_to(ROOT / "policy")
    (folder / ".gitignore").write_text("build/\npolicy\n")
    who = ("-c", "user.name=Somebody", "-c", "user.email=somebody@example.com")
    for number, secret in enumerate((FORMER, SECRET), start=1):
        (folder / "Pulumi.dev.yaml").write_text(settings(secret) + f"  planted:size: {number}\n")
        commit = [*who, "commit", "--quiet", "-m", "x"]
        for command in (["init", "-qb", "main"], ["add", "."], commit, ["tag", f"commit-{number}"]):
            subprocess.run(["git", "-C", folder, *command], check=True)
    return folder


@pytest.fixture
def ran(program, tmp_path):
    """Runs commands of the script, several at a time; what they leave is below tmp_path."""

    def run(*commands, codes=(0,), **environment):
        left = tmp_path / "left"
        left.mkdir(exist_ok=True)

        def one(command):
            name, *options = command
            return python(STACK, name, "--stack", "dev", "--root", program, *options,
                          cwd=tmp_path, TMPDIR=str(left), **environment)  # fmt: skip

        with ThreadPoolExecutor(2) as pool:
            found = list(pool.map(one, commands))
        for done in found:
            assert done.returncode in codes, done.stderr
            hidden(done.stdout.encode(), "stdout")
            hidden(done.stderr.encode(), "stderr")
        for file in (*tmp_path.rglob("*"), *(program / "build").rglob("*")):
            if file.is_file() and not file.is_symlink():
                hidden(file.read_bytes(), file)
        return found

    return run


def hidden(data, where):
    for needle in NEEDLES:
        assert needle not in data, (where, needle)


@pytest.mark.parametrize("before", ["", "a", "ab", "abc"])
def test_it_would_be_found_as_it_is_and_within_base64(before):
    for secret in (FORMER, SECRET):
        whole = f"{before}{secret} and more"
        for text in (whole, base64.b64encode(whole.encode()).decode()):
            with pytest.raises(AssertionError):
                hidden(text.encode(), "a file")


def test_the_commands_that_need_no_terraform_hide_it(ran):
    show, told, *_ = ran(
        ("show",), ("show", "--json"), ("teardown",), ("teardown", "--json"), PATH="/nowhere"
    )
    assert "1 thing" not in show.stderr
    assert '"outputs"' in told.stdout


def test_check_hides_it_with_what_it_finds(ran):
    text, told = ran(("check",), ("check", "--json"), codes=(1,), PATH="/nowhere")
    assert "topic-secret-" in text.stdout  # the rule names the topic, whose name holds it
    assert "skipped: " in text.stderr
    assert '"failed": true' in told.stdout


def test_what_the_program_raises_hides_it(ran):
    size = ("--set", "planted:size=13")
    show, check = ran(("show", *size), ("check", *size), codes=(2,), PATH="/nowhere")
    for done in (show, check):
        (line,) = done.stderr.splitlines()
        assert "ValueError" in line
        assert "is no password" in line


def test_a_secret_that_is_given_on_the_command_line_is_hidden_too(ran):
    given = ("--set", f"planted:password={SECRET}", "--set", "planted:size=13")
    (done,) = ran(("show", *given), codes=(2,), PATH="/nowhere")
    assert "is no password" in done.stderr


def test_a_stack_that_cannot_be_drawn_is_refused_without_it(ran, tmp_path):
    (done,) = ran(("draw", tmp_path / "stack.svg"), codes=(2,), PATH="/nowhere")
    assert done.stderr.startswith("error: ")


def test_a_picture_hides_it():
    graph = evaluated("prod")
    (vpc,) = graph.of("Vpc")
    marked = dataclasses.replace(vpc, secrets=("cidrBlock",))
    resources = tuple(marked if r is vpc else r for r in graph.resources)
    hidden = redacted(dataclasses.replace(graph, resources=resources), Redactor(b"k" * 32))
    assert vpc.properties["cidrBlock"] in svg(graph)
    assert vpc.properties["cidrBlock"] not in svg(hidden)
    assert "VPC secret-" in svg(hidden)


def test_a_review_hides_it(ran, tmp_path):
    try:
        find()
    except StackError as missing:
        pytest.skip(str(missing))
    given = ("diff", "--base", "commit-1")
    text, told = ran(
        (*given, "--html", tmp_path / "review.html"),
        (*given, "--json", "--head", "commit-2", "--set", f"planted:password={SECRET}-2"),
        codes=(1,),
    )
    assert "value: a secret" in text.stdout
    assert "secret-" in text.stdout  # the unwrapped ones
    assert "planted:password=[secret]" in told.stdout
    assert (tmp_path / "review.html").stat().st_size > 1000
