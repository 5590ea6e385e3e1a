"""What an engineer writes who serves a PyTorch network with FastAPI, and writes it well.

The endpoint is a plain function, so FastAPI runs it in its thread pool and the event loop stays
free; PyTorch releases the interpreter lock inside its operators. Images come and go as raw float32:
JSON would cost this server more than the model does.
"""

import os
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
from fastapi import Body, FastAPI, Response

from slipway.build.network import load_network
from slipway.folder import open_model

OCTETS = "application/octet-stream"


def create_app() -> FastAPI:
    """Settings come in the environment: MODEL, MODELS (folder), WEIGHTS, and TORCH_THREADS."""
    torch.set_num_threads(int(os.environ["TORCH_THREADS"]))
    folder = open_model(os.environ["MODEL"], Path(os.environ["MODELS"]))
    network = load_network(folder, Path(os.environ["WEIGHTS"])).eval()
    shape = tuple(-1 if isinstance(size, str) else size for size in folder.recipe.inputs[0].shape)
    app = FastAPI()

    @app.get("/health")
    def health() -> str:
        return "ok"

    @app.post("/predict")
    def predict(body: Annotated[bytes, Body(media_type=OCTETS)]) -> Response:
        image = torch.frombuffer(bytearray(body), dtype=torch.float32).reshape(-1, *shape)
        with torch.inference_mode():
            scores = network(image)
        return Response(np.ascontiguousarray(scores.numpy()).tobytes(), media_type=OCTETS)

    return app
