"""A model folder for Triton's vLLM backend: large checkpoints on GPUs, over the same tensors.

Written from the backend's and vLLM's own sources, and checked as far as that goes without a GPU:
every engine argument against the names and values of the version in `VERSION`, and the folder
against Triton itself, with a stand-in for the backend.
"""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from tritonclient.grpc import model_config_pb2 as pb

from slipway import contract
from slipway.build.triton_config import write_config
from slipway.errors import BuildError
from slipway.files import readable_json, staged_folder
from slipway.recipe import Generation

VERSION = "0.33.0"
"""Of vLLM. What follows is from its vllm/engine/arg_utils.py (class AsyncEngineArgs),
vllm/config/model.py and cache.py, and vllm/model_executor/layers/quantization/__init__.py."""

DTYPES = ("auto", "half", "float16", "bfloat16", "float", "float32")
KV_CACHE_DTYPES = ("auto", "float16", "bfloat16", "fp8", "fp8_e4m3", "fp8_e5m2")
QUANTIZATIONS = (
    "awq", "awq_marlin", "compressed-tensors", "experts_int8", "fp8", "fp8_per_block",
    "fp8_per_channel", "fp8_per_tensor", "gptq", "gptq_marlin", "modelopt", "modelopt_fp4",
    "modelopt_mixed", "modelopt_mxfp8", "moe_wna16", "mxfp4", "mxfp8", "quark", "torchao",
)  # fmt: skip
OTHERS = (
    "block_size", "code_revision", "config_format", "cpu_offload_gb", "data_parallel_size",
    "disable_custom_all_reduce", "disable_log_stats", "disable_sliding_window",
    "distributed_executor_backend", "download_dir", "enable_chunked_prefill",
    "enable_expert_parallel", "generation_config", "hf_overrides", "kv_cache_memory_bytes",
    "load_format", "long_prefill_token_threshold", "max_cpu_loras", "max_logprobs",
    "max_lora_rank", "max_loras", "max_num_batched_tokens", "model_loader_extra_config",
    "num_gpu_blocks_override", "override_generation_config", "revision", "scheduling_policy",
    "seed", "served_model_name", "speculative_config", "tokenizer", "tokenizer_mode",
    "tokenizer_revision",
)  # fmt: skip
"""Further arguments that make sense for a served model. `trust_remote_code` is left out: a
checkpoint could then run any code on the server."""

INPUTS = {
    "text_input": pb.TYPE_STRING,
    "stream": pb.TYPE_BOOL,
    "sampling_parameters": pb.TYPE_STRING,
    "exclude_input_in_output": pb.TYPE_BOOL,
    "return_finish_reason": pb.TYPE_BOOL,
    "return_cumulative_logprob": pb.TYPE_BOOL,
    "return_logprobs": pb.TYPE_BOOL,
    "return_num_input_tokens": pb.TYPE_BOOL,
    "return_num_output_tokens": pb.TYPE_BOOL,
}
OUTPUTS = {
    "text_output": pb.TYPE_STRING,
    "finish_reason": pb.TYPE_STRING,
    "cumulative_logprob": pb.TYPE_FP32,
    "logprobs": pb.TYPE_STRING,
    "num_input_tokens": pb.TYPE_UINT32,
    "num_output_tokens": pb.TYPE_UINT32,
}
"""What vllm_backend's src/model.py completes a configuration with. It is said in full, because
Slipway's servers run with automatic completion off."""


def _require(condition: bool, what: str, why: str) -> None:
    if not condition:
        raise BuildError(what, why=why, mend=f"The arguments are those of vLLM {VERSION}.")


@dataclass(frozen=True)
class EngineArgs:
    """vLLM's engine arguments; None leaves vLLM's own choice.

    `max_model_len` is the context in tokens, `max_num_seqs` how many texts are decoded at once;
    `gpu_memory_utilization` is the part of each GPU's memory that this model may take. A model is
    spread over `tensor_parallel_size` x `pipeline_parallel_size` GPUs. `others` are arguments of
    the names in `OTHERS`.
    """

    dtype: str = "auto"
    max_model_len: int | None = None
    max_num_seqs: int | None = None
    gpu_memory_utilization: float = 0.92
    tensor_parallel_size: int = 1
    pipeline_parallel_size: int = 1
    quantization: str | None = None
    kv_cache_dtype: str = "auto"
    enable_prefix_caching: bool | None = None
    enforce_eager: bool = False
    others: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in (
            "max_model_len",
            "max_num_seqs",
            "tensor_parallel_size",
            "pipeline_parallel_size",
        ):
            value = getattr(self, name)
            _require(
                value is None or (type(value) is int and value >= 1),
                f"{name} is {value!r}",
                "it is a whole number, at least 1",
            )
        share = self.gpu_memory_utilization
        _require(
            type(share) in {int, float} and 0 < share <= 1,
            f"gpu_memory_utilization is {share!r}",
            "it is a part of the memory, above 0 and at most 1",
        )
        for name in ("enable_prefix_caching", "enforce_eager"):
            value = getattr(self, name)
            _require(
                value is None or type(value) is bool,
                f"{name} is {value!r}",
                "it is true or false",
            )
        for name, known in (
            ("dtype", DTYPES),
            ("kv_cache_dtype", KV_CACHE_DTYPES),
            ("quantization", (None, *QUANTIZATIONS)),
        ):
            value = getattr(self, name)
            listed = ", ".join(filter(None, known))
            _require(value in known, f"{name} is {value!r}", f"it may be {listed}")
        for name in self.others:
            own = [each.name for each in fields(self) if each.name != "others"]
            near = difflib.get_close_matches(name, [*own, *OTHERS], n=3)
            _require(
                name in OTHERS,
                f"The engine argument {name} is refused",
                f"the nearest names are: {', '.join(near)}" if near else "it is not known here",
            )

    @classmethod
    def of(cls, generation: Generation, given: Mapping[str, Any]) -> "EngineArgs":
        """A recipe's context and rows, and what is `given` by vLLM's own names beside them."""
        said = {"max_model_len": generation.context, "max_num_seqs": generation.rows, **given}
        own = {each.name for each in fields(cls)} - {"others"}
        return cls(
            **{name: value for name, value in said.items() if name in own},
            others={name: value for name, value in said.items() if name not in own},
        )

    def to_json(self, model: str) -> dict[str, Any]:
        """The content of model.json for a checkpoint, without what is left to vLLM."""
        given = {each.name: getattr(self, each.name) for each in fields(self)}
        others = given.pop("others")
        return {"model": model, **{n: v for n, v in given.items() if v is not None}, **others}


def write_model_folder(
    folder: Path,
    model: str,
    args: EngineArgs,
    *,
    loras: Mapping[str, str] | None = None,
    metrics: bool = True,
) -> None:
    """Make `folder`, named as the model is to be, with config.pbtxt and 1/model.json.

    `model` is found by each server: a Hugging Face id, an absolute path there, or an s3:// URL with
    `load_format` "runai_streamer". `loras` are adapters by the names that requests give as
    `lora_name`. With `metrics` vLLM's own appear among Triton's. Raises `BuildError` where the
    folder exists.
    """
    if folder.exists():
        raise BuildError(f"{folder} exists already", mend="Remove it, or choose another place.")
    with staged_folder(folder) as staged:
        version = staged / contract.PACKAGED_VERSION
        version.mkdir()
        engine = args.to_json(model)
        if loras:
            engine["enable_lora"] = True
            (version / "multi_lora.json").write_bytes(readable_json(dict(loras)))
        (version / "model.json").write_bytes(readable_json(engine))
        write_config(_config(folder.name, metrics=metrics), staged / contract.CONFIG_FILE)


def _config(name: str, *, metrics: bool) -> pb.ModelConfig:
    """The vLLM backend's configuration: it batches by itself, and places itself on the GPUs."""
    config = pb.ModelConfig(
        name=name,
        backend="vllm",
        max_batch_size=0,
        model_transaction_policy=pb.ModelTransactionPolicy(decoupled=True),
        input=[
            pb.ModelInput(name=each, data_type=kind, dims=[1], optional=each != "text_input")
            for each, kind in INPUTS.items()
        ],
        output=[
            pb.ModelOutput(
                name=each, data_type=kind, dims=[1 if each == "num_input_tokens" else -1]
            )
            for each, kind in OUTPUTS.items()
        ],
        instance_group=[pb.ModelInstanceGroup(count=1, kind=pb.ModelInstanceGroup.KIND_MODEL)],
    )
    if metrics:
        config.parameters["REPORT_CUSTOM_METRICS"].string_value = "true"
    return config
