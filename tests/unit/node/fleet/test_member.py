import threading

import pytest

from slipway import contract
from slipway.errors import FleetError
from slipway.node.events import Joined, Left, Setback
from slipway.node.fleet.discovery import Address
from slipway.node.fleet.lifecycle import Lifecycle, Terms
from slipway.node.fleet.member import Member, Parts
from slipway.node.standing import Standing

HERE = Address("10.0.0.7", 8000, 8001)
READY, NOT_READY = Standing(ready=True, served=2), Standing()
TERMS = Terms("", "terminate", drain=60.0, exit_timeout=30.0)


@pytest.fixture
def make(instance, group, directory, publisher, clock):
    def build(*, alone=False, scrape=lambda: ""):
        lifecycle = None if alone else Lifecycle(instance, group, TERMS, clock)
        return Member(Parts(HERE, lifecycle, directory, publisher, scrape), clock)

    return build


def test_a_member_is_found_once_it_is_ready_and_as_long_as_it_stays(make, directory, instance):
    member = make()
    list(member.tick(NOT_READY))
    assert directory.entry is None
    assert not member.ready
    assert list(member.tick(READY)) == [Joined("10.0.0.7")]
    assert directory.entry == HERE
    assert member.ready
    assert list(member.tick(NOT_READY)) == []
    assert directory.entry == HERE
    instance.target = "Terminated"
    assert Left() in list(member.tick(READY))
    assert directory.entry is None
    assert not member.ready
    assert not member.over


def test_its_server_is_stopped_when_the_drain_is_over(make, instance, clock):
    member = make()
    list(member.tick(READY))
    instance.target = "Terminated"
    list(member.tick(READY))
    clock.now += TERMS.drain
    assert member.over


def test_a_warm_server_is_not_found(make, directory, instance):
    instance.target = "Warmed:Running"
    list(make().tick(READY))
    assert directory.entry is None


def test_a_server_on_standby_is_not_found(make, directory, instance):
    member = make()
    list(member.tick(READY))
    instance.target = "Standby"
    assert list(member.tick(READY)) == [Left()]
    assert directory.entry is None
    assert not member.over


def test_a_stopped_node_is_found_no_more(make, directory):
    member = make()
    list(member.tick(READY))
    assert list(member.leave()) == [Left()]
    assert directory.entry is None
    assert list(member.leave()) == []


@pytest.fixture
def slow(monkeypatch):
    """Make a method wait within its call: `begun` when it is reached, until `go` is set."""
    begun, go = threading.Event(), threading.Event()

    def delay(target, name):
        method = getattr(target, name)

        def delayed(*arguments):
            begun.set()
            assert go.wait(60)
            return method(*arguments)

        monkeypatch.setattr(target, name, delayed)
        return begun, go

    return delay


@pytest.mark.parametrize("where", ["instance", "directory"])
def test_leaving_is_final_also_when_a_tick_is_under_way(make, directory, instance, slow, where):
    at = {"instance": (instance, "interruption"), "directory": (directory, "register")}
    begun, go = slow(*at[where])
    member = make()
    ticking = threading.Thread(target=lambda: list(member.tick(READY)))
    ticking.start()
    assert begun.wait(60)
    leaving = threading.Thread(target=lambda: list(member.leave()))
    leaving.start()
    leaving.join(0.1)
    go.set()
    ticking.join()
    leaving.join()
    assert directory.entry is None
    assert not member.ready
    list(member.tick(READY))
    assert directory.entry is None
    assert not member.ready


def test_an_entry_whose_answer_got_lost_is_removed(make, directory, monkeypatch):
    def register(address):
        directory.entry = address
        raise FleetError("AWS did not register", why="Read timeout")

    monkeypatch.setattr(directory, "register", register)
    member = make()
    assert [type(event) for event in member.tick(READY)] == [Setback]
    assert list(member.leave()) == [Left()]
    assert directory.entry is None


def test_a_node_that_leaves_late_does_not_take_its_replacement_away(make, directory, instance):
    member, replacement = make(), Address("10.0.0.8", 8000, 8001)
    list(member.tick(READY))
    directory.register(replacement)
    instance.target = "Terminated"
    assert Left() in list(member.tick(READY))
    assert directory.entry == replacement


def test_without_a_group_a_ready_node_is_found_and_never_told_to_go(make, directory):
    member = make(alone=True)
    assert list(member.tick(READY)) == [Joined("10.0.0.7")]
    assert not member.over


def test_a_refusal_is_tried_again(make, directory, clock):
    member = make()
    directory.broken = True
    assert [type(event) for event in member.tick(READY)] == [Setback]
    directory.broken = False
    assert list(member.tick(READY)) == []
    clock.now += 60
    assert Joined("10.0.0.7") in list(member.tick(READY))


def test_metrics_are_published_every_minute_and_a_failure_is_only_told(make, publisher, clock):
    member = make()
    for _ in range(120):
        list(member.tick(READY))
        clock.now += 1
    assert len(publisher.published) == 1
    assert publisher.published[0][contract.METRIC_SERVED_MODELS] == 2
    publisher.broken = True
    assert [type(event) for event in member.tick(READY)] == [Setback]
    publisher.broken = False
    clock.now += 60
    assert list(member.tick(READY)) == []
    assert len(publisher.published) == 2


@pytest.mark.parametrize(
    ("standing", "target", "said"),
    [
        (READY, "InService", True),
        (NOT_READY, "InService", False),  # its models are being loaded
        (READY, "Warmed:Running", False),
    ],
)
def test_only_a_server_that_clients_are_sent_to_says_how_long_its_queue_is(
    make, instance, publisher, clock, standing, target, said
):
    instance.target = target
    member = make()
    clock.now += 60
    list(member.tick(standing))
    assert (contract.METRIC_PENDING in publisher.published[0]) is said


def test_a_server_that_does_not_answer_has_no_queue_to_publish(make, publisher, clock):
    member = make(scrape=lambda: None)
    clock.now += 60
    list(member.tick(READY))
    assert set(publisher.published[0]) == {
        contract.METRIC_SERVED_MODELS,
        contract.METRIC_FAILED_RELEASES,
        contract.METRIC_RESTARTS,
    }
