from datetime import UTC, datetime, timedelta

import pytest

from slipway.errors import FleetError
from slipway.node.events import GivenUp, HookDone, Leaving, Setback
from slipway.node.fleet.lifecycle import (
    FIRST_PATIENCE,
    HEARTBEAT,
    PATIENCE,
    PAUSE,
    TRIES,
    Lifecycle,
    Terms,
)
from slipway.node.fleet.metadata import Interruption
from slipway.node.standing import Standing

READY, NOT_READY = Standing(ready=True, served=1), Standing()
NOON = datetime(2031, 5, 6, 12, tzinfo=UTC)


@pytest.fixture
def lifecycle(instance, group, clock):
    terms = Terms("launch", "terminate", drain=60.0, exit_timeout=30.0)
    return Lifecycle(instance, group, terms, clock, now=lambda: NOON + timedelta(seconds=clock.now))


def looks(lifecycle, standing, steps=0):
    return list(lifecycle.look(standing, steps))


@pytest.mark.parametrize("target", ["InService", "Warmed:Stopped", "Warmed:Running", None])
def test_the_launch_hook_holds_until_the_node_is_ready_and_is_completed_once(
    lifecycle, instance, group, target
):
    instance.target = target
    group.waiting.add("launch")
    assert looks(lifecycle, NOT_READY) == []
    assert group.waiting == {"launch"}
    assert looks(lifecycle, READY) == [HookDone("launch", held=True)]
    assert looks(lifecycle, READY) == []
    assert group.asked == [("complete", "launch")]


def test_a_warm_server_is_in_service_only_when_it_is_wanted_there(lifecycle, instance, group):
    instance.target = "Warmed:Running"
    group.waiting.add("launch")
    looks(lifecycle, READY)
    assert not lifecycle.in_service
    instance.target = "InService"
    group.waiting.add("launch")
    assert looks(lifecycle, READY) == [HookDone("launch", held=True)]
    assert lifecycle.in_service


def test_a_server_that_was_on_standby_completes_the_hook_again(lifecycle, instance, group):
    group.waiting.add("launch")
    looks(lifecycle, READY)
    instance.target = "Standby"
    assert looks(lifecycle, READY) == []
    assert not lifecycle.in_service
    instance.target = "InService"
    group.waiting.add("launch")
    assert looks(lifecycle, READY) == [HookDone("launch", held=True)]


def test_a_hook_that_holds_nothing_yet_is_told_again(lifecycle, group, clock):
    assert looks(lifecycle, READY) == []
    group.waiting.add("launch")
    assert looks(lifecycle, READY) == []
    clock.now += PAUSE
    assert looks(lifecycle, READY) == [HookDone("launch", held=True)]


def test_a_hook_that_is_done_or_expired_is_let_be_in_the_end(lifecycle, group, clock):
    happened = []
    for _ in range(3 * TRIES):
        happened += looks(lifecycle, READY)
        clock.now += PAUSE
    assert happened == [HookDone("launch", held=False)]
    assert len(group.asked) == TRIES
    assert lifecycle.in_service


def test_a_long_sync_extends_the_hook_while_it_gets_on(lifecycle, group, clock):
    group.waiting.add("launch")
    beats = []
    for steps in (1, 2, 3, 3, 3, 3, 4):
        looks(lifecycle, NOT_READY, steps)
        beats.append(len(group.asked))
        clock.now += HEARTBEAT
    assert beats == [1, 2, 3, 3, 3, 3, 4]
    assert set(group.asked) == {("heartbeat", "launch")}
    clock.now -= HEARTBEAT + 1
    looks(lifecycle, NOT_READY, 5)
    assert len(group.asked) == 4


def test_what_aws_refuses_is_asked_again_and_complained_of_once(lifecycle, group, clock):
    group.waiting.add("launch")
    group.broken = True
    happened = []
    for _ in range(10):
        happened += looks(lifecycle, READY)
        clock.now += 1
    assert [type(event) for event in happened] == [Setback]
    assert len(group.asked) == 2
    group.broken = False
    clock.now += 60
    assert looks(lifecycle, READY) == [HookDone("launch", held=True)]


def test_silent_metadata_changes_nothing(lifecycle, instance, group, clock):
    group.waiting.add("launch")
    looks(lifecycle, READY)
    instance.silent = True
    assert [type(event) for event in looks(lifecycle, READY)] == [Setback]
    assert lifecycle.in_service
    assert lifecycle.departure is None


def test_a_notice_that_cannot_be_read_does_not_hide_what_the_group_wants(
    lifecycle, instance, monkeypatch
):
    def unreadable():
        raise FleetError("The spot interruption notice cannot be read")

    monkeypatch.setattr(instance, "interruption", unreadable)
    instance.target = "Terminated"
    assert {type(event) for event in looks(lifecycle, READY)} == {Setback, Leaving}


def test_before_metadata_answered_nothing_is_completed(lifecycle, instance, group):
    instance.silent = True
    looks(lifecycle, READY)
    assert group.asked == []
    assert not lifecycle.in_service


@pytest.mark.parametrize("target", ["Terminated", "Warmed:Terminated"])
def test_a_server_with_clients_drains_before_it_is_stopped(lifecycle, instance, clock, target):
    looks(lifecycle, READY)
    instance.target = target
    (leaving,) = looks(lifecycle, READY)
    assert leaving == Leaving("the group terminates this instance", 60.0)
    assert lifecycle.departure.at == clock.now + 60
    assert not lifecycle.in_service
    clock.now += 5
    assert looks(lifecycle, READY) == []
    assert lifecycle.departure.at == clock.now + 55


def test_a_server_without_clients_stops_at_once(lifecycle, instance, group, clock):
    looks(lifecycle, NOT_READY)
    instance.target = "Terminated"
    looks(lifecycle, READY)
    assert lifecycle.departure.at == clock.now
    assert group.asked == []


def test_a_spot_notice_is_used_up_but_for_what_comes_after(lifecycle, instance, clock):
    instance.notice = Interruption("terminate", NOON + timedelta(seconds=120))
    (leaving,) = looks(lifecycle, READY)
    assert leaving == Leaving("spot interruption: terminate", 120.0 - 30 - 10)
    clock.now += 2
    assert looks(lifecycle, READY) == []
    instance.target = "Terminated"
    (leaving,) = looks(lifecycle, READY)
    assert leaving == Leaving("the group terminates this instance", 60.0)
    assert lifecycle.departure.at == clock.now + 60


def test_a_late_notice_stops_at_once(lifecycle, instance, clock):
    instance.notice = Interruption("stop", NOON - timedelta(seconds=5))
    looks(lifecycle, READY)
    assert lifecycle.departure.at == clock.now


def test_the_terminate_hook_is_completed_when_it_holds(lifecycle, instance, group, clock):
    instance.target = "Terminated"
    looks(lifecycle, READY)

    def wait(seconds):
        clock.sleep(seconds)
        if clock.now > 10:
            group.waiting.add("terminate")

    assert list(lifecycle.left(wait)) == [HookDone("terminate", held=True)]
    assert len(group.asked) > 1


def test_a_terminate_hook_that_never_holds_does_not_keep_the_node(lifecycle, instance, clock):
    instance.target = "Terminated"
    looks(lifecycle, READY)
    assert list(lifecycle.left(clock.sleep)) == [HookDone("terminate", held=False)]
    assert clock.now <= 60


def test_refusals_do_not_keep_a_leaving_node_either(lifecycle, instance, group, clock):
    instance.target = "Terminated"
    looks(lifecycle, READY)
    group.broken = True
    assert [type(event) for event in lifecycle.left(clock.sleep)] == [Setback]
    assert clock.now <= 60


def test_who_is_only_stopped_completes_nothing(lifecycle, group, clock):
    group.waiting.add("terminate")
    looks(lifecycle, READY)
    assert list(lifecycle.left(clock.sleep)) == []
    assert group.waiting == {"terminate"}


REPLACE = ("replace", None)


def wait(lifecycle, clock, seconds, standing=NOT_READY, steps=lambda _: 0):
    """Look every ten seconds."""
    happened = []
    for passed in range(0, int(seconds), 10):
        clock.now += 10
        happened += looks(lifecycle, standing, steps(passed))
    return happened


def test_a_server_that_serves_no_more_asks_to_be_replaced(lifecycle, group, clock):
    looks(lifecycle, READY)
    assert wait(lifecycle, clock, PATIENCE - 10) == []
    assert wait(lifecycle, clock, 10) == [GivenUp(PATIENCE)]
    assert group.asked.count(REPLACE) == 1


def test_it_asks_again_only_where_nobody_came_for_as_long(lifecycle, group, clock):
    looks(lifecycle, READY)
    assert wait(lifecycle, clock, 2 * PATIENCE) == [GivenUp(PATIENCE), GivenUp(PATIENCE)]
    assert group.asked.count(REPLACE) == 2


def test_one_that_comes_back_in_time_stays(lifecycle, group, clock):
    looks(lifecycle, READY)
    for _ in range(5):
        wait(lifecycle, clock, PATIENCE - 10)
        looks(lifecycle, READY)
    assert REPLACE not in group.asked


def test_a_sync_that_gets_on_is_waited_for(lifecycle, group, clock):
    looks(lifecycle, READY)
    wait(lifecycle, clock, 5 * PATIENCE, steps=lambda passed: passed // 600)
    assert REPLACE not in group.asked


def test_one_that_never_served_is_left_to_the_launch_hook_as_long_as_there_may_be_one(
    lifecycle, group, clock
):
    assert wait(lifecycle, clock, FIRST_PATIENCE - 10) == []
    assert wait(lifecycle, clock, 10) == [GivenUp(FIRST_PATIENCE)]


@pytest.mark.parametrize("target", ["Standby", "Warmed:Running", "Terminated"])
def test_one_that_is_not_in_service_is_nobodys_concern(lifecycle, instance, group, clock, target):
    looks(lifecycle, READY)
    instance.target = target
    wait(lifecycle, clock, 2 * PATIENCE)
    assert REPLACE not in group.asked


def test_a_refusal_to_replace_is_told_and_tried_again(lifecycle, group, clock):
    looks(lifecycle, READY)
    group.broken = True
    assert Setback in {type(event) for event in wait(lifecycle, clock, PATIENCE)}
    group.broken = False
    assert [type(event) for event in wait(lifecycle, clock, 60)] == [GivenUp]
