"""The files that are compared: a trained model in FP32, and in 8 bits in several ways."""

from functools import partial
from pathlib import Path

import numpy as np

from slipway.build.optimise.calibration import calibration_batches
from slipway.build.optimise.dynamic import quantise_dynamic
from slipway.build.optimise.fusion import fuse, has_attention
from slipway.build.optimise.static import Activations, quantise_static
from slipway.build.optimise.workload import workload
from slipway.build.text import preparation
from slipway.dataset import SHIPPED
from slipway.errors import NotFound
from slipway.folder import open_model

FP32 = "FP32"


def lay_out(name: str, models: Path, workspace: Path, target: Path) -> Path:
    """Fill `target` with ONNX files, and inputs.npz: a batch of held-out examples.

    Raises `NotFound` where the model was not built.
    """
    source = workspace / "models" / name / "optimise/latest/model.onnx"
    if not source.is_file():
        raise NotFound(
            f"There is no {source}",
            why="the model was not built here",
            mend=f"Run python scripts/build.py {name}",
        )
    target.mkdir(parents=True)
    folder = open_model(name, models)
    prepare, data = preparation(folder, SHIPPED), folder.function("data", "load")(SHIPPED)
    asked = workload(prepare(data.holdout.inputs), folder.recipe)
    np.savez(target / "inputs.npz", **asked[max(asked)])  # type: ignore[arg-type]  # numpy's stub
    plain = target / f"{FP32}.onnx"
    if has_attention(source):
        fuse(source, plain)
    else:
        plain.write_bytes(source.read_bytes())
    dynamic = partial(quantise_dynamic, plain)
    dynamic(target / "INT8 dynamic.onnx", reduce_range=False)
    dynamic(target / "INT7 dynamic.onnx", reduce_range=True)
    if not has_attention(source):
        batches = calibration_batches(data, prepare, folder.recipe)
        for bits, kind in (
            (8, Activations.UNSIGNED),
            (7, Activations.UNSIGNED),
            (8, Activations.SIGNED),
        ):
            file = target / f"INT{bits} static, {kind.value}.onnx"
            quantise_static(source, file, batches, reduce_range=bits < 8, activations=kind)
    return target
