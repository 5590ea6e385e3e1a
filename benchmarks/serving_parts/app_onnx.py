"""The same FastAPI server with the ONNX file in ONNX Runtime instead of the PyTorch network."""

import os
from pathlib import Path
from typing import Annotated

import numpy as np
from fastapi import Body, FastAPI, Response

from slipway.folder import open_model  # before ONNX Runtime: slipway turns its telemetry off

OCTETS = "application/octet-stream"


def create_app() -> FastAPI:
    """Settings come in the environment: MODEL, MODELS (folder), and ONNX."""
    import onnxruntime

    folder = open_model(os.environ["MODEL"], Path(os.environ["MODELS"]))
    session = onnxruntime.InferenceSession(os.environ["ONNX"], providers=["CPUExecutionProvider"])
    spec = folder.recipe.inputs[0]
    shape = tuple(-1 if isinstance(size, str) else size for size in spec.shape)
    app = FastAPI()

    @app.get("/health")
    def health() -> str:
        return "ok"

    @app.post("/predict")
    def predict(body: Annotated[bytes, Body(media_type=OCTETS)]) -> Response:
        image = np.frombuffer(body, np.float32).reshape(-1, *shape)
        (scores,) = session.run(None, {spec.name: image})
        return Response(scores.tobytes(), media_type=OCTETS)

    return app
