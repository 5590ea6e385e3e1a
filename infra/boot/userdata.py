"""The user data of a server: a cloud-config with everything that is not in the machine image."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.boot.agent import PROMETHEUS_FILE, agent, prometheus
from infra.boot.node import node_environment
from slipway import contract

LAUNCH_HOOK = "ready"
TERMINATE_HOOK = "drain"
_DISKS, _SERVER = "slipway-disks.service", "slipway.service"
_FILES = Path(__file__).parent / "files"
_MOST_BYTES = 16384
"""Of user data, by EC2, before it is encoded."""


@dataclass(frozen=True)
class Boot:
    """What a server must know. No secrets: whoever is on the server can read it.

    `group` is the auto scaling group and, in the shape `container`, the ECS cluster. A node that is
    to leave answers for `drain_seconds` more, and its container may take `stop_seconds` to stop.
    `shared_memory_gib` is the size of `/dev/shm` and, again, of `/tmp`.
    """

    shape: str
    environment: str
    group: str
    region: str
    gpu: bool
    image_uri: str
    store_url: str
    server_log_group: str
    system_log_group: str
    discovery_service_id: str
    drain_seconds: int
    exit_timeout: int
    stop_seconds: int
    shared_memory_gib: int


def user_data(boot: Boot) -> str:
    """A cloud-config. It is written as JSON, of which YAML is a superset."""
    ecs = boot.shape == "container"
    units = [_DISKS] if ecs else [_DISKS, _SERVER]
    config = {
        # Nobody logs in but through Session Manager.
        "ssh_pwauth": False,
        "disable_root": True,
        "write_files": [*_common_files(boot), *(_ecs_files(boot) if ecs else _server_files(boot))],
        "runcmd": [
            ["systemctl", "disable", "--now", "sshd.service"],
            ["systemctl", "daemon-reload"],
            ["/opt/slipway/install"],
            ["systemctl", "enable", *units],
            # The ECS agent waits for cloud-init, and so for the disks; nobody for the image.
            ["systemctl", "start", _DISKS],
            *([] if ecs else [["systemctl", "start", "--no-block", _SERVER]]),
        ],
    }
    text = "#cloud-config\n" + json.dumps(config, ensure_ascii=False, separators=(",", ":")) + "\n"
    size = len(text.encode())
    if size > _MOST_BYTES:
        raise ValueError(f"User data has {size} bytes, EC2 takes {_MOST_BYTES}")
    return text


def _common_files(boot: Boot) -> list[dict[str, Any]]:
    ecs = boot.shape == "container"
    configuration = agent(
        group=boot.group,
        log_group=boot.system_log_group,
        server_log_group=boot.server_log_group,
        gpu=boot.gpu,
        ecs=ecs,
    )
    scraped = prometheus(boot.environment, gpu=boot.gpu)
    return [
        _script("install"),
        _script("disks"),
        _unit(_DISKS),
        _file("/etc/slipway/agent.json", json.dumps(configuration, separators=(",", ":"))),
        _file(PROMETHEUS_FILE, json.dumps(scraped, separators=(",", ":"))),
    ]


def _server_files(boot: Boot) -> list[dict[str, Any]]:
    variables = {
        "REGION": boot.region,
        "IMAGE": boot.image_uri,
        "LOG_GROUP": boot.server_log_group,
        "GPU": "yes" if boot.gpu else "no",
        "SHARED_MEMORY": f"{boot.shared_memory_gib}g",
        "STOP_SECONDS": str(boot.stop_seconds),
        "AWS_ECR_DISABLE_CACHE": "true",
    }
    files = [
        _script("pull"),
        _script("serve"),
        _unit(_SERVER),
        _file("/etc/slipway/boot.env", _variables(variables)),
        # Docker asks the helper, and the helper the instance's role: nothing is kept.
        _file("/etc/slipway/docker/config.json", json.dumps({"credsStore": "ecr-login"})),
        _file("/etc/slipway/node.env", _variables(_node(boot))),
    ]
    if boot.gpu:
        files.append(_file("/etc/docker/daemon.json", json.dumps(_docker())))
    return files


def _node(boot: Boot) -> dict[str, str]:
    """A node of the group itself; the server's id comes in at boot. A task of ECS is told its
    environment by its definition.
    """
    environment = {
        **node_environment(
            store_url=boot.store_url,
            environment=boot.environment,
            region=boot.region,
            exit_timeout=boot.exit_timeout,
        ),
        contract.ENV_GROUP: boot.group,
        contract.ENV_LAUNCH_HOOK: LAUNCH_HOOK,
        contract.ENV_TERMINATE_HOOK: TERMINATE_HOOK,
        contract.ENV_DRAIN: str(boot.drain_seconds),
    }
    if boot.discovery_service_id:
        environment[contract.ENV_DISCOVERY] = boot.discovery_service_id
    return environment


def _ecs_files(boot: Boot) -> list[dict[str, Any]]:
    variables = {
        "ECS_CLUSTER": boot.group,
        "ECS_ENABLE_TASK_IAM_ROLE": "true",
        "ECS_ENABLE_TASK_IAM_ROLE_NETWORK_HOST": "true",
        "ECS_DISABLE_PRIVILEGED": "true",
        # The digest is in the image's name: what is here under it is what is meant.
        "ECS_IMAGE_PULL_BEHAVIOR": "prefer-cached",
        # One layer of NVIDIA's image takes longer to unpack than the minute that is the default.
        "ECS_IMAGE_PULL_INACTIVITY_TIMEOUT": "15m",
        "ECS_ENABLE_SPOT_INSTANCE_DRAINING": "true",
    }
    if boot.gpu:
        variables["ECS_ENABLE_GPU_SUPPORT"] = "true"
    return [_file("/etc/ecs/ecs.config", _variables(variables))]


def _docker() -> dict[str, Any]:
    """With systemd's cgroups a `systemctl daemon-reload` takes the GPUs from running containers."""
    return {"exec-opts": ["native.cgroupdriver=cgroupfs"]}


def _variables(values: Mapping[str, str]) -> str:
    return "".join(f"{name}={value}\n" for name, value in values.items())


def _script(name: str) -> dict[str, Any]:
    content = (_FILES / f"{name}.sh").read_text(encoding="utf-8")
    return {**_file(f"/opt/slipway/{name}", content), "permissions": "0755"}


def _unit(name: str) -> dict[str, Any]:
    content = (_FILES / name).read_text(encoding="utf-8")
    return _file(f"/etc/systemd/system/{name}", content)


def _file(path: str, content: str) -> dict[str, Any]:
    return {"path": path, "content": content, "permissions": "0644"}
