"""One model on the GPU of this machine, in every way that is there to run it."""

import tempfile
import threading
from collections.abc import Mapping
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import onnxruntime as ort
import torch

from slipway import terminal
from slipway.artefact import read_artefact
from slipway.build.line import build
from slipway.build.network import predict
from slipway.build.optimise.catalogue import BASELINE
from slipway.build.optimise.study import Wanted, demands_of, study
from slipway.build.optimise.timing import interleaved
from slipway.build.optimise.workshop import StepsWorkshop
from slipway.build.session import EXACT, OnnxModel
from slipway.build.step import Workspace
from slipway.build.steps import Steps
from slipway.dataset import Sources
from slipway.engines import EngineSpec
from slipway.errors import NodeError
from slipway.folder import ModelFolder
from slipway.hardware import this_machine
from slipway.node.engines.builder import Builder, BuildRequest
from slipway.node.engines.inspection import inspect
from slipway.node.engines.trtexec import Trtexec
from slipway.progress import Progress
from slipway.tensors import max_difference, measurable
from slipway.variants import Timing

ROUNDED: Mapping[str, str] = {"use_tf32": "1"}
"""The default of ONNX Runtime's CUDA provider, and so of Triton's backend."""


def software() -> dict[str, str]:
    """What runs the models, by what it says of itself."""
    return {
        "onnxruntime": ort.__version__,
        "torch": torch.__version__,
        "cuda of torch": torch.version.cuda or "none",
    }


def compare(folder: ModelFolder, workspace: Path, names: tuple[str, ...]) -> dict[str, Any]:
    """As JSON. Raises `SlipwayError` where the model cannot be built or run."""
    with terminal.progress_bar(folder.name) as progress:
        steps = Steps(folder, Sources(), Workspace(workspace, folder.name), progress)
        wanted = Wanted(names)
        machine = this_machine(gpu=steps.form.on_gpu())
        shop = StepsWorkshop(steps, machine)
        demands = demands_of(folder.recipe, wanted)
        compared = study(shop, demands, wanted, str(machine), progress=progress)
        return {
            "study": compared.to_json(),
            "tf32": _rounding(steps, shop) if steps.form.on_gpu() else None,
            "tensorrt": _engines(folder, workspace, wanted, progress),
        }


def _rounding(steps: Steps, shop: StepsWorkshop) -> dict[str, Any]:
    """What TF32 gains in an FP32 file, and how far its answers lie from PyTorch's in FP32."""
    learning, recipe = steps.learning, steps.folder.recipe
    inputs = learning.prepare(learning.data.holdout.inputs)
    file = steps.form.model(shop.candidate(BASELINE.name).optimised.folder)
    exact, rounded = OnnxModel(file, EXACT), OnnxModel(file, ROUNDED)
    batches = steps.form.workload(inputs)
    timings = []
    for size, batch in batches.items():
        seconds = interleaved({"exact": partial(exact, batch), "tf32": partial(rounded, batch)})
        timings.append(Timing(size, seconds["tf32"], seconds["exact"]))
    largest = batches[max(batches)]
    network = learning.load(shop.candidate(BASELINE.name).learnt)
    reference = measurable(predict(network, largest, recipe))
    return {
        "timings": [asdict(timing) for timing in timings],
        "parity": recipe.parity,
        "difference": {
            "exact": max_difference(reference, exact(largest)),
            "tf32": max_difference(reference, rounded(largest)),
        },
    }


def _engines(
    folder: ModelFolder, workspace: Path, wanted: Wanted, progress: Progress
) -> dict[str, Any]:
    """The engines that the package offers, built here; or why there are none."""
    trtexec = Trtexec.find()
    try:
        version = str(trtexec.version())
    except NodeError as error:
        return {"missing": str(error)}
    *_, packaged = build(folder, workspace, progress, wanted=wanted)
    package = packaged.step.folder
    specs = read_artefact(package).engines
    return {"version": version, "engines": [built(trtexec, package, spec) for spec in specs]}


def built(builder: Builder, package: Path, spec: EngineSpec) -> dict[str, Any]:
    """One engine as it was built, run and inspected; or why it is refused."""
    onnx = package / spec.source
    with tempfile.TemporaryDirectory() as scratch:
        target = Path(scratch)
        request = BuildRequest(onnx, spec, target, target / "timing.cache")
        try:
            engine = builder.build(request, threading.Event())
            size = engine.plan.stat().st_size
            layers = inspect(engine.layers, spec, size, onnx.stat().st_size)
        except NodeError as error:
            return {"precision": spec.precision, "failed": str(error)}
    batch = next(iter(spec.profiles[-1].optimum.values()))[0]
    return {
        "precision": spec.precision,
        "build_s": engine.seconds,
        "bytes": size,
        "milliseconds": engine.milliseconds,
        "batch": batch,
        "layers": layers,
    }
