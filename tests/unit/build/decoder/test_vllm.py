"""What Triton's vLLM backend is given, read back with Triton's own definition."""

import json

import pytest
from google.protobuf import text_format
from tritonclient.grpc import model_config_pb2 as pb

from slipway.build.decoder.vllm import EngineArgs, write_model_folder
from slipway.errors import BuildError


def test_the_engine_gets_what_was_chosen_and_nothing_that_was_not(tmp_path):
    args = EngineArgs(
        dtype="bfloat16",
        max_model_len=8192,
        tensor_parallel_size=2,
        quantization="fp8",
        others={"load_format": "runai_streamer"},
    )
    write_model_folder(tmp_path / "large", "s3://models/large", args)
    assert json.loads((tmp_path / "large/1/model.json").read_text()) == {
        "model": "s3://models/large",
        "dtype": "bfloat16",
        "max_model_len": 8192,
        "gpu_memory_utilization": 0.92,
        "tensor_parallel_size": 2,
        "pipeline_parallel_size": 1,
        "quantization": "fp8",
        "kv_cache_dtype": "auto",
        "enforce_eager": False,
        "load_format": "runai_streamer",
    }


def test_the_configuration_leaves_batching_and_placement_to_vllm(tmp_path):
    write_model_folder(tmp_path / "large", "someone/large", EngineArgs())
    text = (tmp_path / "large/config.pbtxt").read_text()
    config = text_format.Parse(text, pb.ModelConfig())
    assert (config.name, config.backend, config.max_batch_size) == ("large", "vllm", 0)
    assert config.model_transaction_policy.decoupled
    (group,) = config.instance_group
    assert (group.count, group.kind) == (1, pb.ModelInstanceGroup.KIND_MODEL)
    assert [each.name for each in config.input if not each.optional] == ["text_input"]
    assert config.parameters["REPORT_CUSTOM_METRICS"].string_value == "true"


def test_adapters_come_with_the_list_that_the_backend_asks_for(tmp_path):
    write_model_folder(tmp_path / "large", "base", EngineArgs(), loras={"legal": "/adapters/legal"})
    version = tmp_path / "large/1"
    assert json.loads((version / "model.json").read_text())["enable_lora"] is True
    assert json.loads((version / "multi_lora.json").read_text()) == {"legal": "/adapters/legal"}


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"dtype": "int4"}, "dtype is 'int4'"),
        ({"quantization": "zip"}, "quantization is 'zip'"),
        ({"kv_cache_dtype": "int3"}, "kv_cache_dtype is 'int3'"),
        ({"max_model_len": 0}, "max_model_len is 0"),
        ({"tensor_parallel_size": 0}, "tensor_parallel_size is 0"),
        ({"gpu_memory_utilization": 0}, "gpu_memory_utilization is 0"),
        ({"gpu_memory_utilization": 1.1}, "gpu_memory_utilization is 1.1"),
        ({"others": {"max_lora": 4}}, "the nearest names are: max_loras"),
        ({"others": {"trust_remote_code": True}}, "trust_remote_code is refused"),
    ],
)
def test_arguments_that_vllm_would_refuse_are_refused_before_anything_is_written(wrong, said):
    with pytest.raises(BuildError, match=said):
        EngineArgs(**wrong)
