import threading
from types import SimpleNamespace

import pytest

from infra.timings import Timings
from slipway.node.events import HookDone, Left, Setback, Unreachable
from slipway.node.fleet import leaving
from slipway.node.fleet.companion import JOIN
from slipway.node.fleet.leaving import DEREGISTRATION, REPORT, leave
from slipway.triton.server import MARGIN

ORDER = ["deregister", "stop", "report", "hook"]
EVENTS = [Left(), Unreachable("away"), HookDone("terminate", held=True)]


class Node:
    """Its agent and member note the steps; some of them raise, and some do not end in time."""

    def __init__(self):
        self.taken, self.broken, self.hanging = [], set(), set()
        self.released = threading.Event()
        left, reported, told = EVENTS
        self.agent = SimpleNamespace(
            stop=lambda: list(self._step("stop")), leave=lambda: self._step("report", reported)
        )
        self.member = SimpleNamespace(
            leave=lambda: self._step("deregister", left), left=lambda wait: self._step("hook", told)
        )

    def _step(self, name, *events):
        self.taken.append(name)
        if name in self.hanging:
            assert self.released.wait(60)
        if name in self.broken:
            raise OSError(f"cannot {name}")
        yield from events


@pytest.fixture
def node():
    node = Node()
    yield node
    node.released.set()
    for thread in threading.enumerate():
        if thread.name == "leaving":
            thread.join()


def test_a_node_is_not_found_any_more_stops_says_so_and_lets_its_instance_go(node):
    shown = []
    leave(node.agent, node.member, shown.append)
    assert node.taken == ORDER
    assert shown == EVENTS


@pytest.mark.parametrize("broken", [*({step} for step in ORDER), set(ORDER)])
def test_every_step_is_taken_whatever_the_others_raise_and_it_is_raised_in_the_end(node, broken):
    node.broken = broken
    with pytest.raises(OSError, match=f"cannot {[s for s in ORDER if s in broken][-1]}"):
        leave(node.agent, node.member, lambda _: None)
    assert node.taken == ORDER


def test_a_line_that_cannot_be_written_keeps_nothing_from_being_done(node):
    def show(_):
        raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        leave(node.agent, node.member, show)
    assert node.taken == ORDER


def test_a_step_that_does_not_end_is_not_waited_for(node, monkeypatch):
    monkeypatch.setattr(leaving, "DEREGISTRATION", 0.05)
    monkeypatch.setattr(leaving, "REPORT", 0.06)
    node.hanging, shown = {"deregister", "report"}, []
    leave(node.agent, node.member, shown.append)
    assert node.taken == ORDER
    assert shown == [
        Setback("Leaving Cloud Map", "it did not end within 0.05 s"),
        Setback("Reporting the end", "it did not end within 0.06 s"),
        EVENTS[2],
    ]


def test_all_of_it_fits_into_the_time_that_a_container_gets():
    timings = Timings(drain=0, model_gib=1, longest_request=1, spot=False)
    unwinding = 3.0
    longest = unwinding + JOIN + DEREGISTRATION + timings.exit_timeout + MARGIN + REPORT
    assert longest <= timings.stop_seconds
