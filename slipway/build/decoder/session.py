"""A decoder's ONNX file run in this process: for its evaluation and its proof."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import onnxruntime as ort

from slipway.build.decoder.graph import (
    ATTENTION_MASK,
    INPUT_IDS,
    LOGITS,
    MODEL_FILE,
    POSITION_IDS,
    DecoderGraph,
)
from slipway.errors import ExportError
from slipway.tensors import Array

FATAL = 4
"""ONNX Runtime's level of what it prints itself; its errors are raised as well."""

Cache = list[Array]
"""Keys and values of every layer, each (rows, kv_heads, context, head_size) FP32."""


class DecoderModel:
    """An exported decoder, loaded from its folder."""

    def __init__(self, folder: Path) -> None:
        self.graph = DecoderGraph.load(folder)
        options = ort.SessionOptions()
        options.log_severity_level = FATAL
        with _translated():
            self._session = ort.InferenceSession(
                folder / MODEL_FILE, options, providers=["CPUExecutionProvider"]
            )
        self._outputs = [LOGITS, *self.graph.present]

    def logits(self, ids: Array) -> Array:
        """All of a text at once, without a cache: ids (rows, tokens) to (rows, tokens, vocabulary).

        Rows of different lengths are padded at the end; what is padded has logits too.
        """
        ids = np.ascontiguousarray(ids, np.int64)
        rows, tokens = ids.shape
        feeds = {
            INPUT_IDS: ids,
            ATTENTION_MASK: np.ones((rows, tokens), np.int64),
            **self._positions(np.zeros(rows, np.int64), tokens),
            **dict.fromkeys(self.graph.past, self._empty(rows, 0)),
        }
        with _translated():
            logits: Array = self._session.run([LOGITS], feeds)[0]
        return logits

    def new_cache(self, rows: int) -> Cache:
        """An empty cache for rows as long as the model's context."""
        return [self._empty(rows, self.graph.context) for _ in self.graph.past]

    def extend(self, cache: Cache, ids: Array, before: Sequence[int], first: int = 0) -> Array:
        """Add tokens to rows of a cache, from row `first` on; the logits behind each token.

        `ids` (rows, tokens) are the new ones, `before` says how many tokens each row has already.
        Gives (rows, tokens, vocabulary).
        """
        ids = np.ascontiguousarray(ids, np.int64)
        had = np.asarray(before, np.int64)
        part = [layer[first : first + len(ids)] for layer in cache]
        extend = self._extend_in_place if self.graph.shared_cache else self._extend_behind
        with _translated():
            return extend(part, ids, had)

    def _extend_in_place(self, cache: Cache, ids: Array, had: Array) -> Array:
        total = had + ids.shape[1]
        binding = self._session.io_binding()
        binding.bind_cpu_input(INPUT_IDS, ids)
        mask = np.arange(total.max()) < total[:, None]
        binding.bind_cpu_input(ATTENTION_MASK, mask.astype(np.int64))
        for name, array in self._positions(had, ids.shape[1]).items():
            binding.bind_cpu_input(name, array)
        for past, present, layer in zip(self.graph.past, self.graph.present, cache, strict=True):
            where = ("cpu", 0, np.float32, layer.shape, layer.ctypes.data)
            binding.bind_input(past, *where)
            binding.bind_output(present, *where)
        binding.bind_output(LOGITS, "cpu")
        self._session.run_with_iobinding(binding)
        logits: Array = binding.get_outputs()[-1].numpy()
        return logits

    def _extend_behind(self, cache: Cache, ids: Array, had: Array) -> Array:
        tokens, past = ids.shape[1], int(had.max())
        held = np.arange(past + tokens) >= past - had[:, None]
        feeds = {
            INPUT_IDS: ids,
            ATTENTION_MASK: held.astype(np.int64),
            **self._positions(had, tokens),
        }
        for name, layer in zip(self.graph.past, cache, strict=True):
            feeds[name] = self._empty(len(ids), past)
            for row, count in enumerate(had):
                feeds[name][row, :, past - count :] = layer[row, :, :count]
        logits, *present = self._session.run(self._outputs, feeds)
        for layer, grown in zip(cache, present, strict=True):
            for row, count in enumerate(had):
                layer[row, :, count : count + tokens] = grown[row, :, past:]
        result: Array = logits
        return result

    def _positions(self, had: Array, tokens: int) -> dict[str, Array]:
        if not self.graph.positions:
            return {}
        return {POSITION_IDS: had[:, None] + np.arange(tokens)}

    def _empty(self, rows: int, tokens: int) -> Array:
        shape = (rows, self.graph.kv_heads, tokens, self.graph.head_size)
        return np.zeros(shape, np.float32)


@contextmanager
def _translated() -> Iterator[None]:
    """A graph that cannot be loaded or run is no decoder."""
    try:
        yield
    except Exception as error:  # ONNX Runtime's kinds derive from Exception alone
        if not type(error).__module__.startswith("onnxruntime"):
            raise
        raise ExportError(
            "The decoder cannot be run", why=str(error).strip().splitlines()[0]
        ) from error
