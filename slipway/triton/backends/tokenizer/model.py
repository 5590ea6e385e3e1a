"""The `tokenizer` backend: Triton's interface, and nothing else."""

import json
import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import tokenizers
import triton_python_backend_utils as pb_utils

if TYPE_CHECKING:
    from slipway.triton.backends.tokenizer import encoding
else:  # Triton knows this folder, not the package it was copied from
    import encoding

TOKENIZER_FILE = "tokenizer.json"


class TritonPythonModel:
    """One instance: a tokenizer of its own."""

    def initialize(self, args: Mapping[str, str]) -> None:
        """Load tokenizer.json. Whatever is raised here keeps the model from turning READY."""
        config = json.loads(args["model_config"])
        path = os.path.join(pb_utils.get_model_dir(), TOKENIZER_FILE)  # noqa: PTH118 - as Triton gives it
        self.encoder = encoding.Encoder.of(tokenizers.Tokenizer.from_file(path), config)
        parameters = {n: p["string_value"] for n, p in config["parameters"].items()}
        self.text, self.ids, self.mask = (parameters[name] for name in ("text", "ids", "mask"))

    def execute(self, requests: Sequence[Any]) -> list[Any]:
        """One response for each request, in the same order."""
        texts = [
            pb_utils.get_input_tensor_by_name(request, self.text).as_numpy() for request in requests
        ]
        try:
            return [self._response(*answer) for answer in self.encoder(texts)]
        except encoding.BadText:
            return [self._alone(text) for text in texts]

    def _alone(self, text: Any) -> Any:
        """One bad text must not spoil the other requests."""
        try:
            return self._response(*self.encoder([text])[0])
        except encoding.BadText as error:
            code = pb_utils.TritonError.INVALID_ARG
            return pb_utils.InferenceResponse(error=pb_utils.TritonError(str(error), code))

    def _response(self, ids: Any, mask: Any) -> Any:
        return pb_utils.InferenceResponse(
            [pb_utils.Tensor(self.ids, ids), pb_utils.Tensor(self.mask, mask)]
        )
