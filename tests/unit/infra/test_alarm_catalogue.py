"""When each alarm speaks: its expression calculated with values as CloudWatch gives them."""

import re

import pytest

from infra import metrics
from infra.alarm import Alarm
from infra.alarm_catalogue import KEYS, Watched, alarms_of
from infra.request_alarms import (
    ERRORS,
    INFERENCE_ERRORS,
    LATENCY,
    NO_ANSWER,
    NO_SERVER,
    NO_SERVER_FLOW,
    RATE_LIMITED,
    RESETS,
)
from infra.server_alarms import (
    AT_MAXIMUM,
    CAPACITY,
    GPU_MEMORY,
    NOT_STARTING,
    SILENT,
    TASKS_NOT_STARTING,
)
from infra.settings import ObservabilitySettings

SETTINGS = ObservabilitySettings(
    log_days=30,
    alarm_emails=(),
    p99_milliseconds=2000,
    queue_milliseconds=500,
    error_percent=2,
    gpu_memory_percent=92,
    budget_usd=0,
)
BALANCERS = ("application", "network", "none")


def alarms(**changes) -> tuple[Alarm, ...]:
    usual = {
        "load_balancer": "application",
        "firewall": True,
        "tasks": False,
        "gpu": True,
        "min_servers": 2,
        "max_servers": 4,
        "asleep_at_times": False,
    }
    return alarms_of(Watched(**{**usual, **changes}))


ALL = {
    (balancer, "tasks" if tasks else "servers", alarm.key): alarm
    for balancer in BALANCERS
    for tasks in (False, True)
    for alarm in alarms(load_balancer=balancer, tasks=tasks)
}
every_alarm = pytest.mark.parametrize("alarm", ALL.values(), ids=["-".join(k) for k in ALL])


def calculated(alarm: Alarm, **values: float | None) -> float | None:
    """Metric math for one point in time; None is a value that is absent."""
    words = {
        "IF": lambda condition, yes, no: yes if condition else no,
        "FILL": lambda value, instead: instead if value is None else value,
    }
    assert values.keys() == alarm.readings.keys()
    try:
        return eval(alarm.expression.replace(" AND ", " and "), {}, {**words, **values})
    except (TypeError, ZeroDivisionError):  # arithmetic with an absent value gives none
        return None


def speaks(alarm: Alarm, **values: float | None) -> bool:
    value = calculated(alarm, **values)
    return value is not None and value > alarm.threshold(SETTINGS)


@every_alarm
def test_every_alarm_reads_metrics_that_are_published(alarm):
    published = metrics.catalogue(gpu=True)
    for reading in alarm.readings.values():
        assert (reading.namespace, reading.name, frozenset(reading.dimensions)) in published


@pytest.mark.parametrize("balancer", BALANCERS)
def test_without_gpus_no_alarm_reads_one(balancer):
    published = metrics.catalogue(gpu=False)
    for alarm in alarms(load_balancer=balancer, gpu=False):
        for reading in alarm.readings.values():
            assert (reading.namespace, reading.name, frozenset(reading.dimensions)) in published


@every_alarm
def test_an_expression_uses_exactly_what_is_read(alarm):
    if not alarm.expression:
        assert len(alarm.readings) == 1
        return
    assert set(re.findall(r"\b[a-z]\w*", alarm.expression)) == set(alarm.readings)
    # CloudWatch knows neither other functions nor other characters in these.
    assert set(re.findall(r"[A-Z]+", alarm.expression)) <= {"IF", "FILL", "AND"}
    assert all(re.fullmatch(r"[a-z][a-zA-Z0-9_]*", id_) for id_ in alarm.readings)
    assert "value" not in alarm.readings


@every_alarm
def test_every_alarm_keeps_cloudwatchs_limits(alarm):
    assert 1 <= alarm.datapoints <= alarm.periods
    assert alarm.period % 60 == 0
    assert alarm.period * alarm.periods <= 24 * 3600
    assert len(alarm.description) <= 1024
    assert len(alarm.readings) < 10
    assert alarm.missing in {"notBreaching", "missing"}


@every_alarm
def test_a_description_says_how_urgent_it_is_and_where_to_read_on(alarm):
    assert re.match(r"\[(page|ticket)\] [A-Z][^.]+\. What to do: ", alarm.description)
    assert alarm.description.endswith(f"docs/operations.md#{alarm.key}")


def test_the_runbook_has_a_key_for_every_alarm_and_no_other():
    assert set(KEYS) == {alarm.key for alarm in ALL.values()}
    assert len(set(KEYS)) == len(KEYS)


@pytest.mark.parametrize("balancer", BALANCERS)
def test_in_one_environment_a_key_is_used_once(balancer):
    keys = [alarm.key for alarm in alarms(load_balancer=balancer)]
    assert len(set(keys)) == len(keys)


def test_what_rolls_back_follows_from_what_can_see_a_server_fail():
    rolling = {b: {a.key for a in alarms(load_balancer=b) if a.rolls_back} for b in BALANCERS}
    assert rolling == {
        "application": {"errors", "latency", "inference-errors", "failed-release"},
        "network": {"inference-errors", "failed-release"},
        "none": {"inference-errors", "failed-release"},
    }


def test_what_rolls_back_decides_within_minutes_and_is_silent_without_traffic():
    for alarm in ALL.values():
        if alarm.rolls_back:
            assert alarm.period * alarm.periods <= 300
            assert alarm.missing == "notBreaching"


def test_one_error_of_two_requests_wakes_nobody_up():
    assert not speaks(ERRORS, servers=1, balancer=None, requests=2)
    assert not speaks(INFERENCE_ERRORS, failed=1, served=1)
    assert not speaks(RESETS, resets=1, flows=1)


def test_errors_count_from_the_percent_that_is_set():
    assert not speaks(ERRORS, servers=20, balancer=None, requests=1000)
    assert speaks(ERRORS, servers=21, balancer=None, requests=1000)
    assert speaks(ERRORS, servers=11, balancer=10, requests=1000)


def test_requests_that_found_no_server_are_errors_of_100_percent():
    assert calculated(ERRORS, servers=None, balancer=300, requests=None) == 100
    assert calculated(ERRORS, servers=None, balancer=300, requests=10) == 100


def test_no_traffic_is_no_error():
    assert not speaks(ERRORS, servers=None, balancer=None, requests=None)
    assert not speaks(LATENCY, requests=None, p99=None)
    assert not speaks(INFERENCE_ERRORS, failed=None, served=None)
    assert not speaks(RESETS, resets=None, flows=None)


def test_a_failing_triton_is_seen_even_if_nothing_succeeds():
    assert calculated(INFERENCE_ERRORS, failed=50, served=None) == 100
    assert not speaks(INFERENCE_ERRORS, failed=10, served=990)
    assert speaks(INFERENCE_ERRORS, failed=30, served=970)


def test_resets_are_a_part_of_new_connections():
    assert not speaks(RESETS, resets=10, flows=1000)
    assert speaks(RESETS, resets=200, flows=1000)
    assert calculated(RESETS, resets=200, flows=None) == 100


def test_latency_is_compared_in_milliseconds_once_there_are_enough_requests():
    assert not speaks(LATENCY, requests=10, p99=9.0)
    assert not speaks(LATENCY, requests=1000, p99=1.9)
    assert speaks(LATENCY, requests=1000, p99=2.1)


@pytest.mark.parametrize("alarm", [NO_SERVER, NO_SERVER_FLOW])
def test_no_server_is_trouble_only_while_some_are_wanted(alarm):
    assert speaks(alarm, wanted=2, healthy=None)
    assert speaks(alarm, wanted=2, healthy=0)
    assert not speaks(alarm, wanted=2, healthy=1)
    assert not speaks(alarm, wanted=0, healthy=None)
    assert not speaks(alarm, wanted=None, healthy=None)
    # A node of the balancer without servers in its own zone sees none, and that is no trouble.
    assert alarm.readings["healthy"].stat == "Maximum"


def test_without_a_load_balancer_a_server_whose_models_are_all_unwell_is_trouble():
    assert "no-server" in {a.key for a in alarms(load_balancer="none")}
    assert speaks(NO_ANSWER, serving=1, answering=0)
    assert not speaks(NO_ANSWER, serving=1, answering=2)
    assert not speaks(NO_ANSWER, serving=0, answering=0)  # it is being replaced
    assert not speaks(NO_ANSWER, serving=1, answering=None)  # `silent` tells
    assert NO_ANSWER.readings["answering"].stat == "Maximum"


def test_servers_on_their_way_are_no_shortage():
    assert not speaks(CAPACITY, wanted=4, serving=2, starting=2)
    assert speaks(CAPACITY, wanted=4, serving=3, starting=0)
    assert not speaks(CAPACITY, wanted=0, serving=0, starting=0)
    assert not speaks(CAPACITY, wanted=4, serving=5, starting=0)


def test_servers_on_their_way_for_an_hour_are_trouble():
    assert speaks(NOT_STARTING, wanted=4, serving=3)
    assert not speaks(NOT_STARTING, wanted=4, serving=4)
    assert NOT_STARTING.period * NOT_STARTING.datapoints == 3600


def test_a_group_of_a_fixed_size_is_not_at_its_maximum():
    assert speaks(AT_MAXIMUM, wanted=8, most=8, least=2)
    assert not speaks(AT_MAXIMUM, wanted=7, most=8, least=2)
    assert not speaks(AT_MAXIMUM, wanted=2, most=2, least=2)
    assert "at-maximum" not in {a.key for a in alarms(min_servers=4)}
    assert "at-maximum" not in {a.key for a in alarms(min_servers=4, tasks=True)}


def test_a_service_is_at_its_maximum_when_it_wants_all_the_tasks_it_may_have():
    (found,) = [a for a in alarms(tasks=True, max_servers=9) if a.key == "at-maximum"]
    (reading,) = found.readings.values()
    # Not the group's size: that has room for deployments beside them.
    assert (reading.name, reading.stat) == ("DesiredTaskCount", "Minimum")
    assert 8 <= found.threshold(SETTINGS) < 9
    assert (found.period, found.datapoints) == (AT_MAXIMUM.period, AT_MAXIMUM.datapoints)


def test_tasks_that_do_not_run_are_trouble_also_where_none_does():
    assert speaks(TASKS_NOT_STARTING, servers=4, wanted=4, running=3)
    assert not speaks(TASKS_NOT_STARTING, servers=4, wanted=4, running=4)
    # While a deployment has more than are wanted.
    assert not speaks(TASKS_NOT_STARTING, servers=5, wanted=4, running=5)
    assert speaks(TASKS_NOT_STARTING, servers=1, wanted=None, running=None)
    assert not speaks(TASKS_NOT_STARTING, servers=0, wanted=None, running=None)
    assert "not-starting" in {a.key for a in alarms(tasks=True)}
    assert TASKS_NOT_STARTING in alarms(tasks=True)
    assert NOT_STARTING not in alarms(tasks=True)


def test_only_a_firewall_turns_addresses_away():
    assert RATE_LIMITED in alarms(firewall=True)
    assert "rate-limited" not in {a.key for a in alarms(firewall=False)}


def test_silence_is_trouble_only_where_servers_are():
    assert speaks(SILENT, serving=1, reports=None)
    assert not speaks(SILENT, serving=1, reports=5)
    assert not speaks(SILENT, serving=0, reports=None)
    assert SILENT.readings["reports"].stat == "SampleCount"
    # A server that came into service within the period has not had the time to report.
    assert SILENT.readings["serving"].stat == "Minimum"


def test_gpu_memory_is_compared_in_percent():
    assert speaks(GPU_MEMORY, used=22500, total=23028)
    assert not speaks(GPU_MEMORY, used=20000, total=23028)
    assert "gpu-memory" not in {a.key for a in alarms(gpu=False)}


def test_where_servers_sleep_their_start_in_the_morning_is_waited_for():
    asleep = {a.key: a for a in alarms(asleep_at_times=True)}
    awake = {a.key: a for a in alarms()}
    for key in ("no-server", "silent"):
        assert asleep[key].period * asleep[key].datapoints >= 20 * 60
        assert asleep[key].datapoints == asleep[key].periods
    assert awake["no-server"].period * awake["no-server"].datapoints == 180
    assert asleep["errors"] == awake["errors"]


def test_a_network_load_balancer_knows_no_status_codes():
    network = {a.key: a for a in alarms(load_balancer="network")}
    assert not {"errors", "latency"} & network.keys()
    assert network["unhealthy"].readings["unhealthy"] is metrics.FLOW_UNHEALTHY
    read = {r.namespace for a in network.values() for r in a.readings.values()}
    assert "AWS/ApplicationELB" not in read


def test_without_a_load_balancer_no_alarm_reads_one():
    read = {r.namespace for a in alarms(load_balancer="none") for r in a.readings.values()}
    assert not {n for n in read if n.endswith("ELB")}
