"""A decoder's graph by onnxruntime-genai's model builder.

Its attention is ONNX Runtime's own operator with past and present in one buffer, several times as
fast as what PyTorch exports. It knows a list of architectures, and is silently wrong for some of
them (OLMo, Nemotron and Phi in 0.18): nothing it writes is used before `parity` has proved it.
"""

import importlib.util
import io
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import redirect_stderr
from pathlib import Path

from tokenizers import Tokenizer, models
from transformers import PreTrainedModel

from slipway import contract
from slipway.build.decoder.graph import MODEL_FILE, DecoderGraph, describe, save_as_one_file
from slipway.errors import BuildError, ExportError

NAME = "onnxruntime-genai's model builder"
PACKAGE = "onnxruntime_genai"
OFFLINE = {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1"}


def write(
    model: PreTrainedModel, folder: Path, *, context: int, eos: Sequence[int]
) -> DecoderGraph:
    """Fill `folder` with the graph of a model, FP32.

    Raises `ExportError` where the builder does not take its architecture, with the builder's last
    words, and `BuildError` where it is not installed.
    """
    if importlib.util.find_spec(PACKAGE) is None:
        # No reason to fall back: what is built would depend on what is installed.
        raise BuildError(
            f"{NAME} is missing", why="onnxruntime-genai is not installed", mend="Run make setup."
        )
    with tempfile.TemporaryDirectory(prefix=".builder-", dir=folder.parent) as scratch:
        checkpoint, made = Path(scratch, "checkpoint"), Path(scratch, "made")
        with redirect_stderr(io.StringIO()):  # where it draws a bar of its own
            model.save_pretrained(checkpoint)
        _add_tokenizer(checkpoint)
        _run(checkpoint, made, Path(scratch, "cache"), type(model).__name__)
        save_as_one_file(made / MODEL_FILE)
        for path in made.glob(f"{MODEL_FILE}*"):
            path.rename(folder / path.name)
        settings = json.loads((made / "genai_config.json").read_text())
    head_size = settings["model"]["decoder"]["head_size"]
    return describe(
        folder / MODEL_FILE, context=context, eos=eos, shared_cache=True, head_size=head_size
    )


def _add_tokenizer(checkpoint: Path) -> None:
    """The builder looks into a tokenizer for tokens of tools, and ends where there is none."""
    tokenizer = Tokenizer(models.WordLevel({"": 0}, unk_token=""))
    tokenizer.save(str(checkpoint / "tokenizer.json"))
    settings = {"tokenizer_class": "PreTrainedTokenizerFast"}
    (checkpoint / "tokenizer_config.json").write_text(json.dumps(settings))


def _run(checkpoint: Path, made: Path, cache: Path, architecture: str) -> None:
    """In a process of its own: it changes the module search path, and prints."""
    command = [
        sys.executable,
        "-m",
        f"{PACKAGE}.models.builder",
        "-i",
        str(checkpoint),
        "-o",
        str(made),
    ]
    command += ["-p", "fp32", "-e", "cpu", "-c", str(cache), "--extra_options", "hf_token=false"]
    done = subprocess.run(
        command,
        env={**os.environ, **contract.TELEMETRY_OFF, **OFFLINE},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode or not (made / MODEL_FILE).is_file():
        words = done.stderr.strip().splitlines()
        raise ExportError(
            f"{NAME} does not take {architecture}",
            why=words[-1].replace(str(checkpoint), architecture)
            if words
            else f"it ended with {done.returncode} and said nothing",
        )
