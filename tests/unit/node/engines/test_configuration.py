"""The configuration for TensorRT, read back."""

from pathlib import Path

from google.protobuf import text_format
from tritonclient.grpc import model_config_pb2 as pb

from slipway.build.triton_config import network_config
from slipway.node.engines.configuration import Engine, engine_config
from slipway.recipe import Metric, Recipe, Serving, Training
from slipway.tensors import TensorSpec
from tests.engines import spec

RECIPE = Recipe("Title", (TensorSpec("point", "FP32", (4,)),), (TensorSpec("y", "FP32", (4,)),),
                Training(1, 2, 0.1), Metric("accuracy", 0.5),
                serving=Serving(8, (1, 8), queue_delay_us=100))  # fmt: skip
ENGINE = Engine("ab" * 32, spec(), "8.9", Path("/engines/x/1"))


def test_tensors_batching_and_warm_up_are_the_packaged_ones_and_the_rest_is_tensorrts():
    packaged = network_config("model", RECIPE)
    made = text_format.Parse(
        text_format.MessageToString(engine_config(packaged, ENGINE)), pb.ModelConfig()
    )
    assert (made.backend, made.platform) == ("tensorrt", "tensorrt_plan")
    assert dict(made.cc_model_filenames) == {"8.9": "sm-8.9.plan"}
    assert made.default_model_filename == "model.plan"
    assert [list(group.profile) for group in made.instance_group] == [["0", "1"]]
    assert not made.parameters
    for field in ("input", "output", "dynamic_batching", "model_warmup", "max_batch_size"):
        assert getattr(made, field) == getattr(packaged, field), field
    assert packaged.backend == "onnxruntime"
