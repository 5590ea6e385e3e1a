import json
import subprocess
import sys

import pytest

from infra.task import Task, TaskArgs
from slipway import contract
from slipway.stack.program import record
from tests.aws_servers import serving
from tests.servers import CPU_TYPES, IMAGE, NAMES, PLACE, TIMINGS, server_settings


def definition(*types, **changes):
    args = TaskArgs(
        settings=server_settings(*types, **changes),
        names=NAMES,
        place=PLACE,
        timings=TIMINGS,
        image_uri=IMAGE,
        store_url="s3://bucket",
        task_role_arn="arn:task",
        execution_role_arn="arn:execution",
        log_group="/slipway/dev/servers",
    )
    (found,) = record(lambda: Task("dev-task", args) and None).of("TaskDefinition")
    return found.properties


def container(*types, **changes):
    (found,) = json.loads(definition(*types, **changes)["containerDefinitions"])
    return found


def test_the_revision_before_stays_for_a_rollback():
    assert definition()["skipDestroy"] is True


def test_the_task_has_the_role_of_the_node_and_ecs_one_of_its_own():
    made = definition()
    assert (made["taskRoleArn"], made["executionRoleArn"]) == ("arn:task", "arn:execution")


def test_the_container_is_confined():
    made = container()
    assert made["user"] == "1000:1000"
    assert made["privileged"] is False
    assert made["readonlyRootFilesystem"] is True
    assert made["dockerSecurityOptions"] == ["no-new-privileges"]
    assert made["linuxParameters"]["capabilities"] == {"add": [], "drop": ["ALL"]}
    (folder,) = made["mountPoints"]
    assert folder["containerPath"] == "/var/lib/slipway"
    assert [each["containerPath"] for each in made["linuxParameters"]["tmpfs"]] == ["/tmp"]


def test_the_image_is_named_by_its_digest():
    assert container()["image"] == IMAGE


def test_a_gpu_task_takes_all_gpus_of_a_server_and_a_cpu_task_asks_for_none():
    assert container()["resourceRequirements"] == [{"type": "GPU", "value": "1"}]
    four = container("g6.12xlarge")
    assert four["resourceRequirements"] == [{"type": "GPU", "value": "4"}]
    assert container(*CPU_TYPES)["resourceRequirements"] == []


def test_the_task_fits_into_the_smallest_server_and_onto_it_but_once():
    reserved = container("m7i.xlarge", "m7i.2xlarge")["memoryReservation"]
    assert 0.5 * 16384 < reserved < 0.9 * 16384


def test_in_host_mode_ports_are_those_of_the_server():
    ports = container()["portMappings"]
    assert {(each["containerPort"], each["hostPort"]) for each in ports} == {
        (8000, 8000),
        (8001, 8001),
        (8002, 8002),
        (8003, 8003),
        (8004, 8004),
    }


def test_in_bridge_mode_docker_picks_the_ports_of_requests():
    made = container(network_mode="bridge", hop_limit=2)
    assert {(each["containerPort"], each["hostPort"]) for each in made["portMappings"]} == {
        (8000, 0),
        (8001, 0),
        (8002, 8002),
        (8003, 8003),
        (8004, 8004),
    }


def test_the_container_gets_its_time_to_stop():
    assert container()["stopTimeout"] == TIMINGS.stop_seconds


LIVE = "http://127.0.0.1:8000/v2/health/live"


def test_a_container_is_replaced_when_triton_is_gone():
    check = container()["healthCheck"]
    kind, python, *_ = check["command"]
    assert (kind, python) == ("CMD", "/opt/slipway/bin/python"), "the image's own"
    assert f"'{LIVE}'" in check["command"][-1]
    assert check["startPeriod"] <= 300, "ECS takes no more"


class Triton:
    """Answers its health with a status."""

    def __init__(self, status):
        self.status, self.url, self.asked = status, "", []

    def answer(self, request):
        self.asked.append(request.path)
        return self.status, ""


@pytest.mark.parametrize(("status", "fine"), [(200, True), (400, False), (500, False)])
def test_the_check_fails_where_triton_says_no(status, fine):
    _, _, *rest = container()["healthCheck"]["command"]
    with serving(Triton(status)) as triton:
        here = [word.replace("http://127.0.0.1:8000", triton.url) for word in rest]
        done = subprocess.run([sys.executable, *here], capture_output=True, check=False)
    assert (done.returncode == 0) is fine
    assert triton.asked == ["/v2/health/live"]


def test_the_check_fails_where_nobody_answers():
    _, _, *rest = container()["healthCheck"]["command"]
    nobody = [word.replace(":8000", ":9") for word in rest]
    assert subprocess.run([sys.executable, *nobody], capture_output=True, check=False).returncode


def test_the_node_is_told_where_it_belongs_but_no_hook_to_complete():
    told = {each["name"]: each["value"] for each in container()["environment"]}
    assert told == {
        contract.ENV_STORE: "s3://bucket",
        contract.ENV_ENVIRONMENT: "dev",
        contract.ENV_REGION: "eu-central-1",
        contract.ENV_METRICS: "cloudwatch",
        contract.ENV_EXIT_TIMEOUT: "30",
        contract.ENV_FOLDER: "/var/lib/slipway",
    }


def test_what_the_node_says_goes_to_the_log_group_and_never_stops_it():
    log = container()["logConfiguration"]
    assert log["logDriver"] == "awslogs"
    assert log["options"]["awslogs-group"] == "/slipway/dev/servers"
    assert log["options"]["mode"] == "non-blocking"
