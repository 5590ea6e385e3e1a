"""The thread, in a process of its own: it interrupts the main thread."""

import pytest

from slipway.node.fleet.companion import SyncSteps
from tests.running import python

PROGRAM = """
import time
from slipway import interrupts
from slipway.interrupts import Interrupted
from slipway.node.fleet.companion import Companion, SyncSteps
from slipway.node.standing import Standing

interrupts.install()

class Member:
    over = False
    ticks = 0
    def tick(self, standing, steps):
        assert standing == Standing(ready=True)
        self.ticks += 1
        {tick}
        yield f"tick {{self.ticks}}"

companion = Companion(Member(), lambda: Standing(ready=True), SyncSteps(), print, 0.01)
started = time.monotonic()
try:
    with companion:
        time.sleep({main})
except Interrupted:
    print("interrupted", time.monotonic() - started < 20)
print(repr(companion.error))
"""


@pytest.mark.parametrize(
    ("tick", "main", "said"),
    [
        ("self.over = self.ticks == 2", 60, ["tick 1", "tick 2", "interrupted True", "None"]),
        ("1 / 0", 60, ["interrupted True", "ZeroDivisionError('division by zero')"]),
    ],
)
def test_the_main_thread_is_woken_when_it_is_time_to_go(tick, main, said):
    done = python("-c", PROGRAM.format(tick=tick, main=main))
    assert done.stdout.splitlines() == said, done.stderr


def test_a_node_that_is_stopped_ends_its_companion():
    done = python("-c", PROGRAM.format(tick="pass", main=0.1))
    assert done.stdout.splitlines()[0] == "tick 1"
    assert done.stdout.splitlines()[-1] == "None"
    assert "interrupted" not in done.stdout


def test_a_sync_counts_as_far_as_it_ever_came_and_a_second_try_does_not():
    steps = SyncSteps()
    for done in (10, 50, 100):
        steps(done, 100)
    assert steps.count == 3
    for done in (10, 50, 100):
        steps(done, 100, "again")
    assert steps.count == 3
    steps(10, 70)
    assert steps.count == 4
