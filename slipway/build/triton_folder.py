"""A Triton model folder: configuration, labels, and one version with its files."""

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from tritonclient.grpc.model_config_pb2 import ModelConfig

from slipway import contract
from slipway.build.triton_config import label_file, write_config
from slipway.tensors import TensorSpec

ENSEMBLE_NOTE = "ensemble.txt"


def write_model(
    model: Path, config: ModelConfig, files: Mapping[str, Path], outputs: Sequence[TensorSpec] = ()
) -> None:
    """Lay out `model`; `files` go into its version by their names. An ensemble has none.

    The labels of `outputs` go beside the configuration.
    """
    version = model / contract.PACKAGED_VERSION
    version.mkdir(parents=True)
    for name, source in files.items():
        shutil.copyfile(source, version / name)
    if not files:
        # Triton wants the folder, and a manifest lists files alone.
        (version / ENSEMBLE_NOTE).write_text("An ensemble has no files of its own.\n")
    write_config(config, model / contract.CONFIG_FILE)
    for spec in outputs:
        if spec.labels:
            (model / label_file(spec)).write_text("".join(f"{label}\n" for label in spec.labels))
