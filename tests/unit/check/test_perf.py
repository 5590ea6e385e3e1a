import json

import numpy as np
import pytest

from slipway.check.closed_loop import LoadSpec
from slipway.check.endpoint import Endpoint
from slipway.check.machine import describe_machine
from slipway.check.perf import measure, one_by_one
from slipway.errors import CheckError
from slipway.golden import Golden

GOLDEN = Golden(
    {"image": np.arange(6, dtype=np.float32).reshape(3, 2)},
    {"sum": np.array([[1], [5], [9]], np.float32)},
    1e-4,
)


def test_a_golden_request_becomes_a_request_for_each_row():
    rows = one_by_one(GOLDEN)
    assert [row.inputs["image"].tolist() for row in rows] == [[[0, 1]], [[2, 3]], [[4, 5]]]
    assert [row.outputs["sum"].tolist() for row in rows] == [[[1]], [[5]], [[9]]]
    assert {row.tolerance for row in rows} == {GOLDEN.tolerance}


def test_the_generator_s_orders_survive_the_pipe():
    spec = LoadSpec("h:1", "m", one_by_one(GOLDEN), 4, 0.5, 12, 1.0)
    again = LoadSpec.from_json(json.loads(json.dumps(spec.to_json())))
    assert again.to_json() == spec.to_json()
    assert (again.concurrency, again.window_s, again.windows) == (4, 0.5, 12)


@pytest.mark.parametrize(
    "wrong",
    [
        {"requests": []},
        {"concurrencies": []},
        {"concurrencies": [0]},
        {"window": 0.0},
        {"agree": 1},
        {"agree": 5, "most": 4},
    ],
)
def test_a_measurement_that_cannot_be_is_refused_before_anything_is_sent(wrong):
    settings = {"requests": [GOLDEN], "concurrencies": [1], **wrong}
    with pytest.raises(CheckError) as refused:
        measure(Endpoint(), "m", **settings)
    assert "No server answers" not in str(refused.value)


def test_a_server_that_is_not_there_is_an_error_and_no_result():
    with pytest.raises(CheckError, match="No server answers at"):
        measure(Endpoint("127.0.0.1:1"), "m", [GOLDEN], [1])


def test_a_measurement_says_what_it_ran_on():
    assert " x " in describe_machine()
