"""Joining requests: pure functions over arrays, so the model is a Python function here."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.triton.backends.shared import batching
from slipway.triton.backends.shared.batching import Failure, answer_all


class Model:
    """Doubles `x` and counts its runs; refuses any batch that holds a negative number."""

    def __init__(self):
        self.batches = []

    def __call__(self, feeds):
        x = feeds["x"]
        self.batches.append(x.shape)
        if (x < 0).any():
            raise RuntimeError("negative\nframe 1\nframe 2")
        return [2 * x, x.sum(axis=tuple(range(1, x.ndim)))]


def rows(count, width=3, value=1.0):
    return [np.full((count, width), value, np.float32)]


def test_requests_of_one_shape_share_one_run():
    model = Model()
    answers = answer_all(model, ["x"], [rows(1), rows(2, value=5), rows(1)], batched=True)
    assert model.batches == [(4, 3)]
    assert [answer[0].shape for answer in answers] == [(1, 3), (2, 3), (1, 3)]
    assert answers[1][0].tolist() == [[10.0] * 3] * 2
    assert answers[1][1].tolist() == [15.0, 15.0]


def test_requests_of_other_shapes_run_apart_and_keep_their_order():
    model = Model()
    requests = [rows(1, 3), rows(1, 4, 2), rows(1, 3, 3)]
    answers = answer_all(model, ["x"], requests, batched=True)
    assert sorted(model.batches) == [(1, 4), (2, 3)]
    assert [answer[0][0, 0] for answer in answers] == [2, 4, 6]


def test_without_a_batch_dimension_nothing_is_joined():
    model = Model()
    answer_all(model, ["x"], [rows(2), rows(2)], batched=False)
    assert model.batches == [(2, 3), (2, 3)]


def test_a_request_alone_reaches_the_model_uncopied_and_its_answer_is_not_sliced():
    seen = []
    made = np.ones((2, 1), np.float32)

    def model(feeds):
        seen.append(feeds["x"])
        return [made]

    (request,) = [rows(2)]
    (answer,) = answer_all(model, ["x"], [request], batched=True)
    assert seen[0] is request[0]
    assert answer[0] is made


def test_a_joined_answer_is_a_contiguous_view_not_a_copy():
    made = np.ones((3, 4), np.float32)
    answers = answer_all(lambda feeds: [made], ["x"], [rows(1), rows(2)], batched=True)
    assert all(answer[0].base is made and answer[0].flags.c_contiguous for answer in answers)


def test_one_bad_request_spoils_none_of_its_group():
    answers = answer_all(Model(), ["x"], [rows(1), rows(1, value=-1), rows(1)], batched=True)
    assert answers[1] == Failure("negative")
    assert answers[0][0].tolist() == answers[2][0].tolist() == [[2.0] * 3]


def test_a_bad_group_spoils_no_other_group():
    requests = [rows(1, 3, -1), rows(1, 4), rows(2, 3, -1)]
    answers = answer_all(Model(), ["x"], requests, batched=True)
    assert answers[0] == answers[2] == Failure("negative")
    assert answers[1][0].tolist() == [[2.0] * 4]


def test_inputs_that_differ_in_batch_size_are_refused_by_name():
    request = [np.ones((2, 1)), np.ones((3, 1))]
    (answer,) = answer_all(lambda feeds: [feeds["a"]], ["a", "b"], [request], batched=True)
    assert answer == Failure("the inputs differ in batch size: 'a' 2, 'b' 3")


@pytest.mark.parametrize("shape", [(), (1, 3), (5, 3)])
def test_an_answer_with_other_rows_than_asked_is_never_handed_out(shape):
    def model(feeds):
        return [np.ones(shape)]

    joined = answer_all(model, ["x"], [rows(1), rows(1)], batched=True)
    alone = answer_all(model, ["x"], [rows(2)], batched=True)
    assert isinstance(alone[0], Failure)
    if shape == (1, 3):  # one by one that is right
        assert not isinstance(joined[0], Failure)
    else:
        assert all(isinstance(answer, Failure) for answer in joined)


def test_an_error_without_words_still_says_something():
    assert batching.first_line(ValueError()) == "ValueError"


@given(
    st.lists(
        st.tuples(st.integers(1, 4), st.integers(1, 3), st.integers(-1, 5)), min_size=1, max_size=9
    )
)
def test_together_or_alone_every_request_gets_the_same_answer(requests):
    arrays = [rows(count, width, value) for count, width, value in requests]
    together = answer_all(Model(), ["x"], arrays, batched=True)
    for request, answer in zip(arrays, together, strict=True):
        (alone,) = answer_all(Model(), ["x"], [request], batched=True)
        if isinstance(alone, Failure):
            assert answer == alone
        else:
            for mine, joined in zip(alone, answer, strict=True):
                np.testing.assert_array_equal(mine, joined)
