"""Triton's configuration of a model, written from the recipe through Triton's own definition."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import product
from pathlib import Path
from typing import Any

from google.protobuf import json_format, text_format
from tritonclient.grpc import model_config_pb2 as pb

from slipway import contract
from slipway.build.engine import ONNXRUNTIME, Engine
from slipway.errors import BuildError
from slipway.recipe import Generation, Recipe, Tokenizer
from slipway.tensors import TensorSpec

TOKENIZER_BACKEND = "tokenizer"
GENERATOR_BACKEND = "generator"
ENSEMBLE = "ensemble"
NETWORK, TOKENIZER = "network", "tokenizer"
"""The steps of an ensemble, and their folders."""


@dataclass(frozen=True)
class Configurations:
    """`model` is what clients call; where it is an ensemble, `steps` are what it consists of."""

    model: pb.ModelConfig
    steps: dict[str, pb.ModelConfig]


def configurations(name: str, recipe: Recipe, engine: Engine = ONNXRUNTIME) -> Configurations:
    """What Triton is told of a model. What matters is said, not left to Triton's defaults."""
    if recipe.tokenizer is None:
        return Configurations(network_config(name, recipe, engine), {})
    return Configurations(
        _ensemble_config(name, recipe, recipe.tokenizer),
        {
            TOKENIZER: _tokenizer_config(recipe, recipe.tokenizer),
            NETWORK: network_config(NETWORK, recipe, engine),
        },
    )


def network_config(name: str, recipe: Recipe, engine: Engine = ONNXRUNTIME) -> pb.ModelConfig:
    """The ModelConfig of an ONNX model. Raises `VariantError` where the engine cannot serve it."""
    engine.require_fit(recipe)
    serving = recipe.serving
    group = pb.ModelInstanceGroup
    config = pb.ModelConfig(
        name=name,
        backend=engine.backend,
        default_model_filename=engine.model_file,
        max_batch_size=serving.max_batch_size if engine.joins else 0,
        input=_inputs(recipe.inputs),
        output=_outputs(recipe.outputs),
        # A GPU where the server has one; the backend of that name picks the CPU elsewhere.
        instance_group=[
            group(
                count=serving.instances,
                kind=group.KIND_CPU if engine.cpu_alone else group.KIND_AUTO,
            )
        ],
        dynamic_batching=_batching(recipe),
        version_policy=_packaged_version(),
        model_warmup=list(_warmups(recipe)),
    )
    for setting, value in engine.parameters_of(serving).items():
        config.parameters[setting].string_value = value
    if not engine.joins:
        _show_batch(config)
    return config


def _show_batch(config: pb.ModelConfig) -> None:
    """Make the batch a dimension like others: requests look the same, but are not joined."""
    for tensor in (*config.input, *config.output):
        tensor.dims.insert(0, -1)
    for warmup in config.model_warmup:
        for sample in warmup.inputs.values():
            sample.dims.insert(0, warmup.batch_size)
        warmup.batch_size = 1
    config.dynamic_batching.ClearField("preferred_batch_size")
    config.dynamic_batching.ClearField("max_queue_delay_microseconds")


def generator_config(name: str, generation: Generation) -> pb.ModelConfig:
    """The ModelConfig of a decoder. Its tensors are those of Triton's vLLM backend."""
    text, flag, number = pb.TYPE_STRING, pb.TYPE_BOOL, pb.TYPE_UINT32
    config = pb.ModelConfig(
        name=name,
        backend=GENERATOR_BACKEND,
        max_batch_size=0,  # rows are joined by the backend, between two tokens
        model_transaction_policy=pb.ModelTransactionPolicy(decoupled=True),
        input=[
            pb.ModelInput(name="text_input", data_type=text, dims=[1]),
            *(
                pb.ModelInput(name=each, data_type=datatype, dims=[1], optional=True)
                for each, datatype in (
                    ("stream", flag),
                    ("sampling_parameters", text),
                    ("exclude_input_in_output", flag),
                    ("return_finish_reason", flag),
                    ("return_num_input_tokens", flag),
                    ("return_num_output_tokens", flag),
                )
            ),
        ],
        output=[
            pb.ModelOutput(name=each, data_type=datatype, dims=[-1])
            for each, datatype in (
                ("text_output", text),
                ("finish_reason", text),
                ("num_input_tokens", number),
                ("num_output_tokens", number),
            )
        ],
        instance_group=[pb.ModelInstanceGroup(count=1, kind=pb.ModelInstanceGroup.KIND_CPU)],
        version_policy=_packaged_version(),
    )
    for setting, value in asdict(generation).items():
        config.parameters[setting].string_value = str(value)
    return config


def _tokenizer_config(recipe: Recipe, tokenizer: Tokenizer) -> pb.ModelConfig:
    made = {tokenizer.ids, tokenizer.mask}
    config = pb.ModelConfig(
        name=TOKENIZER,
        backend=TOKENIZER_BACKEND,
        max_batch_size=recipe.serving.max_batch_size,
        input=_inputs([tokenizer.text]),
        output=_outputs([spec for spec in recipe.inputs if spec.name in made]),
        instance_group=[pb.ModelInstanceGroup(count=1, kind=pb.ModelInstanceGroup.KIND_CPU)],
        dynamic_batching=pb.ModelDynamicBatching(),
        version_policy=_packaged_version(),
    )
    config.parameters["lengths"].string_value = ",".join(map(str, tokenizer.lengths))
    config.parameters["text"].string_value = tokenizer.text.name
    config.parameters["ids"].string_value = tokenizer.ids
    config.parameters["mask"].string_value = tokenizer.mask
    return config


def _ensemble_config(name: str, recipe: Recipe, tokenizer: Tokenizer) -> pb.ModelConfig:
    """Tensors keep their names from step to step; step names are those of the folders."""
    made = (tokenizer.ids, tokenizer.mask)
    steps = (
        (TOKENIZER, (tokenizer.text.name,), made),
        (NETWORK, [s.name for s in recipe.inputs], [s.name for s in recipe.outputs]),
    )
    return pb.ModelConfig(
        name=name,
        platform=ENSEMBLE,
        max_batch_size=recipe.serving.max_batch_size,
        input=_inputs(recipe.served_inputs),
        output=_outputs(recipe.outputs),
        version_policy=_packaged_version(),
        ensemble_scheduling=pb.ModelEnsembling(
            step=[
                pb.ModelEnsembling.Step(
                    model_name=step,
                    model_version=int(contract.PACKAGED_VERSION),
                    input_map={n: n for n in inputs},
                    output_map={n: n for n in outputs},
                )
                for step, inputs, outputs in steps
            ]
        ),
    )


def _batching(recipe: Recipe) -> pb.ModelDynamicBatching:
    serving = recipe.serving
    return pb.ModelDynamicBatching(
        preferred_batch_size=serving.preferred_batch_sizes,
        max_queue_delay_microseconds=serving.queue_delay_us,
        default_queue_policy=pb.ModelQueuePolicy(
            timeout_action=pb.ModelQueuePolicy.REJECT,
            default_timeout_microseconds=serving.queue_timeout_us,
            max_queue_size=serving.queue_size,
        ),
    )


def _packaged_version() -> pb.ModelVersionPolicy:
    versions = [int(contract.PACKAGED_VERSION)]
    return pb.ModelVersionPolicy(specific=pb.ModelVersionPolicy.Specific(versions=versions))


def _warmups(recipe: Recipe) -> Iterator[pb.ModelWarmup]:
    """Every batch bucket, and of text every length that the tokenizer gives."""
    lengths = recipe.tokenizer.lengths if recipe.tokenizer else (VARYING,)
    for bucket, length in product(recipe.serving.batch_buckets, lengths):
        name = f"batch {bucket}" + (f", {length} tokens" if recipe.tokenizer else "")
        yield _warmup(recipe, name, bucket, length)


VARYING = 8
"""What a warm-up takes for a dimension that varies."""


def _warmup(recipe: Recipe, name: str, bucket: int, length: int) -> pb.ModelWarmup:
    """A request of one size. Whole numbers are zeros: taken as indices they are in range."""
    warmup = pb.ModelWarmup(name=name, batch_size=bucket)
    for spec in recipe.inputs:
        sample = warmup.inputs[spec.name]
        sample.data_type = _type(spec)
        # A tokenizer's lengths are those of the last dimension.
        sizes = [VARYING if isinstance(size, str) else size for size in spec.shape]
        if spec.varying and isinstance(spec.shape[-1], str):
            sizes[-1] = length
        sample.dims.extend(sizes)
        if spec.dtype.kind == "f":
            sample.random_data = True
        else:
            sample.zero_data = True
    return warmup


def write_config(config: pb.ModelConfig, path: Path) -> None:
    """Write `config.pbtxt`, and read it back to be sure that Triton's parser takes it as meant."""
    path.write_text(text_format.MessageToString(config))
    back = text_format.Parse(path.read_text(), pb.ModelConfig())
    if back != config:
        raise BuildError(f"{path.name} does not read back as it was written")


def as_json(config: pb.ModelConfig) -> dict[str, Any]:
    """The configuration for the manifest, with Triton's own field names."""
    value: dict[str, Any] = json_format.MessageToDict(config, preserving_proto_field_name=True)
    return value


def label_file(spec: TensorSpec) -> str:
    """Where Triton finds the labels of an output; empty where it has none."""
    return f"{spec.name}_labels.txt" if spec.labels else ""


def _inputs(specs: Sequence[TensorSpec]) -> list[pb.ModelInput]:
    return [pb.ModelInput(name=s.name, data_type=_type(s), dims=_dims(s)) for s in specs]


def _outputs(specs: Sequence[TensorSpec]) -> list[pb.ModelOutput]:
    return [
        pb.ModelOutput(
            name=s.name,
            data_type=_type(s),
            dims=_dims(s),
            label_filename=label_file(s),
        )
        for s in specs
    ]


def _type(spec: TensorSpec) -> int:
    name = "STRING" if spec.datatype == "BYTES" else spec.datatype
    value: int = pb.DataType.Value(f"TYPE_{name}")
    return value


def _dims(spec: TensorSpec) -> list[int]:
    return [-1 if isinstance(size, str) else size for size in spec.shape]
