"""Programs of other revisions, each in a process of its own: its modules, its failures."""

import os
import sys

import pytest

from slipway.errors import StackError
from slipway.stack.evaluation import Program, evaluate
from slipway.stack.load import load
from slipway.stack.program import record
from slipway.stack.revisions import checked_out
from tests.unit.stack.test_revisions import git

KEY = b"k" * 32
TOPIC = "import pulumi_aws as aws\naws.sns.Topic({name!r})\n"


def project(folder, program="", **modules):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "Pulumi.yaml").write_text("name: slipway\nruntime: python\n")
    (folder / "Pulumi.dev.yaml").write_text("config:\n  aws:region: eu-central-1\n")
    (folder / "__main__.py").write_text(program)
    for name, text in modules.items():
        path = folder / f"{name.replace('.', '/')}.py"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    return folder


def names(found):
    return [r.name for r in found.graph.resources if r.custom]


def failure(program, stack="dev"):
    with pytest.raises(StackError) as raised:
        evaluate([Program(program, stack)], KEY)
    return raised.value


MAIN = "from parts import make\nmake()\n"
MAKE = "import pulumi_aws as aws\ndef make():\n    aws.sns.Topic({name!r})\n"


@pytest.fixture(scope="module")
def revisions(tmp_path_factory):
    """A program whose `parts` are a package at first, and a file with other resources then; and
    which calls a module of its own as this checkout calls one: `slipway`, `infra`.
    """
    root = tmp_path_factory.mktemp("revisions")
    git(root, "init", "--quiet", "--initial-branch=main")
    own = "from slipway import NAME\nimport infra.stack\n" + MAIN
    project(root / "deploy", own, **{"parts.__init__": MAKE.format(name="older")})
    project(root / "deploy", own, **{"slipway.__init__": "NAME = 'theirs'\n"})
    project(root / "deploy", own, **{"infra.stack": ""})
    git(root, "add", ".")
    git(root, "commit", "--quiet", "-m", "1")
    git(root, "rm", "--quiet", "-r", "deploy/parts")
    project(root / "deploy", own, parts=MAKE.format(name="newer"))
    git(root, "add", ".")
    git(root, "commit", "--quiet", "-m", "2")
    return root / "deploy"


def test_the_programs_of_two_revisions_run_with_their_own_modules_and_leave_ours(revisions):
    ours = sys.modules["slipway.stack.load"]
    with checked_out(revisions, "HEAD~1") as before, checked_out(revisions, "HEAD") as after:
        older, newer = evaluate([Program(before, "dev"), Program(after, "dev")], KEY)
    assert names(older) == ["older"]
    assert names(newer) == ["newer"]
    assert sys.modules["slipway.stack.load"] is ours
    assert "parts" not in sys.modules


def test_a_graph_from_another_process_is_the_one_of_this_process(tmp_path):
    program = """
import pulumi
import pulumi_aws as aws
topic = aws.sns.Topic("topic", opts=pulumi.ResourceOptions(
    protect=True, aliases=[pulumi.Alias(name="older")], ignore_changes=["tags"],
    custom_timeouts=pulumi.CustomTimeouts(create="5m")))
aws.sns.TopicSubscription("reads", topic=topic.arn, protocol="email", endpoint="a@example.com")
zone = aws.route53.Zone("zone", name="example.com")
aws.route53.Record("ns", zone_id=zone.id, name="x", type="NS", ttl=60, records=zone.name_servers)
pulumi.export("deep", {"arn": [topic.arn, 1, True]})
pulumi.export("upper", topic.arn.apply(str.upper))
"""
    folder = project(tmp_path, program)
    (there,) = evaluate([Program(folder, "dev")], KEY)
    here = load(folder, "dev", key=KEY)
    assert there.graph.named("topic") == here.named("topic")
    assert there.graph.named("reads") == here.named("reads")
    assert there.graph.outputs == here.outputs
    assert there.graph.declared == here.declared
    assert there.graph.named("ns").properties["records"] == "@zone.nameServers@"
    assert [(d.urn, d.path) for d in there.derived] == [("", "upper")]


def test_what_only_our_own_checkout_has_is_not_there_for_a_program(tmp_path):
    for module in ("infra", "policy", "slipway"):
        error = failure(project(tmp_path, f"import {module}\n"))
        assert error.what.startswith("The program raised ModuleNotFoundError at __main__.py:1")


def test_a_program_finds_its_files_from_its_own_folder(tmp_path):
    program = "import pulumi\npulumi.export('text', open('a.txt').read())\n"
    project(tmp_path, program)
    (tmp_path / "a.txt").write_text("here")
    (found,) = evaluate([Program(tmp_path, "dev")], KEY)
    assert found.graph.outputs == {"text": "here"}


def test_overrides_and_the_region_reach_the_program(tmp_path):
    program = "import pulumi\npulumi.export('owner', pulumi.Config('slipway').require('owner'))\n"
    overrides = {"slipway:owner": "somebody", "aws:region": "eu-west-1"}
    (found,) = evaluate([Program(project(tmp_path, program), "dev", overrides)], KEY)
    assert found.graph.outputs == {"owner": "somebody"}
    assert found.graph.region == "eu-west-1"


def test_no_program_is_no_graph():
    assert evaluate([], KEY) == []


def test_a_stack_without_configuration_is_refused_with_those_there_are(tmp_path):
    error = failure(project(tmp_path), "prod")
    assert error.what == "There is no Pulumi.prod.yaml"
    assert "dev" in error.mend


def test_a_folder_without_a_program_is_refused(tmp_path):
    assert "Pulumi.yaml" in failure(tmp_path).what
    (project(tmp_path / "empty") / "__main__.py").unlink()
    error = failure(tmp_path / "empty")
    assert "__main__.py" in str(error)
    assert "slipway/stack" not in str(error)


RAISED_DEEP = {"parts": "def make():\n    deeper = {}\n    return deeper['missing']\n"}


def test_what_a_program_raises_is_said_with_its_own_file_and_line(tmp_path):
    error = failure(project(tmp_path, MAIN, **RAISED_DEEP))
    assert error.what == "The program raised KeyError at parts.py:3 (return deeper['missing'])"
    assert error.why == "'missing'"


def test_a_revision_whose_program_raises_is_named(tmp_path):
    folder = project(tmp_path, "raise ValueError('a mistake')")
    with pytest.raises(StackError, match=r"^At main: The program raised ValueError"):
        evaluate([Program(folder, "dev", revision="main")], KEY)


def test_what_a_library_raises_is_said_with_the_programs_line_that_called_it(tmp_path):
    error = failure(project(tmp_path, "import json\n\njson.loads('{')\n"))
    assert error.what == "The program raised JSONDecodeError at __main__.py:3 (json.loads('{'))"


def test_what_is_raised_while_an_output_is_transformed_has_its_line(tmp_path):
    program = """
import pulumi_aws as aws
def wrong(arn):
    raise ValueError("no such thing")
aws.ssm.Parameter("it", type="String", value=aws.sns.Topic("topic").arn.apply(wrong))
"""
    error = failure(project(tmp_path, program))
    assert error.what.startswith("The program raised ValueError at __main__.py:4")
    assert error.why == "no such thing"


def test_a_refusal_by_the_program_is_its_words(tmp_path):
    error = failure(project(tmp_path, "import pulumi\nraise pulumi.RunError('too small')\n"))
    assert (error.what, error.why) == ("The stack 'dev' is refused", "too small")


@pytest.mark.parametrize("where", ["__main__", "parts"])
def test_a_syntax_error_is_said_with_its_file_and_line(tmp_path, where):
    texts = {"__main__": MAIN, "parts": "def make(): ..."} | {where: "a = 1\n\ndef (:\n"}
    main = texts.pop("__main__")
    assert f"SyntaxError at {where}.py:3" in failure(project(tmp_path, main, **texts)).what


def test_an_import_that_fails_is_said_with_the_line_and_the_module(tmp_path):
    error = failure(project(tmp_path, "import os\nimport no_such_module\n"))
    assert error.what.startswith("The program raised ModuleNotFoundError at __main__.py:2")
    assert "no_such_module" in error.why


def test_an_exit_is_said_with_its_line(tmp_path):
    error = failure(project(tmp_path, "import sys\nsys.exit(3)\n"))
    assert error.what == "The program raised SystemExit at __main__.py:2 (sys.exit(3))"
    assert error.why == "3"


def test_the_end_of_the_process_is_said_with_its_code(tmp_path):
    error = failure(project(tmp_path, "import os\nos._exit(7)\n"))
    assert error.what == f"The program at {tmp_path} did not come to an end"
    assert error.why == "its process ended with code 7"


def test_an_interrupt_within_the_program_is_an_error_too(tmp_path):
    assert "did not come to an end" in failure(project(tmp_path, "raise KeyboardInterrupt\n")).what


def test_what_a_program_prints_is_nobodys_answer(tmp_path, capfd):
    program = "import sys\nprint('{\"error\": 1}')\nsys.stderr.write('x' * 99999)\n"
    (found,) = evaluate([Program(project(tmp_path, program), "dev")], KEY)
    assert names(found) == []
    assert capfd.readouterr() == ("", "")


def test_a_program_that_reads_its_input_gets_none(tmp_path):
    program = "import sys\nassert sys.stdin.read() == ''\n"
    evaluate([Program(project(tmp_path, program), "dev")], KEY)


def test_the_first_program_that_fails_is_the_error_of_all(tmp_path):
    bad = project(tmp_path / "bad", "raise ValueError('first')\n")
    good = project(tmp_path / "good")
    with pytest.raises(StackError, match="first"):
        evaluate([Program(good, "dev"), Program(bad, "dev")], KEY)


def test_a_program_that_has_a_resource_only_by_its_environment_is_not_ours_to_know(
    tmp_path, monkeypatch
):
    monkeypatch.setenv("SOME_SETTING", "named-so")
    program = "import os\nimport pulumi_aws as aws\naws.sns.Topic(os.environ['SOME_SETTING'])\n"
    (found,) = evaluate([Program(project(tmp_path, program), "dev")], KEY)
    assert names(found) == ["named-so"]
    assert os.environ["SOME_SETTING"] == "named-so"


def test_a_program_that_runs_in_this_process_raises_what_it_raises():
    def program():
        raise ValueError("as it is")

    with pytest.raises(ValueError, match="as it is"):
        record(program)
