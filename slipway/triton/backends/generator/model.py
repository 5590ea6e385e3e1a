"""The `generator` backend: Triton's interface, and nothing else."""

import json
import os
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import onnxruntime as ort
import triton_python_backend_utils as pb_utils
from tokenizers import Tokenizer

if TYPE_CHECKING:
    from slipway.triton.backends.generator import (
        answer,
        decoder,
        prompt,
        request,
        sampling,
        scheduler,
        settings,
        text,
    )
else:  # Triton knows this folder, not the package it was copied from
    import answer
    import decoder
    import prompt
    import request
    import sampling
    import scheduler
    import settings
    import text

TOKENIZER_FILE = "tokenizer.json"
UNLOADING = 5.0
"""Seconds that the step under way may take when the model is unloaded."""
REPORT_EVERY = 0.25
"""Seconds between two looks at the metrics: each costs a message to the server."""

INPUTS = {
    request.TEXT: "TYPE_STRING",
    request.STREAM: "TYPE_BOOL",
    request.SAMPLING: "TYPE_STRING",
    request.EXCLUDE: "TYPE_BOOL",
    request.FINISH_REASON: "TYPE_BOOL",
    request.INPUT_TOKENS: "TYPE_BOOL",
    request.OUTPUT_TOKENS: "TYPE_BOOL",
}
OUTPUTS = {
    "text_output": "TYPE_STRING",
    "finish_reason": "TYPE_STRING",
    "num_input_tokens": "TYPE_UINT32",
    "num_output_tokens": "TYPE_UINT32",
}


def require_old_numpy(version: str) -> None:
    """Triton's Python process embeds a pybind11 older than 2.12.

    With numpy 2 `as_numpy()` gives wrong values and `Tensor()` sends no bytes at all, without any
    error.
    """
    if int(version.split(".", maxsplit=1)[0]) >= 2:
        raise RuntimeError(
            f"numpy {version} gives wrong values in Triton's Python process; below 2 is needed"
        )


require_old_numpy(np.__version__)


def check_config(config: Mapping[str, Any]) -> None:
    """Refuse a configuration that this backend cannot serve."""
    if config.get("max_batch_size"):
        raise ValueError("max_batch_size must be 0: rows are joined here, between two tokens")
    if not (config.get("model_transaction_policy") or {}).get("decoupled"):
        raise ValueError("model_transaction_policy must be decoupled: an answer has many responses")
    for kind, known in (("input", INPUTS), ("output", OUTPUTS)):
        given = {each["name"]: each["data_type"] for each in config[kind]}
        for name, datatype in given.items():
            if known.get(name) != datatype:
                raise ValueError(f"{kind} '{name}' of {datatype} is not one of {known}")
    if request.TEXT not in {each["name"] for each in config["input"]}:
        raise ValueError(f"input '{request.TEXT}' is missing")


class TritonPythonModel:
    """One instance of a model: a process with a decoder, its cache and a thread of its own."""

    def initialize(self, args: Mapping[str, str]) -> None:
        """Load the decoder. Whatever is raised here keeps the model from turning READY."""
        config = json.loads(args["model_config"])
        folder = pb_utils.get_model_dir()
        try:
            check_config(config)
            chosen = settings.Settings.of(config)
            self.decoder = decoder.Decoder(
                folder, ort, rows=chosen.rows, context=chosen.context, threads=chosen.threads
            )
            path = os.path.join(folder, TOKENIZER_FILE)  # noqa: PTH118
            self.prompts = prompt.Prompts(Tokenizer.from_file(path))
        except Exception as error:  # noqa: BLE001  ONNX Runtime's derive from Exception alone
            raise pb_utils.TritonModelException(scheduler.first_line(error)) from None
        self.settings = chosen
        self.scheduler = scheduler.Scheduler(
            self.decoder,
            queue=chosen.queue,
            patience=chosen.idle_timeout_s,
            observe=Meter(args["model_name"], args["model_version"]).observe,
            log=pb_utils.Logger.log_error,
        )

    def execute(self, requests: Sequence[Any]) -> None:
        """Take requests; they are answered from the thread that decodes."""
        for each in requests:
            sender = each.get_response_sender()
            try:
                self.scheduler.submit(self._job(each, sender))
            except (request.BadRequest, prompt.Forbidden) as error:
                fail(sender, "INVALID_ARG", str(error))
            except scheduler.Refused as error:
                fail(sender, "UNAVAILABLE", str(error))
            except Exception as error:  # noqa: BLE001  the others of this call must be answered
                pb_utils.Logger.log_error(f"a request could not be read: {error!r}")
                fail(sender, "INTERNAL", scheduler.first_line(error))

    def finalize(self) -> None:
        """End the thread. Triton lets what is under way finish first; the rest hears of it."""
        self.scheduler.close(UNLOADING)

    def _job(self, each: Any, sender: Any) -> Any:
        tensors = {tensor.name(): tensor.as_numpy() for tensor in each.inputs()}
        asked = request.Request.of(tensors, each.parameters())
        tokens = self.prompts.encode(asked.text)
        room = self.decoder.context - len(tokens)
        if not tokens or room < 1:
            raise request.BadRequest(
                f"{request.TEXT} has {len(tokens)} tokens; from 1 to {self.decoder.context - 1} "
                "leave room for an answer"
            )
        writer = text.Writer(self.prompts.decode, tokens, asked.stop)
        return scheduler.Job(
            prompt=tokens,
            limit=min(asked.max_tokens or self.settings.max_tokens, room),
            ends=frozenset() if asked.ignore_eos else self.decoder.ends,
            pick=sampling.Sampler(asked.temperature, asked.top_k, asked.top_p, asked.seed),
            reply=Reply(sender, answer.Answer(asked, len(tokens), writer)),
        )


class Reply:
    """The way back to a client through Triton."""

    def __init__(self, sender: Any, parts: Any) -> None:
        self._sender, self._parts = sender, parts

    def take(self, token: int, ended: str | None) -> bool:
        outputs = self._parts.take(token, ended)
        finished = bool(self._parts.finished)
        if outputs is not None:
            tensors = [pb_utils.Tensor(name, array) for name, array in outputs.items()]
            flags = pb_utils.TRITONSERVER_RESPONSE_COMPLETE_FINAL if finished else 0
            self._sender.send(pb_utils.InferenceResponse(tensors), flags)
        return finished

    def fail(self, kind: str, message: str) -> None:
        fail(self._sender, kind, message)

    def cancelled(self) -> bool:
        return bool(self._sender.is_cancelled())


def fail(sender: Any, kind: str, message: str) -> None:
    """End a request with an error of one of Triton's kinds."""
    error = pb_utils.TritonError(message, getattr(pb_utils.TritonError, kind))
    sender.send(
        pb_utils.InferenceResponse(error=error), pb_utils.TRITONSERVER_RESPONSE_COMPLETE_FINAL
    )


class Meter:
    """Two metrics of Triton's Prometheus endpoint: tokens made, and rows in use."""

    def __init__(self, model: str, version: str) -> None:
        labels = {"model": model, "version": version}
        family = pb_utils.MetricFamily
        # A family ends with its object, and the metrics with it.
        self._families = (
            family("generator_tokens_total", "Tokens generated", family.COUNTER),
            family("generator_rows_in_use", "Requests being decoded", family.GAUGE),
        )
        self._tokens, self._rows = (each.Metric(labels=labels) for each in self._families)
        self._made, self._reported, self._busy = 0, 0.0, False

    def observe(self, tokens: int, rows: int) -> None:
        """Note a step; tell Triton when decoding begins and ends, and now and then between."""
        self._made += tokens
        now, busy = time.monotonic(), rows > 0
        if busy and self._busy and now - self._reported < REPORT_EVERY:
            return
        self._reported, self._busy = now, busy
        self._tokens.increment(self._made)
        self._rows.set(rows)
        self._made = 0
