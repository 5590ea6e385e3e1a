"""What decides the result of each step, beside what the steps before it gave."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from slipway.build.step import hashes, versions

KIT = Path(__file__).parent.parent
_LEARNING = (
    *("build/train.py", "build/network.py", "build/text.py", "build/minilm.py"),
    *("build/padding.py", "build/checkpoint.py", "formats.py", "duplicates.py"),
)
CODE: Mapping[str, Sequence[str]] = {
    "train": _LEARNING,
    "prune": (*_LEARNING, "build/optimise/prune.py", "build/optimise/cost.py"),
    "distil": (*_LEARNING, "build/optimise/distil.py"),
    "export": ("build/network.py",),
    "optimise": (),
    "variant": (
        *("build/padding.py", "build/text.py", "build/openvino.py"),
        *(
            f"build/optimise/{name}.py"
            for name in (
                *("attention", "calibration", "dynamic", "exclusion", "files", "fp16", "fusion"),
                *("half", "intermediates", "losses", "quantised", "ranges", "signature", "static"),
            )
        ),
    ),
    "judge": (
        *("build/optimise/drop.py", "build/optimise/judgement.py", "build/evaluate.py"),
        *("build/parity.py", "build/padding.py", "build/openvino.py", "tensors.py"),
    ),
    "evaluate": (
        *("build/evaluate.py", "build/parity.py", "build/padding.py"),
        *("exhibits.py", "questions.py", "tensors.py", "metrics/scores.py", "metrics/named.py"),
    ),
    "package": (
        *("build/package.py", "build/triton_config.py", "build/triton_folder.py"),
        *("build/engine.py", "artefact.py", "contract.py", "golden.py", "tensors.py"),
    ),
}
"""Which of our own modules decide what a step gives: a change of them does the step again. Those of
the model's form come to the steps after learning.
"""

_TRAINING = (
    *("torch", "numpy", "tokenizers", "transformers", "safetensors", "scikit-learn", "pillow"),
)
_RUNTIMES = ("onnxruntime", "openvino")
LIBRARIES: Mapping[str, Sequence[str]] = {
    "train": _TRAINING,
    "prune": (*_TRAINING, "torch-pruning"),
    "distil": _TRAINING,
    "export": ("torch", "onnx", "onnxscript", "onnxruntime-genai", "transformers"),
    "optimise": ("onnxruntime", "onnx"),
    "variant": ("onnxruntime", "onnx", "onnxscript", "numpy"),
    "judge": (*_RUNTIMES, "numpy"),
    "evaluate": (*_RUNTIMES, "torch", "numpy", "scikit-learn"),
    "package": ("tritonclient", "protobuf"),
}
LEARNT = frozenset({"train", "prune", "distil"})


def ingredients(step: str, of_form: Sequence[str] = (), **more: Any) -> Mapping[str, Any]:
    """As JSON values. `of_form` are modules of the model's form, below the kit."""
    files = (*CODE[step], *(() if step in LEARNT else of_form))
    return {
        "code": hashes(KIT / path for path in files),
        "libraries": versions(*LIBRARIES[step]),
        **more,
    }
