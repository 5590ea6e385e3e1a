"""What Triton's vLLM backend is given, read back with Triton's own definition."""

import json

import pytest
from google.protobuf import text_format
from tritonclient.grpc import model_config_pb2 as pb

from slipway.build.decoder.vllm import EngineArgs, write_model_folder
from slipway.errors import BuildError
from slipway.folder import open_model
from slipway.recipe import Generation
from tests.running import ROOT, python, refused


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
        ({"max_model_len": "many"}, "max_model_len is 'many': it is a whole number"),
        ({"max_num_seqs": True}, "max_num_seqs is True"),
        ({"enforce_eager": "yes"}, "enforce_eager is 'yes': it is true or false"),
        ({"gpu_memory_utilization": "half"}, "gpu_memory_utilization is 'half'"),
        ({"tensor_parallel_size": 0}, "tensor_parallel_size is 0"),
        ({"gpu_memory_utilization": 0}, "gpu_memory_utilization is 0"),
        ({"gpu_memory_utilization": 1.1}, "gpu_memory_utilization is 1.1"),
        ({"others": {"max_lora": 4}}, "the nearest names are: max_loras"),
        ({"others": {"tensor_paralel_size": 2}}, "names are: tensor_parallel_size"),
        ({"others": {"trust_remote_code": True}}, "trust_remote_code is refused"),
    ],
)
def test_arguments_that_vllm_would_refuse_are_refused_before_anything_is_written(wrong, said):
    with pytest.raises(BuildError, match=said):
        EngineArgs(**wrong)


def test_a_recipe_says_context_and_rows_unless_something_else_is_given():
    generation = Generation(context=512, rows=6)
    args = EngineArgs.of(generation, {"max_num_seqs": 64, "load_format": "runai_streamer"})
    assert (args.max_model_len, args.max_num_seqs) == (512, 64)
    assert args.others == {"load_format": "runai_streamer"}


def test_a_folder_that_exists_is_left_as_it_is(tmp_path):
    (tmp_path / "large").mkdir()
    with pytest.raises(BuildError, match="exists already"):
        write_model_folder(tmp_path / "large", "base", EngineArgs())
    assert not list((tmp_path / "large").iterdir())


def test_the_script_makes_the_folder_of_a_recipe(tmp_path):
    command = ["scripts/build.py", "vllm", "text_generator", "--weights", "someone/large"]
    command += ["--output", str(tmp_path), "--engine", "tensor_parallel_size=2"]
    command += ["--engine", "dtype=bfloat16", "--lora", "legal=/adapters/legal"]
    command += ["--engine", "revision=5e10234", "--engine", 'hf_overrides={"a": 1}']
    done = python(*command)
    assert done.stdout.strip() == str(tmp_path / "text_generator")
    engine = json.loads((tmp_path / "text_generator/1/model.json").read_text())
    recipe = open_model("text_generator", ROOT / "model_repo").recipe
    assert engine["max_model_len"] == recipe.generation.context
    assert (engine["tensor_parallel_size"], engine["dtype"]) == (2, "bfloat16")
    assert (engine["revision"], engine["hf_overrides"]) == ("5e10234", {"a": 1})
    assert "exists already" in refused(python(*command))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (("image_classifier",), "image_classifier does not generate text"),
        (("text_generator", "--engine", "dtype"), "'dtype' is not NAME=VALUE"),
        (("text_generator", "--engine", "dtype=int4"), "dtype is 'int4'"),
    ],
)
def test_the_script_refuses_what_no_folder_can_be_made_of(given, said, tmp_path):
    command = ("scripts/build.py", "vllm", *given, "--weights", "x", "--output", str(tmp_path))
    done = python(*command)
    assert (done.returncode, said in " ".join(done.stderr.split())) == (2, True)
    assert not list(tmp_path.iterdir())
