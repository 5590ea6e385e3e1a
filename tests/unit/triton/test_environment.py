"""The checks read files only, so a folder that looks like an environment is one."""

import platform
from pathlib import Path

import pytest

from slipway import contract
from slipway.errors import ServerEnvironmentError
from slipway.triton import environment
from slipway.triton.environment import SHARED, ServerEnvironment
from slipway.triton.server import BACKENDS


@pytest.fixture(autouse=True)
def linux_on_x86(monkeypatch):
    monkeypatch.setattr(platform, "system", lambda: "Linux")
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")
    monkeypatch.delenv(contract.ENV_SERVER, raising=False)


@pytest.fixture
def make(tmp_path):
    def build(name="server", *, packages=None, stub=True, libpython=True):
        root = tmp_path / name
        base = tmp_path / "python"
        (base / "lib").mkdir(parents=True, exist_ok=True)
        (base / "bin").mkdir(exist_ok=True)
        library = base / "lib/libpython3.11.so.1.0"
        library.touch()
        if not libpython:
            library.unlink()
        site = root / "lib/python3.11/site-packages"
        wheel = site / "pytriton/tritonserver"
        files = [wheel / "bin/tritonserver"]
        if stub:
            files.append(wheel / "python_backend_stubs/3.11/triton_python_backend_stub")
        for file in files:
            file.parent.mkdir(parents=True)
            file.touch()
        fitting = {
            "nvidia_pytriton": "0.7.0",
            "onnxruntime": "1.32.0",
            "openvino": "2026.4.1",
            "numpy": "1.26.4",
        }
        for package, version in (fitting if packages is None else packages).items():
            info = site / f"{package}-{version}.dist-info"
            info.mkdir()
            info.joinpath("METADATA").write_text(
                f"Metadata-Version: 2.1\nName: {package}\nVersion: {version}\n"
            )
        root.joinpath("pyvenv.cfg").write_text(f"home = {base / 'bin'}\nversion = 3.11.7\n")
        return root

    return build


def test_an_environment_that_fits_says_what_it_holds(make):
    root = make()
    found = ServerEnvironment.find(root)
    assert found.versions == {
        "nvidia-pytriton": "0.7.0",
        "onnxruntime": "1.32.0",
        "openvino": "2026.4.1",
        "numpy": "1.26.4",
    }
    assert found.tritonserver == (
        root / "lib/python3.11/site-packages/pytriton/tritonserver/bin/tritonserver"
    )


def test_the_server_inherits_next_to_nothing_and_telemetry_is_off(make, monkeypatch):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("PYTHONPATH", "/elsewhere")
    monkeypatch.setenv("HOME", "/home/someone")
    environ = ServerEnvironment.find(make()).environ()
    assert "AWS_SECRET_ACCESS_KEY" not in environ
    assert "/elsewhere" not in environ["PYTHONPATH"]
    assert environ["HOME"] == "/home/someone"
    assert contract.TELEMETRY_OFF.items() <= environ.items()
    assert environ["LD_LIBRARY_PATH"].split(":")[0].endswith("nvidia_pytriton.libs")


def test_it_is_looked_for_in_a_fixed_order(make, monkeypatch):
    named, here, given = make("named"), make(environment.FOLDER), make("given")
    monkeypatch.chdir(here.parent)
    assert ServerEnvironment.find().root == here
    monkeypatch.setenv(contract.ENV_SERVER, str(named))
    assert ServerEnvironment.find().root == named
    assert ServerEnvironment.find(given).root == given


def test_a_missing_environment_is_one_line_that_mends_it(tmp_path):
    with pytest.raises(ServerEnvironmentError) as caught:
        ServerEnvironment.find(tmp_path / "nowhere")
    assert str(tmp_path / "nowhere") in str(caught.value)
    assert "make setup" in caught.value.mend
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("packages", "said"),
    [
        (
            {"nvidia_pytriton": "0.7.0", "onnxruntime": "1", "openvino": "1", "numpy": "2.1.0"},
            "numpy 2.1.0",
        ),
        ({"onnxruntime": "1.32.0", "numpy": "1.26.4"}, "nvidia-pytriton is not installed"),
        ({"nvidia-pytriton": "0.7.0", "numpy": "1.26.4"}, "onnxruntime is not installed"),
        (
            {"nvidia-pytriton": "0.7.0", "onnxruntime": "1.32.0", "numpy": "1.26.4"},
            "openvino is not installed",
        ),
    ],
)
def test_packages_that_do_not_fit_are_refused(make, packages, said):
    with pytest.raises(ServerEnvironmentError, match=said) as caught:
        ServerEnvironment.find(make(packages=packages))
    assert "make setup" in caught.value.mend


def test_a_base_python_without_shared_library_is_refused_with_the_package_to_install(make):
    with pytest.raises(ServerEnvironmentError, match=r"libpython3\.11\.so") as caught:
        ServerEnvironment.find(make(libpython=False))
    assert "Debian" in caught.value.mend


def test_a_python_the_wheel_has_no_stub_for_is_refused(make):
    with pytest.raises(ServerEnvironmentError, match=r"Python 3\.11"):
        ServerEnvironment.find(make(stub=False))


def test_another_machine_than_the_wheels_is_refused(make, monkeypatch):
    monkeypatch.setattr(platform, "machine", lambda: "arm64")
    with pytest.raises(ServerEnvironmentError, match="arm64"):
        ServerEnvironment.find(make())


def test_settings_without_a_home_are_refused(make):
    root = make()
    root.joinpath("pyvenv.cfg").write_text("version = 3.11.7\n")
    with pytest.raises(ServerEnvironmentError, match="no home"):
        ServerEnvironment.find(root)


def test_a_relative_folder_becomes_absolute_before_the_server_gets_it(make, monkeypatch):
    monkeypatch.chdir(make("server").parent)
    found = ServerEnvironment.find(Path("server"))
    assert found.root.is_absolute()


def gathered(make, tmp_path, ours):
    environment = ServerEnvironment.find(make())
    environment.python_backend.mkdir(parents=True)
    environment.python_backend.joinpath("libtriton_python.so").touch()
    return environment.gather_backends(tmp_path / "backends", ours)


def test_a_backend_lies_beside_copies_of_what_they_share_because_it_sees_no_other_folder(
    make, tmp_path
):
    folder = gathered(make, tmp_path, BACKENDS)
    assert {path.name for path in folder.iterdir()} >= {"python", "onnxruntime", "openvino"}
    assert not (folder / SHARED).exists()
    for backend in ("onnxruntime", "openvino"):
        copied = {path.name for path in (folder / backend).iterdir()}
        assert {"model.py", "settings.py", "agreement.py", "batching.py"} <= copied
        ours = (BACKENDS / backend / "__init__.py").read_text()
        assert (folder / backend / "__init__.py").read_text() == ours


def test_what_backends_share_has_names_that_none_of_them_has():
    shared = {file.name for file in (BACKENDS / SHARED).glob("*.py")} - {"__init__.py"}
    assert shared
    for model in BACKENDS.glob("*/model.py"):
        assert not shared & {file.name for file in model.parent.iterdir()}


def test_backends_that_share_nothing_are_gathered_too(make, tmp_path):
    alone = tmp_path / "ours/alone"
    alone.mkdir(parents=True)
    alone.joinpath("model.py").touch()
    folder = gathered(make, tmp_path, tmp_path / "ours")
    assert [path.name for path in (folder / "alone").iterdir()] == ["model.py"]


def test_nothing_that_reports_its_use_is_installed_for_the_server():
    folder = Path(environment.__file__).parent
    required = "\n".join(file.read_text() for file in folder.glob("requirements*.txt"))
    named = {line.split("==")[0] for line in required.splitlines() if "==" in line}
    assert {"numpy", "onnxruntime", "openvino"} <= named
    assert not named & {name.replace("_", "-") for name in contract.TELEMETRY_PACKAGES}
    # It would come as a requirement of openvino's.
    assert "openvino" not in folder.joinpath("requirements.txt").read_text().split("==")[0::2]
