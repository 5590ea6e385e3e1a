"""The scripts of a server, run with stand-ins that write down how they were called."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.servers import IMAGE

FILES = Path(__file__).parents[3] / "infra" / "boot" / "files"
STORE = "Amazon EC2 NVMe Instance Storage"
STAND_IN = """#!/bin/bash
printf '%s\\n' "${{0##*/}} $*" >> {calls}
{answers}
"""


@pytest.fixture
def run(tmp_path):
    """Run a script with stand-ins for `commands`, name -> shell lines; returns their calls."""
    calls = tmp_path / "calls"

    def run(script, commands, **environment):
        calls.write_text("")
        for name, answers in commands.items():
            stand_in = tmp_path / name
            stand_in.write_text(STAND_IN.format(calls=calls, answers=answers))
            stand_in.chmod(0o755)
        subprocess.run(
            ["bash", FILES / script],
            env={"PATH": f"{tmp_path}:{os.environ['PATH']}", **environment},
            check=True,
            capture_output=True,
        )
        return calls.read_text().splitlines()

    return run


def disks(*names, mounted="", labelled="", already=False):
    """Stand-ins for a server with these disks of its own, beside the root volume."""
    listed = "\n".join(
        ("/dev/nvme0n1 Amazon Elastic Block Store", *(f"{n} {STORE}" for n in names))
    )
    lsblk = f"if [[ $* == *MODEL* ]]; then echo '{listed}'; else echo '{mounted}'; fi"
    silent = dict.fromkeys(("mkdir", "chown", "chmod", "mount", "mkfs.xfs", "mdadm"), "")
    return {
        **silent,
        "lsblk": lsblk,
        "mountpoint": "exit 0" if already else "exit 1",
        "blkid": f"echo {labelled}" if labelled else "exit 2",
    }


def changes(calls):
    return [call for call in calls if call.split()[0] in {"mount", "mkfs.xfs", "mdadm"}]


def test_without_disks_of_its_own_the_folder_stays_on_the_root_volume(run):
    calls = run("disks.sh", disks())
    assert not changes(calls)
    assert "chown 1000:1000 /var/lib/slipway" in calls


def test_one_disk_becomes_the_folder(run):
    calls = run("disks.sh", disks("/dev/nvme1n1"))
    assert changes(calls) == [
        "mkfs.xfs -f -K -L slipway /dev/nvme1n1",
        "mount -o noatime,nosuid,nodev /dev/nvme1n1 /var/lib/slipway",
    ]
    assert calls[-2] == "chown 1000:1000 /var/lib/slipway", "after it is mounted"


def test_several_disks_are_striped(run):
    made, *_, mounted = changes(run("disks.sh", disks("/dev/nvme1n1", "/dev/nvme2n1")))
    assert made.endswith("--level=0 --raid-devices=2 /dev/nvme1n1 /dev/nvme2n1")
    assert mounted.endswith("/dev/md/slipway /var/lib/slipway")


def test_disks_that_the_machine_image_has_mounted_are_left_as_they_are(run):
    calls = changes(run("disks.sh", disks("/dev/nvme1n1", mounted="/opt/dlami/nvme")))
    assert calls == ["mount --bind /opt/dlami/nvme/slipway /var/lib/slipway"]


def test_after_a_reboot_models_are_still_there(run):
    calls = changes(run("disks.sh", disks("/dev/nvme1n1", labelled="/dev/nvme1n1")))
    assert calls == ["mount -o noatime,nosuid,nodev /dev/nvme1n1 /var/lib/slipway"]


def test_what_is_mounted_is_not_mounted_again(run):
    assert not changes(run("disks.sh", disks("/dev/nvme1n1", already=True)))


def test_what_the_machine_image_lacks_comes_from_amazons_repository_alone(run, tmp_path):
    there = ("docker", "docker-credential-ecr-login", "mdadm", "rsyslogd", "systemctl", "sleep")
    # Here nothing is installed, so the script ends where it starts CloudWatch's agent.
    with pytest.raises(subprocess.CalledProcessError):
        run("install.sh", dict.fromkeys((*there, "dnf"), ""))
    (call,) = [
        call
        for call in (tmp_path / "calls").read_text().splitlines()
        if call.startswith("dnf install ")
    ]
    _, *words = call.split()
    assert [word for word in words if "repo" in word] == [
        "--disablerepo=*",
        "--enablerepo=amazonlinux",
    ]
    assert words[-1] == "amazon-cloudwatch-agent"


@pytest.mark.parametrize("here", [True, False])
def test_the_image_is_fetched_once(run, tmp_path, here):
    calls = run(
        "pull.sh",
        {
            "curl": "echo i-0123456789abcdef0",
            "docker": f"[[ $1 != image ]] || exit {0 if here else 1}",
        },
        IMAGE=IMAGE,
        RUNTIME_DIRECTORY=str(tmp_path),
    )
    assert (tmp_path / "node.env").read_text() == "SLIPWAY_NODE=i-0123456789abcdef0\n"
    pulled = [call for call in calls if " pull " in call]
    assert pulled == ([] if here else [f"docker --config /etc/slipway/docker pull --quiet {IMAGE}"])
    assert calls[-1] == "docker rm --force slipway"


@pytest.mark.parametrize("gpu", ["yes", "no"])
def test_the_container_is_run_as_it_should_be(run, tmp_path, gpu):
    (tmp_path / "node.env").write_text("SLIPWAY_NODE=i-0123456789abcdef0\n")
    (call,) = run(
        "serve.sh",
        {"docker": ""},
        IMAGE=IMAGE,
        REGION="eu-central-1",
        LOG_GROUP="/slipway/dev/servers",
        SHARED_MEMORY="4g",
        STOP_SECONDS="40",
        GPU=gpu,
        RUNTIME_DIRECTORY=str(tmp_path),
    )
    assert call.startswith("docker run --name slipway ")
    assert call.endswith(f" {IMAGE}")
    assert ("--gpus all" in call) is (gpu == "yes")
    for option in (
        "--network host",
        "--user 1000:1000",
        "--read-only",
        "--cap-drop ALL",
        "--security-opt no-new-privileges",
        "--volume /var/lib/slipway:/var/lib/slipway",
        "--stop-timeout 40",
        "--shm-size 4g",
        "--log-opt awslogs-group=/slipway/dev/servers",
        "--log-opt awslogs-stream=i-0123456789abcdef0",
    ):
        assert option in call
    assert "--privileged" not in call
