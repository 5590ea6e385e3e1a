"""Weights that a user brings: a file, a folder as Hugging Face lays it out, or an id there."""

import re
from pathlib import Path
from typing import Any

import torch
from torch import nn

from slipway.errors import DataError, first_line
from slipway.files import sha256_of

HUB_ID = re.compile(r"[\w.-]+/[\w.-]+(@[\w.-]+)?")
WANTED = ("*.json", "*.safetensors", "*.txt", "*.model")
"""Of a repository on the hub: neither code nor pickles."""


def resolve(said: str, sha256: str = "") -> Path:
    """The file or folder that `--checkpoint` means; an id (org/name[@revision]) is fetched.

    With `sha256`, that of the file or of the folder's only .safetensors, anything else is refused.
    """
    path = Path(said)
    if not path.exists():
        if not HUB_ID.fullmatch(said):
            raise DataError(
                f"There is no checkpoint {said}",
                why="it is neither a file, nor a folder, nor a Hugging Face id (org/name)",
            )
        path = _fetch(said)
    if sha256:
        _require_hash(path, sha256)
    return path.resolve()


def _fetch(hub_id: str) -> Path:
    from huggingface_hub import snapshot_download  # noqa: PLC0415 - only where it is asked for

    name, _, revision = hub_id.partition("@")
    try:
        return Path(snapshot_download(name, revision=revision or None, allow_patterns=list(WANTED)))
    except Exception as error:  # of the hub's own kinds, and of whatever carries its requests
        raise DataError(
            f"The checkpoint {hub_id} cannot be fetched",
            why=first_line(error),
            mend="Check the id and the network, or give a folder that holds it.",
        ) from error


def _require_hash(path: Path, sha256: str) -> None:
    file = path
    if path.is_dir():
        files = sorted(path.glob("*.safetensors"))
        if len(files) != 1:
            raise DataError(
                f"The hash of {path} cannot be checked",
                why=f"it holds {len(files)} files of weights and the hash is of one",
            )
        file = files[0]
    found = sha256_of(file)
    if found != sha256.lower():
        raise DataError(
            f"{file} is not the checkpoint that was asked for",
            why=f"its sha256 is {found}",
            mend="Fetch it again, or give the hash of the one you mean.",
        )


def load_state(network: nn.Module, file: Path) -> None:
    """Take the weights of a file (.pt or .safetensors); every tensor must fit."""
    state = _read(file)
    try:
        network.load_state_dict(state)
    except (RuntimeError, TypeError, AttributeError) as error:
        raise DataError(
            f"The weights in {file} do not fit the network",
            why=" ".join(str(error).split())[:300],
            mend="They are a state dict of network.py's module, name by name.",
        ) from error


def _read(file: Path) -> dict[str, Any]:
    try:
        if file.suffix == ".safetensors":
            from safetensors.torch import load_file  # noqa: PLC0415 - only where it is asked for

            return load_file(file)
        state: dict[str, Any] = torch.load(file, weights_only=True, map_location="cpu")
    except Exception as error:
        # PyTorch's own message tells how to run the code that such a file may hold.
        raise DataError(
            f"The weights in {file} cannot be read",
            why="it is damaged, of another kind, or holds more than plain tensors",
            mend="They are a state dict, saved by torch.save or as .safetensors.",
        ) from error
    return state
