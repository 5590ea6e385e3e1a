"""Slipway: from a trained PyTorch model to a fleet that serves it with NVIDIA Triton."""

import os
import sys

from slipway import contract

# The one place. ONNX Runtime reads its switch when it is imported, and nothing in this project can
# import ONNX Runtime without importing `slipway` first.
os.environ.update(contract.TELEMETRY_OFF)
# OpenVINO reports that it was imported. Python's way to say that a package is not to be had is None
# in its place, and OpenVINO does without this one.
sys.modules.update(dict.fromkeys(contract.TELEMETRY_PACKAGES))  # type: ignore[arg-type]  # see above

__version__ = contract.SLIPWAY_VERSION
