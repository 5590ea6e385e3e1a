"""scripts/bootstrap.py, the parts that decide; it must not depend on the project."""

import ast
import importlib.util
import json
import re
import signal
import subprocess
import sys
import time
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
SCRIPT = ROOT / "scripts/bootstrap.py"


def load():
    spec = importlib.util.spec_from_file_location("bootstrap_under_test", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


bootstrap = load()

FIT = bootstrap.Machine("Linux", "x86_64", (3, 12), "/usr", has_venv=True, libpython=True)


@pytest.fixture
def root(tmp_path):
    """A repository with nothing but what decides the environments."""
    for name in (
        "pyproject.toml",
        "constraints.txt",
        "slipway/triton/requirements.txt",
        "requirements-weights.txt",
        "policy/requirements.txt",
        "policy/checkov/requirements.txt",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(f"{name}\n")
    (tmp_path / "slipway/triton/requirements-nodeps.txt").write_text("triton\n")
    (tmp_path / "build").mkdir()
    return tmp_path


def pretend_made(environment):
    environment.python.parent.mkdir(parents=True, exist_ok=True)
    environment.python.touch()
    environment.write_stamp(
        identity=environment.identity,
        made_from=environment.made_from,
        profile=environment.profile,
    )


def ready(root, profile, machine=FIT):
    return tuple(e.ready for e in bootstrap.environments(profile, machine, root))


def test_nothing_but_the_standard_library_is_imported():
    tree = ast.parse(SCRIPT.read_text())
    names = {a.name for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names}
    names |= {n.module for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)}
    assert {name.partition(".")[0] for name in names} <= sys.stdlib_module_names


def test_a_fit_machine_has_no_problems():
    assert [FIT.problems(profile) for profile in bootstrap.PROFILES] == [[], [], [], []]


@pytest.mark.parametrize(
    ("change", "way_out"),
    [
        ({"system": "Darwin"}, "container"),
        ({"machine": "aarch64"}, "container"),
        ({"python": (3, 10)}, "PYTHON=python3.12"),
        ({"python": (3, 14)}, "PYTHON=python3.12"),
        ({"has_venv": False}, "apt install python3.12-venv"),
        ({"libpython": False}, "apt install libpython3.12"),
    ],
)
def test_each_problem_is_one_line_with_a_way_out(change, way_out):
    (line,) = replace(FIT, **change).problems("demo")
    assert way_out in line
    assert "\n" not in line


def test_this_machine_is_described():
    here = bootstrap.Machine.here()
    assert here.python == sys.version_info[:2]
    assert here.has_venv


def test_environments_are_not_ready_before_and_are_ready_after(root):
    assert ready(root, "demo") == (False, False)
    for environment in bootstrap.environments("demo", FIT, root):
        pretend_made(environment)
    assert ready(root, "demo") == (True, True)


def test_the_richer_profile_does_for_the_poorer_and_not_the_other_way(root):
    for environment in bootstrap.environments("dev", FIT, root):
        pretend_made(environment)
    assert ready(root, "demo") == (True, True)
    pretend_made(bootstrap.environments("demo", FIT, root)[0])
    assert ready(root, "dev") == (False, True, True, True)


def test_the_stack_needs_no_server_and_neither_linux_nor_its_library(root):
    folders = [e.folder.name for e in bootstrap.environments("stack", FIT, root)]
    assert folders == [".venv", ".venv-policy"]
    elsewhere = replace(FIT, system="Darwin", machine="arm64", libpython=False)
    assert elsewhere.problems("stack") == []
    assert len(elsewhere.problems("demo")) == 2
    for environment in bootstrap.environments("dev", FIT, root):
        pretend_made(environment)
    assert ready(root, "stack") == (True, True)


def test_checkov_is_set_up_alone_too_and_needs_no_server(root):
    elsewhere = replace(FIT, system="Darwin", machine="arm64", libpython=False)
    assert elsewhere.problems("checkov") == []
    (alone,) = bootstrap.environments("checkov", FIT, root)
    assert alone.folder.name == ".venv-checkov"
    pretend_made(alone)
    assert ready(root, "dev") == (False, False, False, True)


def test_who_only_serves_gets_no_environment_of_the_policy_pack_or_checkov(root):
    folders = [e.folder.name for e in bootstrap.environments("dev", FIT, root)]
    assert folders == [".venv", ".venv-server", ".venv-policy", ".venv-checkov"]
    for environment in bootstrap.environments("dev", FIT, root):
        pretend_made(environment)
    assert ready(root, "dev") == (True, True, True, True)
    (root / "policy/requirements.txt").write_text("other\n")
    assert ready(root, "dev") == (True, True, False, True)
    (root / "policy/checkov/requirements.txt").write_text("other\n")
    assert ready(root, "dev") == (True, True, False, False)
    assert ready(root, "demo") == (True, True)


def test_the_pack_is_started_from_the_environment_that_is_made_for_it():
    settings = (ROOT / "policy/PulumiPolicy.yaml").read_text()
    (named,) = re.findall(r"virtualenv: (\S+)", settings)
    folders = [e.folder for e in bootstrap.environments("dev", FIT, ROOT)]
    assert (ROOT / "policy" / named).resolve() in folders


@pytest.mark.parametrize("of", ["policy", "policy/checkov"])
def test_requirements_beside_the_projects_are_exact_versions(of):
    lines = (ROOT / of / "requirements.txt").read_text().splitlines()
    pins = [line for line in lines if not line.startswith("#")]
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+==[0-9][0-9A-Za-z.]*", pin) for pin in pins)


@pytest.mark.parametrize(
    ("changed", "still_ready"),
    [
        ("pyproject.toml", (False, True)),
        ("constraints.txt", (False, True)),
        ("slipway/triton/requirements.txt", (True, False)),
        ("slipway/triton/requirements-nodeps.txt", (True, False)),
    ],
)
def test_a_changed_input_makes_only_its_environment_stale(root, changed, still_ready):
    for environment in bootstrap.environments("demo", FIT, root):
        pretend_made(environment)
    (root / changed).write_text("other\n")
    assert ready(root, "demo") == still_ready


@pytest.mark.parametrize("change", [{"python": (3, 13)}, {"prefix": "/opt/python"}])
def test_another_interpreter_makes_both_stale(root, change):
    for environment in bootstrap.environments("demo", FIT, root):
        pretend_made(environment)
    assert ready(root, "demo", replace(FIT, **change)) == (False, False)


def test_an_environment_whose_interpreter_is_gone_is_not_ready(root):
    for environment in bootstrap.environments("demo", FIT, root):
        pretend_made(environment)
        environment.python.unlink()
    assert ready(root, "demo") == (False, False)


@pytest.mark.parametrize("content", ["", "{", "[]", "null", '{"identity": ""}'])
def test_an_unreadable_or_early_stamp_is_no_ready_environment(root, content):
    environment = bootstrap.environments("demo", FIT, root)[0]
    pretend_made(environment)
    (environment.folder / bootstrap.STAMP).write_text(content)
    assert not environment.ready


def test_the_profiles_name_extras_that_exist():
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"][
        "optional-dependencies"
    ]
    assert {extra for names in bootstrap.PROFILES.values() for extra in names} <= set(extras)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("Collecting torch==2.13.0 (from slipway==0.1.0)", "fetching torch"),
        ("Collecting uvicorn[standard]>=0.38", "fetching uvicorn"),
        (
            "  Downloading torch-2.13.0-cp311-linux_x86_64.whl (190.1 MB)",
            "fetching torch (190.1 MB)",
        ),
        ("  Using cached onnx_ir-1.1.0-py3-none-any.whl (12 kB)", "fetching onnx_ir (12 kB)"),
        ("Processing /w/numpy-1.26.4-cp311.whl (from -r r.txt (line 6))", "fetching numpy"),
        ("Installing collected packages: a, b, c", "installing 3 packages"),
        ("Installing collected packages: a", "installing 1 package"),
        ("  Preparing editable metadata (pyproject.toml): started", "building slipway"),
        ("Requirement already satisfied: numpy in ./lib", ""),
        ("Looking in indexes: somewhere", ""),
        ("", ""),
    ],
)
def test_a_line_of_pip_is_put_in_few_words(line, said):
    assert bootstrap.describe(line) == said


def test_half_installed_packages_are_removed_and_whole_ones_kept(tmp_path):
    packages = tmp_path / "lib/python3.12/site-packages"
    for name, files in {"half-1": ["METADATA"], "whole-1": ["METADATA", "RECORD"]}.items():
        (packages / f"{name}.dist-info").mkdir(parents=True)
        for file in files:
            (packages / f"{name}.dist-info" / file).touch()
    bootstrap.remove_half_installed(tmp_path)
    assert [path.name for path in packages.iterdir()] == ["whole-1.dist-info"]


def is_running(process):
    """Neither gone nor waiting to be reaped."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def an_environment(root, *installs):
    """One that takes this interpreter for its own, so that nothing has to be made."""
    environment = replace(bootstrap.environments("demo", FIT, root)[0], installs=installs)
    environment.python.parent.mkdir(parents=True)
    environment.python.symlink_to(sys.executable)
    environment.write_stamp(identity=environment.identity)
    return environment


def test_the_stamp_is_written_once_all_has_ended_well(root, capsys):
    environment = an_environment(root, ("--help",), ("--help",))
    assert not environment.ready
    bootstrap.set_up([environment])
    assert environment.ready
    assert environment.log.read_text().count("\n$ ") == 1
    assert "ready" in capsys.readouterr().err


def test_a_failure_shows_the_end_of_the_log_and_leaves_no_stamp(root):
    environment = an_environment(root, ("--no-such-option",))
    with pytest.raises(bootstrap.SetupFailed, match=r"no such option(?s:.*)setup\.log"):
        bootstrap.set_up([environment])
    assert not environment.ready
    assert set(environment.stamp) == {"identity"}


def test_a_folder_of_somebody_elses_making_is_left_alone(root):
    environment = bootstrap.environments("demo", FIT, root)[0]
    (environment.folder / "bin").mkdir(parents=True)
    with pytest.raises(bootstrap.SetupFailed, match="was not made by this program"):
        bootstrap.set_up([environment])
    assert (environment.folder / "bin").exists()


def test_a_command_that_runs_is_ended_with_its_children(root):
    job = bootstrap.Job(an_environment(root))
    program = "import os, time; os.fork(); print(os.getpid(), flush=True); time.sleep(60)"
    job._steps = (command for command in [[sys.executable, "-c", program]])
    job.poll()
    processes = []
    for _ in range(200):
        processes = re.findall(r"^\d+$", job.environment.log.read_text(), re.MULTILINE)
        if len(processes) == 2:
            break
        time.sleep(0.05)
    assert [is_running(process) for process in processes] == [True, True]
    job.stop()
    for _ in range(200):
        if not any(is_running(process) for process in processes):
            break
        time.sleep(0.05)
    assert [is_running(process) for process in processes] == [False, False]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_just_after_the_start_of_a_command_ends_it(root, monkeypatch, number):
    started = []

    class Popen(subprocess.Popen):
        def __init__(self, _command, **options):
            super().__init__([sys.executable, "-c", "import time; time.sleep(60)"], **options)
            started.append(self)
            signal.raise_signal(number)

    monkeypatch.setattr(subprocess, "Popen", Popen)
    before = signal.getsignal(number)
    with pytest.raises(KeyboardInterrupt):
        bootstrap.set_up([an_environment(root, ["anything"])])
    assert [process.poll() is not None for process in started] == [True]
    assert signal.getsignal(number) == before


@pytest.mark.parametrize("arguments", [[], ["no-such-profile"]])
def test_a_wrong_call_ends_with_2_and_shows_the_profiles(arguments):
    done = subprocess.run(
        [sys.executable, SCRIPT, *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "demo" in done.stderr


def test_the_stamp_is_plain_json(root):
    environment = an_environment(root)
    assert json.loads((environment.folder / bootstrap.STAMP).read_text()) == environment.stamp


def test_every_constraint_is_one_exact_version_without_a_local_label():
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pins = [line for line in lines if line and not line.startswith("#")]
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+==[0-9][0-9A-Za-z.]*", pin) for pin in pins)
    assert "torch==2.13.0" in pins
    assert not [pin for pin in pins if pin.startswith("slipway")]
