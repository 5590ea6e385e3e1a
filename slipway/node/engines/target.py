"""What an engine is built for, and the key under which all servers of that kind find it."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from slipway.engines import EngineSpec
from slipway.files import canonical_json, sha256_of_bytes
from slipway.node.engines.gpu import Gpu
from slipway.node.engines.version import TensorRTVersion


@dataclass(frozen=True)
class Target:
    """A kind of GPU and a version of TensorRT. Drivers may differ: no plan depends on them."""

    gpu: Gpu
    tensorrt: TensorRTVersion

    def key(self, onnx_sha256: str, spec: EngineSpec, options: Sequence[str]) -> str:
        """64 hexadecimal digits, equal where a plan can be used for another.

        The name of the GPU is in it, not its capability alone: TensorRT chooses kernels by what it
        measures, and warns of plans from another model of the same capability.
        """
        return sha256_of_bytes(
            canonical_json(
                {
                    "onnx": onnx_sha256,
                    "gpu": self.gpu.name,
                    "capability": self.gpu.capability,
                    "tensorrt": str(self.tensorrt),
                    "precision": spec.precision,
                    "profiles": [asdict(profile) for profile in spec.profiles],
                    "options": list(options),
                }
            )
        )

    @property
    def timing_cache(self) -> str:
        """The name of the file with what this kind of GPU measured."""
        digest = sha256_of_bytes(f"{self.gpu.name} {self.tensorrt}".encode())
        return f"timing-{digest[:16]}.cache"
