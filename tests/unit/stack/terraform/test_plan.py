"""What Terraform is given to plan: nothing that calls anybody, nothing that it would refuse."""

import json
import stat
from types import SimpleNamespace

import pytest

from slipway.stack.terraform import planfile
from slipway.stack.terraform.plan import Question, changes, offline, plan, write


def document(**resources):
    return {
        "terraform": {},
        "provider": {
            "aws": [
                {"region": "eu-central-1", "profile": "me", "assume_role": [{"role_arn": "x"}]},
                {"alias": "b", "default_tags": [{"tags": {}}], "allowed_account_ids": ["1"]},
            ]
        },
        "resource": resources,
        "moved": [{"from": "a.b", "to": "c.d"}],
        "import": [{"to": "a.b", "id": "x"}],
    }


def test_a_provider_is_nobody_and_keeps_what_it_does():
    first, second = offline(document())["provider"]["aws"]
    assert not {"profile", "assume_role"} & first.keys()
    assert not {"allowed_account_ids"} & second.keys()
    assert first["region"] == "eu-central-1"
    assert second["alias"] == "b"
    assert second["default_tags"] == [{"tags": {}}]
    for provider in (first, second):
        assert provider["access_key"] == "offline"
        assert provider["skip_credentials_validation"]
        assert provider["max_retries"] == 0


def test_protection_is_taken_off_and_the_rest_of_a_lifecycle_stays():
    both = {"lifecycle": [{"prevent_destroy": True, "ignore_changes": ["tags"]}], "name": "x"}
    alone = {"lifecycle": [{"prevent_destroy": True}], "name": "y"}
    found = offline(document(aws_vpc={"a": both, "b": alone, "c": {}}))["resource"]["aws_vpc"]
    assert found == {
        "a": {"lifecycle": [{"ignore_changes": ["tags"]}], "name": "x"},
        "b": {"name": "y"},
        "c": {},
    }
    assert both["lifecycle"] == [{"prevent_destroy": True, "ignore_changes": ["tags"]}]


def test_moves_and_imports_are_left_out():
    assert not {"moved", "import"} & offline(document()).keys()


class Played:
    """In the place of Terraform: notes what it is asked, in a folder that it looks at."""

    def __init__(self, shown=None):
        self.shown = shown
        self.asked = []
        self.files = {}
        self.modes = set()

    def equip(self, folder):
        (folder / "lock").touch()

    def run(self, folder, *arguments, **_options):
        self.asked.append(arguments)
        self.files = {path.name: path.read_text() for path in folder.iterdir()}
        self.modes.add(stat.S_IMODE(folder.stat().st_mode))
        return SimpleNamespace(stdout=json.dumps(self.shown))


def test_all_of_a_question_is_in_the_folder(tmp_path):
    question = Question(document(), {"secret": "x"}, {"asset": "text"}, {"version": 4})
    write(Played(), question, tmp_path)
    assert json.loads((tmp_path / "main.tf.json").read_text()) == offline(document())
    assert json.loads((tmp_path / "secrets.auto.tfvars.json").read_text()) == {"secret": "x"}
    assert (tmp_path / "asset").read_text() == "text"
    assert json.loads((tmp_path / "terraform.tfstate").read_text()) == {"version": 4}
    assert (tmp_path / "lock").exists()


def test_without_variables_and_a_state_there_are_no_such_files(tmp_path):
    write(Played(), Question(document()), tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"main.tf.json", "lock"}


SHOWN = {
    "resource_changes": [
        {"address": "aws_vpc.a", "provider_name": "x/hashicorp/aws", "change": {}},
        {"address": "aws_vpc.b", "provider_name": "x/hashicorp/aws", "change": {}},
    ],
    "configuration": {
        "provider_config": {"aws": {"name": "aws"}, "aws.other": {"name": "aws", "alias": "other"}},
        "root_module": {
            "resources": [
                {"address": "aws_vpc.a", "provider_config_key": "aws"},
                {"address": "aws_vpc.b", "provider_config_key": "aws.other"},
            ]
        },
    },
}


def test_a_plan_asks_nobody_and_only_we_can_read_its_folder():
    terraform = Played({"planned": True})
    assert plan(terraform, Question(document())) == {"planned": True}
    planning, showing = terraform.asked
    assert planning[0] == "plan"
    assert {"-refresh=false", "-lock=false", "-input=false"} <= set(planning)
    assert showing[:2] == ("show", "-json")
    assert terraform.modes == {0o700}


def test_a_plan_file_that_can_be_read_is_not_shown(monkeypatch):
    monkeypatch.setattr(planfile, "read", lambda _file: {"resource_changes": []})
    terraform = Played()
    assert changes(terraform, Question(document())) == {"resource_changes": []}
    assert len(terraform.asked) == 1


def test_a_plan_file_of_another_version_is_shown_and_says_which_provider_each_has(monkeypatch):
    monkeypatch.setattr(planfile, "read", lambda _file: None)
    found = changes(Played(SHOWN), Question(document()))
    assert [change["provider"] for change in found["resource_changes"]] == [
        'provider["x/hashicorp/aws"]',
        'provider["x/hashicorp/aws"].other',
    ]


@pytest.mark.parametrize("kind", [planfile.read])
def test_a_plan_file_that_is_none_is_an_error(kind, tmp_path):
    (tmp_path / "plan").write_text("no zip")
    with pytest.raises(Exception, match="zip"):
        kind(tmp_path / "plan")
