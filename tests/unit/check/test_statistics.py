from hypothesis import given
from hypothesis import strategies as st
from tritonclient.grpc import service_pb2 as messages

from slipway.check.statistics import Statistics

counts = st.integers(0, 10**12)
statistics = st.builds(Statistics, counts, counts, counts, counts, counts)


@given(statistics, statistics)
def test_what_is_added_can_be_taken_away(earlier, during):
    assert (earlier + during) - earlier == during


def test_means_are_per_request_and_the_batch_per_execution():
    seen = Statistics(requests=4, rows=12, executions=2, queue_ns=8_000_000, compute_ns=20_000_000)
    assert (seen.queue_ms, seen.compute_ms, seen.batch) == (2.0, 5.0, 6.0)


def test_a_model_that_was_not_asked_has_means_of_zero():
    nothing = Statistics()
    assert (nothing.queue_ms, nothing.compute_ms, nothing.batch) == (0.0, 0.0, 0.0)


def test_triton_s_answer_is_summed_over_versions_and_compute_over_its_parts():
    response = messages.ModelStatisticsResponse()
    for version in ("1", "2"):
        model = response.model_stats.add(
            name="m", version=version, inference_count=6, execution_count=3
        )
        model.inference_stats.success.count = 5
        model.inference_stats.queue.ns = 10
        model.inference_stats.compute_input.ns = 1
        model.inference_stats.compute_infer.ns = 20
        model.inference_stats.compute_output.ns = 300
    assert Statistics.of(response) == Statistics(
        requests=10, rows=12, executions=6, queue_ns=20, compute_ns=642
    )
