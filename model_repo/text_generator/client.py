"""Ask a served text generator over gRPC, and print the text as it comes.

    python client.py "Ebbmouth is a harbour town" --address localhost:8001

Needs `pip install tritonclient[grpc] numpy`. The tensors are those of Triton's vLLM backend, so the
same client streams from a model that vLLM serves.
"""

import argparse
import json
import queue
import sys
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from tritonclient import grpc as triton

EXAMPLE = "Ebbmouth is a harbour town on Larrin Bay, where the coast of"


def ask(
    address: str,
    prompt: str,
    *,
    model: str = "text_generator",
    idle_timeout_s: float = 30.0,
    **sampling: float | str | list[str],
) -> Iterator[str]:
    """The text that follows a prompt, piece by piece.

    `address` is host:port of Triton's gRPC endpoint.
    `sampling` may say max_tokens, temperature, top_k, top_p, seed and stop. Raises
    `InferenceServerException` where the server refuses or fails, and `TimeoutError` where nothing
    comes for `idle_timeout_s` seconds: a stream whose server died says nothing at all.
    """
    inputs = [
        _tensor("text_input", "BYTES", prompt.encode()),
        _tensor("stream", "BOOL", True),
        _tensor("sampling_parameters", "BYTES", json.dumps(sampling).encode()),
        _tensor("exclude_input_in_output", "BOOL", True),
    ]
    answers: queue.Queue[tuple[Any, Any]] = queue.Queue()
    client = triton.InferenceServerClient(address)
    whole = False
    try:
        client.start_stream(lambda result, error: answers.put((result, error)))
        client.async_stream_infer(model, inputs, enable_empty_final_response=True)
        while True:
            try:
                result, error = answers.get(timeout=idle_timeout_s)
            except queue.Empty:
                raise TimeoutError(f"nothing came for {idle_timeout_s:g} seconds") from None
            if error is not None:
                raise error
            pieces = result.as_numpy("text_output")
            if pieces is not None:
                yield from (piece.decode() for piece in pieces.ravel())
            whole = result.get_response().parameters["triton_final_response"].bool_param
            if whole:
                return
    finally:
        # Where the caller stops reading, the server frees the row. One that is through must not be
        # cancelled: Triton 2.51 would count it as under way for ever.
        client.stop_stream(cancel_requests=not whole)
        client.close()


def _tensor(name: str, datatype: str, value: bytes | bool) -> triton.InferInput:
    tensor = triton.InferInput(name, [1], datatype)
    dtype = np.object_ if datatype == "BYTES" else np.bool_
    tensor.set_data_from_numpy(np.array([value], dtype=dtype))
    return tensor


def check(answer: Iterable[str]) -> str:
    """What is wrong with the answer to EXAMPLE; empty where nothing is."""
    text = "".join(answer)
    words = text.split()
    if len(words) < 5:
        return f"only {len(words)} words came: {text!r}"
    if "\N{REPLACEMENT CHARACTER}" in text or "<|" in text:
        return f"the text holds broken characters or special tokens: {text!r}"
    if len(set(words)) < len(words) / 4:
        return f"the text repeats itself: {text!r}"
    return ""


def main() -> None:
    parser = argparse.ArgumentParser(description="Let a served text generator go on with a text.")
    parser.add_argument("prompt", nargs="?", default=EXAMPLE)
    parser.add_argument("--address", default="localhost:8001", help="host:port of Triton's gRPC")
    parser.add_argument("--max-tokens", type=int, default=128)
    parser.add_argument("--temperature", type=float, default=0.7)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    sys.stdout.write(arguments.prompt)
    for piece in ask(
        arguments.address,
        arguments.prompt,
        max_tokens=arguments.max_tokens,
        temperature=arguments.temperature,
        seed=arguments.seed,
    ):
        sys.stdout.write(piece)
        sys.stdout.flush()
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
