"""The thread, in a process of its own: it interrupts the main thread."""

import pytest

from slipway.node.fleet.companion import SyncSteps
from slipway.node.sync import Content
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

def follow():
    try:
        companion.start()
        time.sleep({main})
    except Interrupted:
        print("interrupted", time.monotonic() - started < 20)
        raise

interrupts.until_interrupted(follow)
companion.stop()
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


DEAF = """
import time
from slipway import interrupts
from slipway.interrupts import Interrupted
from slipway.node.fleet.companion import Companion, SyncSteps
from slipway.node.standing import Standing

class Member:
    over = True
    def tick(self, standing, steps):
        yield "time to go"

companion = Companion(Member(), Standing, SyncSteps(), print, 0.01)

def follow():
    try:
        companion.start()
        time.sleep(60)
    except Interrupted:
        print("lost")
    time.sleep(60)

interrupts.install()
interrupts.AGAIN = 0.1
started = time.monotonic()
interrupts.until_interrupted(follow)
companion.stop()
print("left", time.monotonic() - started < 20)
"""


def test_a_departure_is_told_again_where_it_got_lost():
    done = python("-c", DEAF)
    assert done.stdout.splitlines() == ["time to go", "lost", "left True"], done.stderr


def test_a_node_that_is_stopped_ends_its_companion():
    done = python("-c", PROGRAM.format(tick="pass", main=0.1))
    assert done.stdout.splitlines()[0] == "tick 1"
    assert done.stdout.splitlines()[-1] == "None"
    assert "interrupted" not in done.stdout


def test_a_sync_counts_its_files_and_a_second_try_does_not():
    steps = SyncSteps()
    for _ in range(2):
        for done, name in ((10, "config.pbtxt"), (100, "1/model.onnx")):
            steps(done, 100, f"tiny/1/{name}")
    assert steps.count == 2


def test_models_of_one_size_with_files_of_one_name_all_count(store, published, tmp_path):
    steps, counts = SyncSteps(), []
    for model in ("one", "two"):
        for add in (10, 20):
            manifest = published(add, model)
            Content(tmp_path / "node").sync(store, manifest, steps)
            counts.append(steps.count)
    assert counts[0] > 0
    assert counts == [counts[0] * time for time in (1, 2, 3, 4)]
