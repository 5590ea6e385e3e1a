"""scripts/stack.py as people run it."""

import json

from tests.running import ROOT, python, refused

STACK = "scripts/stack.py"


def test_show_names_every_component_with_what_it_consists_of():
    done = python(STACK, "show", "--stack", "dev")
    assert done.returncode == 0, done.stderr
    header, *rows = done.stdout.splitlines()
    assert header.split() == ["COMPONENT", "RESOURCES", "OF", "WHICH"]
    shown = {row.split()[0]: int(row.split()[1]) for row in rows}
    assert {"dev-net", "dev-store", "dev-fleet"} <= set(shown)
    assert done.stderr.startswith(f"{sum(shown.values())} resources; outputs: ")


def test_show_as_json_is_one_document_with_the_same_count():
    done = python(STACK, "show", "--stack", "dev", "--shape", "cluster", "--json")
    shown = json.loads(done.stdout)
    counted = sum(sum(c["resources"].values()) for c in shown["components"])
    assert shown["resources"] == counted
    assert "dev-ingress" in {component["name"] for component in shown["components"]}


def test_check_ends_well_where_every_rule_is_kept():
    done = python(STACK, "check", "--stack", "prod")
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr == "0 mandatory rules broken, 0 remarks\n"


def test_check_ends_with_1_and_names_rule_and_resource_where_one_is_broken(tmp_path):
    (tmp_path / "Pulumi.yaml").write_text("name: slipway\nruntime: python\n")
    (tmp_path / "Pulumi.dev.yaml").write_text("config:\n  aws:region: eu-central-1\n")
    (tmp_path / "__main__.py").write_text(
        "import pulumi_aws as aws\naws.s3.Bucket('open-bucket')\n"
    )
    (tmp_path / "policy").symlink_to(ROOT / "policy")
    done = python(STACK, "check", "--stack", "dev", "--root", tmp_path)
    assert done.returncode == 1, done.stderr
    assert "open-bucket" in done.stdout
    assert "mandatory" in done.stdout


def test_a_stack_that_does_not_exist_is_refused_with_those_that_do():
    line = refused(python(STACK, "show", "--stack", "production"))
    assert "Pulumi.production.yaml" in line
    assert "dev, prod, staging" in line


def test_wrong_settings_are_refused_in_one_line_that_names_them():
    line = refused(python(STACK, "show", "-s", "prod", "--set", "slipway:protect=false"))
    assert "slipway:protect" in line
    assert "Set it to true" in line


def test_a_change_without_a_namespace_is_refused():
    assert "slipway:zones=3" in refused(python(STACK, "show", "-s", "dev", "--set", "zones=3"))


def test_an_unknown_shape_is_refused_with_those_there_are():
    assert "cluster" in refused(python(STACK, "show", "-s", "dev", "--shape", "swarm"))


def test_a_folder_in_the_place_of_the_picture_is_refused_by_its_name(tmp_path):
    line = refused(python(STACK, "draw", "--stack", "dev", tmp_path))
    assert f"give the name of a file: {tmp_path}" in line
    assert list(tmp_path.iterdir()) == []


def test_draw_writes_the_picture_whole(tmp_path):
    file = tmp_path / "dev.svg"
    done = python(STACK, "draw", "--stack", "dev", file)
    assert done.returncode == 0, done.stderr
    assert file.read_text().startswith("<svg ")
    assert [path.name for path in tmp_path.iterdir()] == ["dev.svg"]
