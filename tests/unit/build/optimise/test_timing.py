import pytest

from slipway.build.optimise.timing import interleaved


class Machine:
    """A clock that calls move on; from `slow_from` seconds on everything takes twice as long."""

    def __init__(self, slow_from=float("inf")):
        self.now = 0.0
        self.slow_from = slow_from
        self.ran = []

    def call(self, name, seconds):
        def run():
            self.ran.append(name)
            self.now += seconds * (2 if self.now >= self.slow_from else 1)

        return run

    def time(self, rounds=5, least=0.1, **systems):
        calls = {name: self.call(name, seconds) for name, seconds in systems.items()}
        return interleaved(calls, rounds=rounds, least=least, clock=lambda: self.now)


def test_every_system_has_a_figure_for_every_round():
    taken = Machine().time(a=0.01, b=0.03)
    assert taken == {
        "a": pytest.approx((0.01,) * 5), "b": pytest.approx((0.03,) * 5)
    }  # fmt: skip


def test_a_machine_that_slows_down_slows_all_systems_of_a_round():
    taken = Machine(slow_from=1.0).time(rounds=9, a=0.01, b=0.02)
    assert taken["a"][0] < taken["a"][-1]
    ratios = [b / a for a, b in zip(taken["a"], taken["b"], strict=True)]
    assert sum(abs(ratio - 2) < 0.01 for ratio in ratios) >= 8  # but for the round it began in


def test_who_begins_changes_from_round_to_round():
    machine = Machine()
    machine.time(rounds=2, least=0.0, a=0.01, b=0.01, c=0.01)
    turns = [name for k, name in enumerate(machine.ran) if k % 5 == 0]
    assert turns == ["a", "b", "c", "a", "b", "c", "b", "c", "a"]


def test_calls_that_are_quick_are_made_as_long_as_a_turn_lasts():
    machine = Machine()
    machine.time(rounds=1, least=0.1, a=0.001)
    assert len(machine.ran) == pytest.approx(2 * (2 + 100), abs=4)


def test_a_call_longer_than_a_turn_is_still_made_three_times():
    machine = Machine()
    machine.time(rounds=1, least=0.1, a=5.0)
    assert len(machine.ran) == 2 * (2 + 3)
