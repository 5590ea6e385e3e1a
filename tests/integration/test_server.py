"""The server as a process: it comes up, says why it does not, and leaves nothing behind."""

import os
import signal
import socket
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from slipway.errors import PortInUse, ServerError, StartupError
from slipway.processes import group_members
from slipway.triton import shared_memory
from slipway.triton.server import ServerOptions
from tests.integration.triton_models import (
    add_model,
    client_of,
    infer,
    memory_prefix,
    request,
    stubs_of,
)


@pytest.fixture(autouse=True)
def prefixes(monkeypatch):
    """The names under which servers of this test have shared memory."""
    made = []
    new_prefix = shared_memory.new_prefix

    def recorded():
        made.append(new_prefix())
        return made[-1]

    monkeypatch.setattr(shared_memory, "new_prefix", recorded)
    yield made
    assert [shared_memory.regions(prefix) for prefix in made] == [()] * len(made)


def nothing_left(server, group):
    assert server.pid is None
    assert not server.running
    assert group_members(group) == ()
    assert [path.name for path in server.options.log.parent.iterdir()] == ["triton.log"]


def test_a_server_serves_stops_clean_and_starts_again(make_server, prefixes):
    server = make_server()
    add_model(server.options.repository, "tiny")
    for _ in range(2):
        server.start()
        group = server.pid
        assert server.running
        with client_of(server) as client:
            client.load_model("tiny")
            assert infer(client, "tiny", request(value=3))["y"].tolist() == [[6.0, 6.0, 6.0]]
        assert len(stubs_of(server.pid)) == 1
        assert len(shared_memory.regions(memory_prefix(server.pid))) == 1
        server.stop()
        server.stop()
        nothing_left(server, group)
        assert shared_memory.regions(prefixes[-1]) == ()
    log = server.options.log.read_text()
    assert log.count("Started HTTPService") == 2


def test_only_what_was_loaded_is_served(make_server):
    server = make_server()
    add_model(server.options.repository, "tiny")
    with server, client_of(server) as client:
        assert client.is_server_ready()
        assert not client.is_model_ready("tiny")


def test_telemetry_is_off_in_the_process_that_imports_onnx_runtime(make_server):
    server = make_server()
    add_model(server.options.repository, "tiny")
    with server, client_of(server) as client:
        client.load_model("tiny")
        (stub,) = stubs_of(server.pid)
        environ = Path(f"/proc/{stub}/environ").read_bytes().split(b"\0")
    assert b"ORT_DISABLE_TELEMETRY=1" in environ


def test_a_server_that_died_is_seen_and_can_be_started_again(make_server):
    server = make_server()
    add_model(server.options.repository, "tiny")
    with server:
        with client_of(server) as client:
            client.load_model("tiny")
        group = server.pid
        os.kill(group, signal.SIGKILL)
        for _ in range(500):
            if not server.running:
                break
            time.sleep(0.01)
        assert not server.running
        server.start()
        assert server.running
        assert server.pid != group
        assert group_members(group) == ()
    nothing_left(server, group)


def test_a_port_in_use_is_named_with_its_holder_before_anything_starts(make_server):
    server = make_server()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", server.options.ports.grpc))
        taken.listen()
        with pytest.raises(PortInUse, match=str(server.options.ports.grpc)) as caught:
            server.start()
    assert str(os.getpid()) in caught.value.why
    assert not server.options.log.exists()


def test_a_server_that_ends_while_starting_says_its_last_words(make_server):
    server = make_server(extra=("--cache-config=nonesuch,size=1",))
    with pytest.raises(StartupError, match="nonesuch") as caught:
        server.start()
    assert "exit code" in caught.value.what
    assert str(server.options.log) in caught.value.mend
    assert [path.name for path in server.options.log.parent.iterdir()] == ["triton.log"]


def test_a_server_that_does_not_come_up_in_time_is_ended_and_its_log_shown(make_server):
    server = make_server(startup_timeout=1.0, extra=("--load-model=slow",))
    folder = server.options.repository / "slow/1"
    folder.mkdir(parents=True)
    folder.joinpath("model.py").write_text(
        "import time\nprint('taking my time', flush=True)\ntime.sleep(60)\n"
    )
    folder.parent.joinpath("config.pbtxt").write_text('backend: "python"')
    with pytest.raises(StartupError, match="did not come up within 1 seconds") as caught:
        server.start()
    assert "loading: slow:1" in caught.value.why
    assert "\n" not in str(caught.value)
    assert server.pid is None


def test_a_repository_that_is_no_folder_is_refused(make_server, tmp_path):
    with pytest.raises(StartupError, match="no folder"):
        make_server(repository=tmp_path / "nowhere").start()


def test_timeouts_that_cannot_be_are_refused(tmp_path):
    with pytest.raises(ServerError, match="startup_timeout"):
        ServerOptions(tmp_path, tmp_path / "log", startup_timeout=0)


CHILD = """
    import sys
    from pathlib import Path
    from slipway import terminal
    from slipway.triton.environment import ServerEnvironment
    from slipway.triton.server import EmbeddedServer, Ports, ServerOptions
    import time, typer

    app = typer.Typer()

    @app.command()
    def main() -> None:
        folder = Path({folder!r})
        options = ServerOptions(folder, folder / "run/triton.log", Ports.free())
        server = EmbeddedServer(options, ServerEnvironment.find(Path({environment!r})))
        spawn = server._spawn
        def told():
            run = spawn()
            print(run.process.pid, run.regions, flush=True)
            return run
        server._spawn = told
        with server:
            print("up", flush=True)
            time.sleep(60)

    terminal.run(app)
"""


@pytest.mark.parametrize("moment", ["starting", "running", "twice"])
def test_ctrl_c_at_any_moment_leaves_nothing(server_environment, tmp_path, moment):
    source = textwrap.dedent(CHILD).format(
        folder=str(tmp_path), environment=str(server_environment.root)
    )
    with subprocess.Popen(
        [sys.executable, "-c", source],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as child:
        group, prefix = child.stdout.readline().split()
        if moment != "starting":
            assert child.stdout.readline() == "up\n"
        os.killpg(child.pid, signal.SIGINT)
        if moment == "twice":
            time.sleep(0.2)
            os.killpg(child.pid, signal.SIGINT)
        _, said = child.communicate(timeout=30)
    assert child.returncode == 130, said
    assert group_members(int(group)) == ()
    assert shared_memory.regions(prefix) == ()
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["triton.log"]
