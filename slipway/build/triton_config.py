"""Triton's configuration of a model, written from the recipe through Triton's own definition."""

from pathlib import Path
from typing import Any

from google.protobuf import json_format, text_format
from tritonclient.grpc import model_config_pb2 as pb

from slipway import contract
from slipway.errors import BuildError
from slipway.recipe import Recipe
from slipway.tensors import TensorSpec

BACKEND = "onnxruntime"
LABELS_FILE = "labels.txt"


def model_config(name: str, recipe: Recipe) -> pb.ModelConfig:
    """The ModelConfig of an ONNX model. What matters is said, not left to Triton's defaults."""
    serving = recipe.serving
    config = pb.ModelConfig(
        name=name,
        backend=BACKEND,
        max_batch_size=serving.max_batch_size,
        input=[
            pb.ModelInput(name=s.name, data_type=_type(s), dims=_dims(s)) for s in recipe.inputs
        ],
        output=[
            pb.ModelOutput(
                name=s.name,
                data_type=_type(s),
                dims=_dims(s),
                label_filename=LABELS_FILE if s.labels else "",
            )
            for s in recipe.outputs
        ],
        # A GPU where the server has one; the backend of that name picks the CPU elsewhere.
        instance_group=[
            pb.ModelInstanceGroup(count=serving.instances, kind=pb.ModelInstanceGroup.KIND_AUTO)
        ],
        dynamic_batching=pb.ModelDynamicBatching(
            preferred_batch_size=serving.preferred_batch_sizes,
            max_queue_delay_microseconds=serving.queue_delay_us,
            default_queue_policy=pb.ModelQueuePolicy(
                timeout_action=pb.ModelQueuePolicy.REJECT,
                default_timeout_microseconds=serving.queue_timeout_us,
                max_queue_size=serving.queue_size,
            ),
        ),
        version_policy=pb.ModelVersionPolicy(
            specific=pb.ModelVersionPolicy.Specific(versions=[int(contract.PACKAGED_VERSION)])
        ),
        model_warmup=[_warmup(recipe, bucket) for bucket in serving.batch_buckets],
    )
    config.parameters["intra_op_thread_count"].string_value = str(serving.threads)
    return config


def _warmup(recipe: Recipe, bucket: int) -> pb.ModelWarmup:
    """A request of one size. Whole numbers are zeros: taken as indices they are in range."""
    warmup = pb.ModelWarmup(name=f"batch {bucket}", batch_size=bucket)
    for spec in recipe.inputs:
        sample = warmup.inputs[spec.name]
        sample.data_type = _type(spec)
        sample.dims.extend(size or 8 for size in spec.shape)
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


def _type(spec: TensorSpec) -> int:
    value: int = pb.DataType.Value(f"TYPE_{spec.datatype}")
    return value


def _dims(spec: TensorSpec) -> list[int]:
    return [-1 if size is None else size for size in spec.shape]
