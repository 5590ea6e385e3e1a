"""Slipway: from a trained PyTorch model to a fleet that serves it with NVIDIA Triton."""

import os

from slipway import contract

# The one place. ONNX Runtime reads its switch when it is imported, and nothing in this project can
# import ONNX Runtime without importing `slipway` first.
os.environ.update(contract.TELEMETRY_OFF)

__version__ = contract.SLIPWAY_VERSION
