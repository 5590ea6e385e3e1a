"""trtexec's command line for one engine."""

from pathlib import Path

from slipway.engines import Profile, Shapes
from slipway.node.engines.builder import BuildRequest
from slipway.node.engines.version import TensorRTVersion

PLAN, LAYERS, TIMES = "engine.plan", "layers.json", "times.json"

BUILD_OPTIONS = (
    # By default a build may take all of the GPU's memory, and models are served from it.
    "--memPoolSize=workspace:4096",
    "--builderOptimizationLevel=3",
    "--profilingVerbosity=detailed",
)
"""What a plan depends on."""

RUN_OPTIONS = ("--warmUp=200", "--duration=1", "--iterations=10")
"""The engine is run although only its plan is wanted: with --skipInference the layers of an engine
with dynamic shapes come without their types ("N/A due to dynamic shapes").
"""


def arguments(request: BuildRequest, version: TensorRTVersion) -> list[str]:
    """All but the executable's name."""
    profiles = request.spec.profiles
    last = profiles[-1]
    return [
        f"--onnx={request.onnx}",
        f"--saveEngine={request.folder / PLAN}",
        *(("--stronglyTyped",) if version.typed_by_flag else ()),
        *_profiles(profiles),
        f"--timingCacheFile={request.timing_cache}",
        *BUILD_OPTIONS,
        f"--exportLayerInfo={request.folder / LAYERS}",
        f"--exportTimes={request.folder / TIMES}",
        *((f"--useProfile={len(profiles) - 1}",) if len(profiles) > 1 else ()),
        f"--shapes={shapes_text(last.optimum)}",
        *RUN_OPTIONS,
    ]


def _profiles(profiles: tuple[Profile, ...]) -> list[str]:
    """One needs no number. Of several each number stands before the shapes it is for."""
    words = []
    for number, profile in enumerate(profiles):
        if len(profiles) > 1:
            words.append(f"--profile={number}")
        words += [
            f"--minShapes={shapes_text(profile.minimum)}",
            f"--optShapes={shapes_text(profile.optimum)}",
            f"--maxShapes={shapes_text(profile.maximum)}",
        ]
    return words


def shapes_text(shapes: Shapes) -> str:
    """As trtexec reads them: ids:1x32,mask:1x32."""
    return ",".join(f"{name}:{'x'.join(map(str, shape))}" for name, shape in shapes.items())


def log_of(folder: Path) -> Path:
    return folder / "trtexec.log"
