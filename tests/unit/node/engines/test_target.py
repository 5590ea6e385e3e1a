from dataclasses import replace

import pytest

from slipway.node.engines.target import Target
from slipway.node.engines.version import TensorRTVersion
from tests.engines import L4, profile, spec

HERE = Target(L4, TensorRTVersion(10, 13, 3, 9))
ONNX = "ab" * 32


def key(target=HERE, onnx=ONNX, what=None, options=("--a",)):
    return target.key(onnx, what or spec(), options)


def test_another_driver_share_or_file_name_finds_the_same_engine():
    assert key(replace(HERE, gpu=replace(L4, driver="575.1"))) == key()
    assert key(what=spec(source="typed/other.onnx", share=0.9)) == key()


@pytest.mark.parametrize(
    "other",
    [
        {"onnx": "cd" * 32},
        {"target": replace(HERE, gpu=replace(L4, capability="9.0"))},
        {"target": replace(HERE, gpu=replace(L4, name="NVIDIA L40S"))},
        {"target": replace(HERE, tensorrt=TensorRTVersion(10, 13, 3, 10))},
        {"what": spec("int8")},
        {"what": spec(profiles=(profile(1, 4, 8),))},
        {"options": ("--b",)},
    ],
)
def test_whatever_a_plan_depends_on_is_in_its_key(other):
    assert key(**other) != key()
    assert len(key()) == 64


def test_a_timing_cache_is_of_one_kind_of_gpu_and_one_version():
    assert HERE.timing_cache != replace(HERE, gpu=replace(L4, name="NVIDIA L40S")).timing_cache
