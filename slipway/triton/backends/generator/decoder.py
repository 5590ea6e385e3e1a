"""The ONNX graph of a decoder, and the cache of all requests that are decoded at once."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

MODEL_FILE = "model.onnx"
DECODER_FILE = "decoder.json"
FORMAT = 1


class Decoder:
    """A graph as `slipway.build.decoder.graph` describes it, with a cache of `rows` rows.

    `ort` is the module onnxruntime, handed in so that settings can be read without it.
    """

    def __init__(self, folder: str, ort: Any, *, rows: int, context: int, threads: int) -> None:
        said = json.loads(Path(folder, DECODER_FILE).read_text())
        if said["format"] != FORMAT:
            raise ValueError(f"{DECODER_FILE} has format {said['format']}; {FORMAT} is known here")
        if context > said["context"]:
            raise ValueError(f"parameter context is {context}; the decoder takes {said['context']}")
        self.rows = rows
        self.context: int = context or said["context"]
        self.ends = frozenset(said["eos"])
        self._past, self._present = said["past"], said["present"]
        self._outputs = ["logits", *self._present]
        self._shared, self._positions = said["shared_cache"], said["positions"]
        shape = (rows, said["kv_heads"], self.context, said["head_size"])
        self._cache = [np.zeros(shape, np.float32) for _ in self._past]
        options = ort.SessionOptions()
        options.intra_op_num_threads = threads
        # Between two tokens nothing is computed, and other models may need the core.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session = ort.InferenceSession(
            str(Path(folder, MODEL_FILE)), options, providers=["CPUExecutionProvider"]
        )

    def extend(self, ids: Sequence[Sequence[int]], before: Sequence[int], first: int) -> Array:
        """Add tokens to the rows from `first` on; the logits behind the last, (rows, vocabulary).

        `ids` holds the new tokens of each row, as many in each; `before` says how many tokens the
        row has already.
        """
        new, had = np.array(ids, np.int64), np.array(before, np.int64)
        cache = [layer[first : first + len(new)] for layer in self._cache]
        extend = self._extend_in_place if self._shared else self._extend_behind
        logits: Array = extend(cache, new, had)[:, -1]
        return logits

    def move(self, source: int, target: int, tokens: int) -> None:
        """Copy the first tokens of one row to another."""
        for layer in self._cache:
            layer[target, :, :tokens] = layer[source, :, :tokens]

    def _extend_in_place(self, cache: Sequence[Array], new: Array, had: Array) -> Array:
        total = had + new.shape[1]
        feeds = {
            "input_ids": new,
            "attention_mask": (np.arange(total.max()) < total[:, None]).astype(np.int64),
            **self._position_ids(had, new.shape[1]),
        }
        binding = self._session.io_binding()
        for name, array in feeds.items():
            binding.bind_cpu_input(name, array)
        for past, present, layer in zip(self._past, self._present, cache, strict=True):
            where = ("cpu", 0, np.float32, layer.shape, layer.ctypes.data)
            binding.bind_input(past, *where)
            binding.bind_output(present, *where)
        binding.bind_output("logits", "cpu")
        self._session.run_with_iobinding(binding)
        logits: Array = binding.get_outputs()[-1].numpy()
        return logits

    def _extend_behind(self, cache: Sequence[Array], new: Array, had: Array) -> Array:
        tokens, past = new.shape[1], int(had.max())
        feeds = {
            "input_ids": new,
            "attention_mask": (np.arange(past + tokens) >= past - had[:, None]).astype(np.int64),
            **self._position_ids(had, tokens),
        }
        for name, layer in zip(self._past, cache, strict=True):
            # Aligned at the end, as transformers pads: attention may look back a fixed distance.
            feeds[name] = np.zeros((*layer.shape[:2], past, layer.shape[3]), np.float32)
            for row, count in enumerate(had):
                feeds[name][row, :, past - count :] = layer[row, :, :count]
        logits, *present = self._session.run(self._outputs, feeds)
        for layer, grown in zip(cache, present, strict=True):
            for row, count in enumerate(had):
                layer[row, :, count : count + tokens] = grown[row, :, past:]
        result: Array = logits
        return result

    def _position_ids(self, had: Array, tokens: int) -> dict[str, Array]:
        return {"position_ids": had[:, None] + np.arange(tokens)} if self._positions else {}
