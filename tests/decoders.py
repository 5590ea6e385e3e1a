"""Small random decoders with a tokenizer, and the folders that Triton serves them from."""

import atexit
import os
import shutil
import tempfile
from functools import cache
from pathlib import Path
from unittest.mock import patch

import numpy as np
import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from transformers import GPT2Config, GPT2LMHeadModel, LlamaConfig, LlamaForCausalLM

from slipway.build.decoder import builder, fallback
from slipway.build.decoder.export import export_decoder
from slipway.build.decoder.session import DecoderModel
from slipway.build.triton_config import generator_config, write_config
from slipway.recipe import Generation

BEGIN, END = "<|begin|>", "<|end|>"
VOCABULARY = 320
CONTEXT = 2048
TEXT = """A village stands above the river, and the mill below it grinds the rye of three valleys.
Its people weave blue cloth in winter and carry it over the pass in May, when the snow has gone."""


@cache
def tokenizer():
    """Byte-level BPE, as the models of today have it; it puts BEGIN before every text."""
    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=[BEGIN, END],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    made.train_from_iterator([TEXT], trainer)
    made.post_processor = processors.TemplateProcessing(
        single=f"{BEGIN} $A", special_tokens=[(BEGIN, 0)]
    )
    return made


def llama(seed=0, **changes):
    """Weights larger than usual, so that texts differ and do not repeat a single token."""
    torch.manual_seed(seed)
    sizes = {
        "vocab_size": VOCABULARY,
        "hidden_size": 64,
        "intermediate_size": 128,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "max_position_embeddings": CONTEXT,
        "bos_token_id": 0,
        "eos_token_id": 1,
        "initializer_range": 0.3,
    }
    return LlamaForCausalLM(LlamaConfig(**{**sizes, **changes})).eval()


def gpt2():
    torch.manual_seed(0)
    config = GPT2Config(
        vocab_size=VOCABULARY,
        n_positions=128,
        n_embd=32,
        n_layer=2,
        n_head=2,
        initializer_range=0.3,
        bos_token_id=0,
        eos_token_id=1,
    )
    return GPT2LMHeadModel(config).eval()


KINDS = {
    "builder": (llama, CONTEXT, (builder.NAME, builder.write)),
    "fallback": (gpt2, 128, (fallback.NAME, fallback.write)),
}
"""Each by its exporter: the model, its context, and the exporter."""


@cache
def exported(kind):
    """A model of `KINDS`, what its export said, and the folder; once in a process."""
    make, context, exporter = KINDS[kind]
    root = Path(tempfile.mkdtemp(prefix="slipway-decoder-"))
    atexit.register(shutil.rmtree, root, ignore_errors=True)
    model = make()
    with patch.dict(os.environ, HOME=str(root / "home")):  # whatever is left there is found
        result = export_decoder(model, root / "1", context=context, exporters=(exporter,))
    tokenizer().save(str(root / "1/tokenizer.json"))
    return model, result, root / "1"


def likeliest(decoder, prompt, tokens):
    """What follows a prompt, the likeliest token each time, as far as an end token."""
    cache = decoder.new_cache(1)
    new, made = list(prompt), []
    while len(made) < tokens:
        before = len(prompt) + len(made) - len(new)
        token = int(decoder.extend(cache, np.array([new]), [before])[0, -1].argmax())
        if token in decoder.graph.eos:
            break
        made.append(token)
        new = [token]
    return made


def continuation(prompt, tokens):
    """What the small Llama writes behind a prompt, the likeliest token each time."""
    _, _, folder = exported("builder")
    reader = Tokenizer.from_file(str(folder / "tokenizer.json"))
    reader.encode_special_tokens = True
    ids = reader.encode(prompt).ids
    return reader.decode(likeliest(DecoderModel(folder), ids, tokens))


def add_generator(repository, name, **parameters):
    """Write a model folder with the small Llama; its configuration has these parameters."""
    _, _, version = exported("builder")
    folder = Path(repository) / name
    shutil.copytree(version, folder / "1")
    config = generator_config(name, Generation(context=CONTEXT))
    for key, value in parameters.items():
        config.parameters[key].string_value = str(value)
    write_config(config, folder / "config.pbtxt")
