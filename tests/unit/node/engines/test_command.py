from pathlib import Path

from slipway.node.engines.builder import BuildRequest
from slipway.node.engines.command import arguments
from slipway.node.engines.version import TensorRTVersion
from tests.engines import profile, spec

TEN = TensorRTVersion(10, 13, 3)


def words(version=TEN, **changes):
    return arguments(
        BuildRequest(Path("/v/fp16.onnx"), spec(**changes), Path("/out"), Path("/timing")), version
    )


def test_each_of_several_profiles_has_its_number_before_its_shapes():
    said = [w for w in words() if w.startswith(("--profile=", "--min", "--opt", "--max"))]
    assert said == [
        "--profile=0", "--minShapes=point:1x4", "--optShapes=point:1x4", "--maxShapes=point:1x4",
        "--profile=1", "--minShapes=point:1x4", "--optShapes=point:8x4", "--maxShapes=point:8x4",
    ]  # fmt: skip


def test_the_engine_is_run_at_the_largest_optimum():
    said = words()
    assert {"--useProfile=1", "--shapes=point:8x4"} <= set(said)
    assert "--skipInference" not in said


def test_one_profile_needs_no_number():
    said = words(profiles=(profile(1, 2, 4),))
    assert not [w for w in said if w.startswith(("--profile=", "--useProfile"))]


def test_types_are_asked_for_where_they_are_not_the_only_way():
    assert "--stronglyTyped" in words(TensorRTVersion(10, 0, 0))
    assert "--stronglyTyped" not in words(TensorRTVersion(11, 0, 0))
    assert not {"--fp16", "--int8", "--best"} & set(words())
