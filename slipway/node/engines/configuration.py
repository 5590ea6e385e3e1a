"""Triton's configuration of a network that is served as an engine."""

from dataclasses import dataclass
from pathlib import Path

from tritonclient.grpc import model_config_pb2 as pb

from slipway.engines import EngineSpec

BACKEND, PLATFORM = "tensorrt", "tensorrt_plan"
DEFAULT_FILE = "model.plan"
ONNXRUNTIME_PARAMETERS = ("intra_op_thread_count", "inter_op_thread_count", "execution_mode")


@dataclass(frozen=True)
class Engine:
    """An engine on this machine. `folder` is a version's folder to Triton: it holds the plan."""

    key: str
    spec: EngineSpec
    capability: str
    folder: Path


def plan_file(capability: str) -> str:
    """A file that only a GPU of this capability is told of."""
    return f"sm-{capability}.plan"


def engine_config(config: pb.ModelConfig, engine: Engine) -> pb.ModelConfig:
    """The packaged configuration for TensorRT: same tensors, batching, instances and warm-up.

    On a GPU of another capability Triton looks for `model.plan`, which is not there, and says so.
    Triton itself turns KIND_AUTO into KIND_GPU. An instance has a context for every profile, and
    takes the one that fits a request best.
    """
    changed = pb.ModelConfig()
    changed.CopyFrom(config)
    changed.backend, changed.platform = BACKEND, PLATFORM
    changed.default_model_filename = DEFAULT_FILE
    changed.cc_model_filenames[engine.capability] = plan_file(engine.capability)
    numbers = [str(number) for number in range(len(engine.spec.profiles))]
    for group in changed.instance_group:
        group.ClearField("profile")
        group.profile.extend(numbers)
    for name in ONNXRUNTIME_PARAMETERS:
        if name in changed.parameters:
            del changed.parameters[name]
    return changed
