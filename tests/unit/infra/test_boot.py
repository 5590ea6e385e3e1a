import configparser
import json
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest
import yaml

from infra import metrics
from infra.boot import Boot, user_data
from slipway import contract
from tests.servers import IMAGE, TIMINGS

SCHEMA = Path(__file__).parents[2] / "data" / "cloud-init" / "schema-cloud-config-v1.json"
BOOT = Boot(
    shape="cluster",
    environment="staging",
    group="slipway-staging",
    region="eu-central-1",
    gpu=True,
    image_uri=IMAGE,
    store_url="s3://staging-store-bucket-0123456",
    server_log_group="/slipway/staging/servers",
    system_log_group="/slipway/staging/system",
    discovery_service_id="",
    drain_seconds=60,
    exit_timeout=TIMINGS.exit_timeout,
    stop_seconds=TIMINGS.stop_seconds,
    shared_memory_gib=4,
)
KINDS = {
    "cluster-gpu": BOOT,
    "cluster-cpu": replace(BOOT, gpu=False),
    "single": replace(BOOT, shape="single", discovery_service_id="srv-0123456789abcdef"),
    "container": replace(BOOT, shape="container"),
}


@pytest.fixture(params=KINDS.values(), ids=KINDS)
def boot(request):
    return request.param


def config_of(boot):
    return yaml.safe_load(user_data(boot))


def files_of(boot):
    return {file["path"]: file["content"] for file in config_of(boot)["write_files"]}


def variables_of(boot, path):
    lines = files_of(boot)[path].splitlines()
    return dict(line.split("=", 1) for line in lines)


def unit_of(boot, name):
    parser = configparser.RawConfigParser(strict=False, interpolation=None)
    parser.optionxform = str
    parser.read_string(files_of(boot)[f"/etc/systemd/system/{name}"])
    return parser


def agent_of(boot):
    return json.loads(files_of(boot)["/etc/slipway/agent.json"])


def test_user_data_is_what_ec2_and_cloud_init_take(boot):
    text = user_data(boot)
    assert text.startswith("#cloud-config\n")
    assert len(text.encode()) <= 16384
    jsonschema.Draft4Validator(json.loads(SCHEMA.read_text())).validate(config_of(boot))


def test_the_schema_would_find_a_mistake():
    wrong = {"write_files": [{"content": "x", "mode": "0644"}]}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft4Validator(json.loads(SCHEMA.read_text())).validate(wrong)


def test_user_data_that_is_too_long_is_refused():
    with pytest.raises(ValueError, match="16384"):
        user_data(replace(BOOT, store_url="s3://" + "x" * 16384))


def test_scripts_pass_shellcheck(boot, tmp_path):
    scripts = []
    for path, content in files_of(boot).items():
        if content.startswith("#!"):
            scripts.append(tmp_path / Path(path).name)
            scripts[-1].write_text(content)
    assert len(scripts) >= 2
    shellcheck = shutil.which("shellcheck", path=Path(sys.executable).parent) or "shellcheck"
    checked = subprocess.run([shellcheck, *scripts], capture_output=True, text=True, check=False)
    assert not checked.stdout, checked.stdout
    assert checked.returncode == 0, checked.stderr


def test_every_script_that_is_started_is_there_and_may_be_run(boot):
    config = config_of(boot)
    runnable = {f["path"] for f in config["write_files"] if f.get("permissions") == "0755"}
    units = [unit_of(boot, Path(p).name) for p in files_of(boot) if p.endswith(".service")]
    commands = [
        value for unit in units for key, value in unit["Service"].items() if key.startswith("Exec")
    ]
    started = {word for command in config["runcmd"] for word in command} | {
        command.split()[0] for command in commands
    }
    ours = {word for word in started if word.startswith("/opt/slipway/")}
    assert ours == runnable


def test_what_systemd_starts_is_installed(boot):
    units = {Path(path).name for path in files_of(boot) if path.endswith(".service")}
    started = {
        word
        for command in config_of(boot)["runcmd"]
        if "start" in command or "enable" in command
        for word in command
        if word.startswith("slipway")
    }
    assert started == units
    for name in units:
        assert unit_of(boot, name)["Install"]["WantedBy"] == "multi-user.target"


@pytest.mark.skipif(
    not shutil.which("systemd-analyze"), reason="systemd-analyze is not on this machine"
)
def test_systemd_understands_the_units(tmp_path):
    # Stands in for what the machine image brings.
    bare = "[Service]\nExecStart=/bin/true\n"
    (tmp_path / "docker.service").write_text(bare)
    names = ("slipway-disks.service", "slipway.service")
    for name in names:
        text = files_of(BOOT)[f"/etc/systemd/system/{name}"]
        (tmp_path / name).write_text(
            re.sub(r"(Exec\w+=)(/opt/slipway/\w+|/usr/bin/docker)", r"\1/bin/true", text)
        )
    verified = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *(tmp_path / name for name in names)],
        capture_output=True,
        text=True,
        check=False,
    )
    if "Failed to initialize manager" in verified.stderr:
        pytest.skip("systemd-analyze cannot run here")
    assert verified.returncode == 0, verified.stderr
    assert "slipway" not in verified.stderr


def test_the_image_is_named_by_its_digest():
    assert variables_of(BOOT, "/etc/slipway/boot.env")["IMAGE"] == IMAGE


@pytest.mark.parametrize(("gpu", "said"), [(True, "yes"), (False, "no")])
def test_only_gpu_servers_hand_gpus_to_the_container(gpu, said):
    boot = replace(BOOT, gpu=gpu)
    assert variables_of(boot, "/etc/slipway/boot.env")["GPU"] == said
    assert ("/etc/docker/daemon.json" in files_of(boot)) is gpu
    assert ("nvidia_gpu" in agent_of(boot)["metrics"]["metrics_collected"]) is gpu


def test_a_reload_of_systemd_does_not_take_the_gpus_from_the_container():
    options = json.loads(files_of(BOOT)["/etc/docker/daemon.json"])
    assert options["exec-opts"] == ["native.cgroupdriver=cgroupfs"]


def test_the_node_is_told_where_it_belongs():
    assert variables_of(BOOT, "/etc/slipway/node.env") == {
        contract.ENV_STORE: BOOT.store_url,
        contract.ENV_ENVIRONMENT: "staging",
        contract.ENV_REGION: "eu-central-1",
        contract.ENV_METRICS: "cloudwatch",
        contract.ENV_EXIT_TIMEOUT: "30",
        contract.ENV_FOLDER: "/var/lib/slipway",
        contract.ENV_GROUP: "slipway-staging",
        contract.ENV_LAUNCH_HOOK: "ready",
        contract.ENV_TERMINATE_HOOK: "drain",
        contract.ENV_DRAIN: "60",
    }
    single = variables_of(KINDS["single"], "/etc/slipway/node.env")
    assert single[contract.ENV_DISCOVERY] == "srv-0123456789abcdef"


def test_the_server_asks_for_its_id_with_a_token():
    pull = files_of(BOOT)["/opt/slipway/pull"]
    assert "X-aws-ec2-metadata-token-ttl-seconds" in pull
    assert f"{contract.ENV_NODE}=" in pull


def test_a_container_that_stops_gets_as_long_as_requests_in_flight_need():
    unit = unit_of(BOOT, "slipway.service")["Service"]
    stop = int(variables_of(BOOT, "/etc/slipway/boot.env")["STOP_SECONDS"])
    assert BOOT.exit_timeout < stop < int(unit["TimeoutStopSec"])
    assert unit["ExecStop"].endswith("docker stop -t ${STOP_SECONDS} slipway")


def test_the_serving_container_is_restarted_but_not_for_ever():
    unit = unit_of(BOOT, "slipway.service")
    assert unit["Service"]["Restart"] == "on-failure"
    burst, seconds = (int(unit["Unit"][f"StartLimit{k}"]) for k in ("Burst", "IntervalSec"))
    assert burst * int(unit["Service"]["RestartSec"]) < seconds, "the limit could not be reached"
    assert unit["Unit"]["StartLimitAction"] == "poweroff"


def test_the_disks_are_mounted_at_every_boot_and_before_anything_runs_on_them(boot):
    unit = unit_of(boot, "slipway-disks.service")["Unit"]
    assert {"docker.service", "ecs.service"} <= set(unit["Before"].split())
    if boot.shape != "container":
        requires = unit_of(boot, "slipway.service")["Unit"]["Requires"].split()
        assert "slipway-disks.service" in requires


def test_cloud_init_does_not_wait_for_the_image():
    (start,) = (c for c in config_of(BOOT)["runcmd"] if "slipway.service" in c and "start" in c)
    assert "--no-block" in start


def test_there_is_no_way_in_but_session_manager(boot):
    config = config_of(boot)
    assert config["ssh_pwauth"] is False
    assert ["systemctl", "disable", "--now", "sshd.service"] in config["runcmd"]


def test_an_ecs_server_joins_its_cluster_and_runs_nothing_itself():
    boot = KINDS["container"]
    told = variables_of(boot, "/etc/ecs/ecs.config")
    assert told["ECS_CLUSTER"] == "slipway-staging"
    assert told["ECS_ENABLE_TASK_IAM_ROLE_NETWORK_HOST"] == "true"
    assert "/etc/systemd/system/slipway.service" not in files_of(boot)
    assert "/etc/docker/daemon.json" not in files_of(boot), "the ECS image's own has to stay"


def test_the_agent_ships_every_host_metric_that_there_is(boot):
    collected = agent_of(boot)["metrics"]["metrics_collected"]
    shipped = {
        (plugin, measurement)
        for plugin, options in collected.items()
        for measurement in options["measurement"]
    }
    known = (*metrics.HOST, *(metrics.GPU if boot.gpu else ()))
    assert shipped == {(metric.plugin, metric.measurement) for metric in known}
    for options in collected.values():
        assert options["append_dimensions"] == {"AutoScalingGroupName": "slipway-staging"}
    assert agent_of(boot)["metrics"]["aggregation_dimensions"] == [["AutoScalingGroupName"]]
    assert agent_of(boot)["metrics"]["namespace"] == metrics.HOST_NAMESPACE


def test_the_agent_ships_every_metric_of_triton_that_there_is(boot):
    scraped = yaml.safe_load(files_of(boot)["/etc/slipway/prometheus.yaml"])
    (job,) = scraped["scrape_configs"]
    assert job["static_configs"] == [
        {"targets": ["127.0.0.1:8002"], "labels": {"Environment": "staging"}}
    ]
    kept = re.compile(job["metric_relabel_configs"][0]["regex"])
    shipped = set()
    processor = agent_of(boot)["logs"]["metrics_collected"]["prometheus"]["emf_processor"]
    for declaration in processor["metric_declaration"]:
        assert declaration["label_matcher"] == f"^{job['job_name']}$"
        for selector in declaration["metric_selectors"]:
            assert kept.fullmatch(selector.strip("^$"))
            shipped |= {
                (processor["metric_namespace"], selector.strip("^$"), frozenset(dimensions))
                for dimensions in declaration["dimensions"]
            }
    known = metrics.catalogue(gpu=boot.gpu)
    assert shipped == {entry for entry in known if entry[0] == metrics.TRITON_NAMESPACE}


def test_logs_go_to_the_groups_of_the_environment(boot):
    logs = agent_of(boot)["logs"]
    files = logs["logs_collected"]["files"]["collect_list"]
    groups = {file["file_path"]: file["log_group_name"] for file in files}
    assert groups.pop("/var/lib/slipway/triton.log") == "/slipway/staging/servers"
    assert "/var/log/messages" in groups
    assert set(groups.values()) == {"/slipway/staging/system"}
    prometheus = logs["metrics_collected"]["prometheus"]
    assert prometheus["log_group_name"] == "/slipway/staging/system"
    if boot.shape != "container":
        told = variables_of(boot, "/etc/slipway/boot.env")
        assert told["LOG_GROUP"] == "/slipway/staging/servers"


def test_user_data_holds_nothing_that_looks_like_a_secret(boot):
    assert not re.search(r"AKIA[A-Z0-9]{16}|-----BEGIN|(?i:password|secret)", user_data(boot))
