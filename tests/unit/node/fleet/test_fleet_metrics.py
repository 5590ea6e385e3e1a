import pytest

from slipway import contract
from slipway.node.fleet.metrics import UNITS, Window
from slipway.node.standing import Standing

PAGE = """
# HELP nv_inference_request_success Number of successful inference requests, all batch sizes
# TYPE nv_inference_request_success counter
nv_inference_request_success{{model="a",version="1"}} {answered}
nv_inference_request_success{{model="b",version="1"}} 10
# TYPE nv_inference_queue_duration_us counter
nv_inference_queue_duration_us{{model="a",version="1"}} {queued}
nv_inference_queue_duration_us_summary{{model="a"}} 99
# TYPE nv_inference_pending_request_count gauge
nv_inference_pending_request_count{{model="a",version="1"}} {pending}
nv_inference_pending_request_count{{model="b",version="1"}} 1
nv_cpu_utilization 0.5
"""


def page(answered=0, queued=0, pending=0):
    return PAGE.format(answered=answered, queued=queued, pending=pending)


def test_the_queue_time_is_that_of_the_window_alone():
    window = Window()
    window.sample(page(answered=90, queued=9e9))
    window.close(Standing(), serving=True)
    window.sample(page(answered=190, queued=9e9 + 150_000))
    window.sample(page(answered=290, queued=9e9 + 400_000))
    assert window.close(Standing(), serving=True)[contract.METRIC_QUEUE_TIME] == pytest.approx(2.0)


def test_pending_requests_are_the_mean_of_the_samples_over_all_models():
    window = Window()
    for pending in (0, 4, 8):
        window.sample(page(pending=pending))
    assert window.close(Standing(), serving=True)[contract.METRIC_PENDING] == 5.0


def test_nothing_answered_is_no_time_in_the_queue():
    window = Window()
    window.sample(page(answered=5, queued=100))
    window.close(Standing(), serving=True)
    window.sample(page(answered=5, queued=100))
    assert window.close(Standing(), serving=True)[contract.METRIC_QUEUE_TIME] == 0.0


def test_a_server_that_began_anew_does_not_count_backwards():
    window = Window()
    window.sample(page(answered=1000, queued=1e9))
    window.close(Standing(), serving=True)
    window.sample(page(answered=10, queued=30_000))
    assert window.close(Standing(), serving=True)[contract.METRIC_QUEUE_TIME] == pytest.approx(3.0)


def test_exponents_are_read_as_prometheus_writes_them():
    window = Window()
    window.sample(page(pending="1.5e+02"))
    assert window.close(Standing(), serving=True)[contract.METRIC_PENDING] == 151.0


def test_restarts_are_those_of_the_window():
    window = Window()
    assert window.close(Standing(restarts=2), serving=True)[contract.METRIC_RESTARTS] == 2.0
    assert window.close(Standing(restarts=3), serving=True)[contract.METRIC_RESTARTS] == 1.0


def test_what_the_agent_says_is_published_under_the_contracts_names():
    window = Window()
    window.sample(page())
    values = window.close(Standing(ready=True, served=3, failed=1), serving=True)
    assert values[contract.METRIC_SERVED_MODELS] == 3.0
    assert values[contract.METRIC_FAILED_RELEASES] == 1.0
    assert values.keys() == UNITS.keys()


def test_a_server_without_clients_says_nothing_of_its_queue():
    """It would make those look idle that have all of them."""
    window = Window()
    window.sample(page(answered=5, queued=100, pending=3))
    values = window.close(Standing(served=1), serving=False)
    assert values.keys() == UNITS.keys() - {contract.METRIC_PENDING, contract.METRIC_QUEUE_TIME}
    window.sample(page(answered=10, queued=30_100, pending=1))
    assert window.close(Standing(ready=True), serving=True)[contract.METRIC_PENDING] == 2.0
