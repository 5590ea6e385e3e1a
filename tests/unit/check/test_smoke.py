"""The smoke test's judgement, with servers that are wrong in one way each."""

from dataclasses import dataclass, field, replace

import numpy as np
import pytest

from slipway.check.client import Declared, Metadata, Refused, Request
from slipway.check.refusals import wrong_requests
from slipway.check.smoke import Conversation
from slipway.golden import Golden, Right
from slipway.tensors import NUMPY_OF

MAXIMUM = 4
IMAGES = np.arange(12, dtype=np.float32).reshape(3, 4)
GOLDEN = Golden({"image": IMAGES}, {"sum": IMAGES.sum(axis=1, keepdims=True)}, 1e-6)


@dataclass
class Server:
    """Adds up the rows of `image`, refuses what it must; each fault is off by default."""

    protocol: str = "grpc"
    off_by: float = 0.0
    off_by_in_batches: float = 0.0
    off_by_turns: tuple[float, ...] = (0.0,)
    answers_anything: bool = False
    wrong_code: bool = False
    dies_of_bad_requests: bool = False
    is_ready: bool = True
    output_shape: tuple[int, ...] = (-1, 1)
    dead: bool = field(default=False, init=False)
    turn: int = field(default=0, init=False)

    def live(self):
        return True

    def ready(self):
        return self.is_ready

    def model_ready(self, model, version):
        return model == "m" and self.is_ready

    def metadata(self, model, version):
        return Metadata(
            [Declared("image", "FP32", (-1, 4))], [Declared("sum", "FP32", self.output_shape)]
        )

    def maximum_batch(self, model, version):
        return MAXIMUM

    def infer(self, request):
        fault = self.fault(request)
        if self.dead:
            return Refused("UNAVAILABLE", "connection reset")
        if fault and self.answers_anything:
            return {}
        if fault:
            self.dead = self.dies_of_bad_requests
            return Refused("UNKNOWN", "") if self.wrong_code else fault
        tensor = request.tensors[0]
        rows = np.frombuffer(tensor.data, np.float32).reshape(tensor.shape)
        wrong = self.off_by + self.off_by_in_batches * (len(rows) > 1)
        wrong += self.off_by_turns[self.turn % len(self.off_by_turns)]
        self.turn += 1
        return {"sum": rows.sum(axis=1, keepdims=True) + np.float32(wrong)}

    def infer_cut_off(self, request):
        self.dead = self.dies_of_bad_requests
        return Refused("INTERNAL", "Unable to parse request")

    def fault(self, request: Request) -> Refused | None:
        if request.model != "m":
            return Refused("NOT_FOUND", "")
        right = (
            len(request.tensors) == 1
            and (t := request.tensors[0]).name == "image"
            and t.datatype == "FP32"
            and t.shape[1:] == (4,)
            and 0 < t.shape[0] <= MAXIMUM
            and len(t.data) == int(np.prod(t.shape)) * NUMPY_OF["FP32"].itemsize
        )
        return None if right else Refused("INVALID_ARGUMENT", "")


def failures(server, golden=GOLDEN):
    return [r.name for r in Conversation(server, "m", "", golden).checks() if not r.passed]


def test_a_server_that_is_right_passes_everything():
    assert failures(Server()) == []


def test_a_golden_request_that_was_altered_fails():
    altered = Golden(GOLDEN.inputs, {"sum": GOLDEN.outputs["sum"] + 1}, 1e-6)
    assert "golden request" in failures(Server(), altered)


def test_answers_that_are_off_fail():
    assert "golden request" in failures(Server(off_by=0.01))


def test_answers_that_depend_on_the_company_in_a_batch_fail():
    found = failures(Server(off_by_in_batches=1e-3))
    assert "golden request" in found
    assert "golden rows one by one" not in found


def test_any_server_of_a_fleet_may_answer_as_what_it_serves():
    engine = Right({"sum": GOLDEN.outputs["sum"] + 5}, 1e-3)
    golden = replace(GOLDEN, engines={"int8": engine})
    assert failures(Server(off_by_turns=(0, 5)), golden) == []
    assert failures(Server(off_by_turns=(5, 0, 0)), golden) == []
    assert "golden rows one by one" in failures(Server(off_by_turns=(0, 0, 3)), golden)
    assert "golden request" in failures(Server(off_by_turns=(5, 0)))


def test_an_answer_that_is_not_a_number_fails():
    assert "golden request" in failures(Server(off_by=float("nan")))


def test_a_server_that_answers_wrong_requests_fails_each_of_them():
    found = failures(Server(answers_anything=True))
    assert {"refused: wrong name", "refused: unknown model", "refused: too few bytes"} <= set(found)


def test_a_server_that_refuses_with_another_code_fails():
    assert "refused: wrong type" in failures(Server(wrong_code=True))


def test_a_server_that_dies_of_a_wrong_request_fails_although_it_refused():
    found = failures(Server(dies_of_bad_requests=True))
    assert found[0].startswith("refused: wrong shape")


def test_metadata_that_is_not_the_golden_request_s_fails():
    assert failures(Server(output_shape=(-1, 2))) == ["metadata fits the golden request"]


CLOSED = Refused("UNAVAILABLE", "This protocol is restricted, expecting header 'x'")


def test_a_configuration_that_is_kept_for_the_node_is_fine_and_one_that_is_missing_is_not():
    server = Server()
    server.maximum_batch = lambda model, version: CLOSED
    results = list(Conversation(server, "m", "", GOLDEN).checks())
    assert [r.name for r in results if not r.passed] == []
    assert not [r.name for r in results if "above the maximum" in r.name]
    server.maximum_batch = lambda model, version: Refused("404", "not found")
    assert failures(server) == ["configuration is given, or closed"]


def test_nothing_more_is_asked_of_a_model_that_is_not_ready():
    results = list(Conversation(Server(is_ready=False), "m", "", GOLDEN).checks())
    assert [r.name for r in results if not r.passed] == ["server is ready", "model is ready"]
    assert len(results) == 3


@pytest.mark.parametrize("shape", [(3, 4), (1, 4), (2, 3, 5)])
def test_every_wrong_request_differs_from_the_right_one(shape):
    inputs = {"image": np.ones(shape, np.float32)}
    metadata = Metadata([Declared("image", "FP32", (-1, *shape[1:]))], [])
    right = Request.of("m", "", inputs)
    for wrong in wrong_requests("m", "", inputs, metadata, 8):
        same = (wrong.request.model, wrong.request.tensors) == (right.model, right.tensors)
        assert same == wrong.cut_off, wrong.name


def test_a_model_whose_dimensions_all_vary_is_not_asked_for_a_longer_one():
    inputs = {"ids": np.ones((2, 5), np.int64)}
    metadata = Metadata([Declared("ids", "INT64", (-1, -1))], [])
    names = [wrong.name for wrong in wrong_requests("m", "", inputs, metadata, 8)]
    assert "wrong shape: a dimension too long" not in names
    assert "wrong type" in names
