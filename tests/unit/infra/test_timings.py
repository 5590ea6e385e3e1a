"""Servers come and go in the order that the node and AWS keep, with and without a load balancer."""

import pytest

from infra.timings import IDLE_MARGIN, SPOT_NOTICE, Timings

LOOKS = 5
"""Seconds between the node's looks at what it is to do (`slipway.node.fleet.service.Pace`)."""
TRITON_MARGIN = 3
"""Seconds that Triton gets beyond its own exit timeout (`slipway.triton.server`)."""


def timings(drain=60, *, spot=False, model_gib=4, longest_request=60):
    return Timings(drain=drain, model_gib=model_gib, longest_request=longest_request, spot=spot)


def node_gone(told):
    """When a node has ended its server that was told to go at 0."""
    return LOOKS + told.drain + told.exit_timeout + TRITON_MARGIN


@pytest.mark.parametrize("drain", [1, 60, 3600])
def test_without_a_load_balancer_the_hook_holds_until_the_node_has_gone_even_slowly(drain):
    told = timings(drain)
    begins = 0
    assert begins + told.terminate_hook >= LOOKS + told.drain + told.stop_seconds


@pytest.mark.parametrize("drain", [1, 60, 3600])
def test_behind_one_the_node_has_not_gone_before_requests_had_their_time(drain):
    told = timings(drain)
    assert told.deregistration <= LOOKS + told.drain < node_gone(told)
    begins = told.deregistration
    assert node_gone(told) <= begins + told.terminate_hook


@pytest.mark.parametrize("drain", [1, 60, 80])
def test_a_spot_instance_is_left_within_its_notice(drain):
    told = timings(drain, spot=True)
    assert node_gone(told) <= told.leaving <= told.terminate_hook <= SPOT_NOTICE


@pytest.mark.parametrize("drain", [1, 60, 80])
def test_a_task_that_is_told_to_stop_once_it_is_deregistered_is_as_soon_gone(drain):
    told = timings(drain, spot=True)
    assert told.deregistration + told.exit_timeout + TRITON_MARGIN <= told.leaving


def test_the_longest_drain_that_settings_allow_fits_what_aws_takes_as_a_hook():
    assert timings(3600).terminate_hook <= 7200


def test_a_container_is_not_killed_while_triton_may_still_stop():
    told = timings()
    assert told.exit_timeout + TRITON_MARGIN < told.stop_seconds
    assert told.stop_seconds <= 120, "what ECS takes"


def test_a_connection_is_idle_for_longer_than_an_answer_takes():
    assert timings(longest_request=60).idle_timeout == 60 + IDLE_MARGIN


@pytest.mark.parametrize(("gib", "seconds"), [(1, 1800), (100, 3024), (8192, 7200)])
def test_models_that_are_large_get_more_time_until_their_server_is_given_up(gib, seconds):
    assert timings(model_gib=gib).launch_hook == seconds
