"""Files are written for the engine that serves them: on the tiny model, in an engine that computes
8 bits badly.
"""

import json
import shutil
from dataclasses import dataclass, replace

import onnx
import pytest

from slipway.build.engine import ONNXRUNTIME, OPENVINO
from slipway.build.optimise.catalogue import BASELINE, TRAINED, Kind, Variant
from slipway.build.optimise.workshop import StepsWorkshop
from slipway.build.plain import PlainForm
from slipway.build.step import Workspace
from slipway.build.steps import Steps
from slipway.dataset import Sources
from slipway.errors import VariantError
from slipway.hardware import this_machine
from slipway.progress import silent

COARSE = replace(ONNXRUNTIME, name="Coarse")


def variant(file, engine):
    return Variant(TRAINED, Kind(f"{file} in {engine.name}", file, engine))


def in_8_bits(file):
    """How many products of a file have 8-bit weights."""
    weights = onnx.load(file).graph.initializer
    return sum(w.data_type == onnx.TensorProto.INT8 and len(w.dims) == 2 for w in weights)


@dataclass(frozen=True)
class CoarseForm(PlainForm):
    """Runs a file in ONNX Runtime; as `COARSE` it answers the contrary where more than `bears` of
    its products are in 8 bits.
    """

    bears: int = 9
    gpu: bool = False

    def on_gpu(self):
        return self.gpu

    def answers(self, file, engine):
        right = super().answers(file, ONNXRUNTIME)
        if engine != COARSE or in_8_bits(file) <= self.bears:
            return right
        return lambda inputs: {name: -array for name, array in right(inputs).items()}


@pytest.fixture
def shop(built, tiny, tmp_path):
    """Makes a workshop in whose form some settings are others."""
    root = tmp_path / "workspace"
    shutil.copytree(built[0], root, symlinks=True)

    def make(**settings):
        steps = Steps(tiny, Sources(), Workspace(root, "tiny"), silent)
        steps.form = CoarseForm(tiny, Sources(), **settings)
        shop = StepsWorkshop(steps, this_machine())
        shop.make(BASELINE)
        return shop

    return make


def written(shop, made):
    return shop.candidate(made.variant.name).optimised


@pytest.mark.parametrize("way", ["int8_static", "int8_dynamic"])
def test_nodes_stay_in_fp32_until_the_engine_that_serves_answers_well(shop, way):
    shop = shop(bears=1)
    fine = shop.make(variant(way, ONNXRUNTIME))
    coarse = shop.make(variant(way, COARSE))
    assert in_8_bits(written(shop, fine).folder / "model.onnx") == 2
    assert in_8_bits(written(shop, coarse).folder / "model.onnx") == 1
    assert written(shop, fine).key != written(shop, coarse).key
    assert "1 Gemm in INT8, 1 kept in FP32" in coarse.lineage
    assert coarse.judged.value > 0.9


def test_what_no_bound_makes_good_in_its_engine_is_refused_though_another_bears_it(shop):
    shop = shop(bears=0)
    shop.make(variant("int8_static", ONNXRUNTIME))
    with pytest.raises(VariantError, match=r"not good enough: accuracy is .* worse, .* allowed"):
        shop.make(variant("int8_static", COARSE))


def test_the_file_of_a_way_without_a_gate_is_one_for_all_engines(shop):
    shop = shop()
    one, other = (shop.make(variant("fp16", engine)) for engine in (ONNXRUNTIME, COARSE))
    assert written(shop, one).key == written(shop, other).key
    assert json.loads((written(shop, one).folder / "variant.json").read_bytes())


def test_an_engine_for_processors_is_not_compared_with_what_runs_on_a_gpu(shop):
    wanted = variant("plain", OPENVINO)
    assert shop().make(wanted).judged.value > 0.9
    with pytest.raises(VariantError, match=r"OpenVINO runs on processors alone: .* on the GPU"):
        shop(gpu=True).make(wanted)
