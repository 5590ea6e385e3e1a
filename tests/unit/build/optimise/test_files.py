import pytest

from slipway.build.optimise.files import GATED, WAYS, Material, write


@pytest.mark.parametrize("way", WAYS)
def test_the_gate_is_asked_by_those_ways_that_are_known_to_ask_it(
    way, transformer, texts, tmp_path
):
    asked = []

    def gate(path):
        asked.append(path)
        return ""

    material = Material(lambda: texts, lambda: texts, reduce_range=False, gate=gate)
    write(way, transformer, tmp_path / "model.onnx", material)
    assert bool(asked) == (way in GATED)
