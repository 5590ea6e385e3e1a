import pytest

from slipway import contract
from slipway.errors import ServerEnvironmentError, StartupError
from slipway.triton.installation import NEEDED, ContainerInstallation
from slipway.triton.server import EmbeddedServer, Ports, ServerOptions


@pytest.fixture
def image(tmp_path):
    """A folder with what Slipway looks for in NVIDIA's image."""
    root = tmp_path / "opt/tritonserver"
    for file in NEEDED:
        (root / file).parent.mkdir(parents=True)
        (root / file).write_text("#!/bin/sh\n")
    return root


def test_the_image_says_what_it_is(image, monkeypatch):
    monkeypatch.setenv("NVIDIA_TRITON_SERVER_VERSION", "26.07")
    found = ContainerInstallation.find(image)
    assert found.tritonserver == image / "bin/tritonserver"
    assert found.versions == {"tritonserver image": "26.07"}


@pytest.mark.parametrize("missing", NEEDED)
def test_outside_of_the_image_the_way_out_is_named(image, missing):
    (image / missing).unlink()
    with pytest.raises(ServerEnvironmentError, match=missing) as caught:
        ContainerInstallation.find(image)
    assert contract.ENV_SERVER in caught.value.mend


def test_the_images_own_backends_are_used_as_they_are(image, tmp_path):
    found = ContainerInstallation.find(image)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    assert found.gather_backends(scratch, tmp_path) == image / "backends"
    assert list(scratch.iterdir()) == []


def test_the_server_gets_the_images_variables_but_none_of_the_nodes(image, monkeypatch):
    for name in (contract.ENV_STORE, "AWS_SECRET_ACCESS_KEY", "PYTHONPATH", "VIRTUAL_ENV"):
        monkeypatch.setenv(name, "the node's")
    monkeypatch.setenv("LD_LIBRARY_PATH", "/usr/local/cuda/lib64")
    environ = ContainerInstallation.find(image).environ()
    assert environ["LD_LIBRARY_PATH"] == "/usr/local/cuda/lib64"
    assert contract.TELEMETRY_OFF.items() <= environ.items()
    assert "the node's" not in environ.values()


def test_fp32_is_not_rounded_unless_it_is_asked_for(image, monkeypatch):
    monkeypatch.delenv("NVIDIA_TF32_OVERRIDE", raising=False)
    found = ContainerInstallation.find(image)
    assert found.environ()["NVIDIA_TF32_OVERRIDE"] == "0"
    monkeypatch.setenv("NVIDIA_TF32_OVERRIDE", "1")
    assert found.environ()["NVIDIA_TF32_OVERRIDE"] == "1"


def test_in_the_image_nothing_forbids_gpu_metrics(image, tmp_path):
    """Runs a stand-in that prints its arguments."""
    found = ContainerInstallation.find(image)
    found.tritonserver.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    found.tritonserver.chmod(0o755)
    repository = tmp_path / "repository"
    repository.mkdir()
    log = tmp_path / "run/triton.log"
    server = EmbeddedServer(ServerOptions(repository, log, Ports.free()), found)
    with pytest.raises(StartupError):
        server.start()
    said = log.read_text().splitlines()
    assert f"--backend-directory={image / 'backends'}" in said
    assert not [word for word in said if word.startswith(("--allow-gpu", "--cache-directory"))]
    assert (image / "backends").is_dir()
    assert [path.name for path in log.parent.iterdir()] == ["triton.log"]
