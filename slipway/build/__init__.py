"""From a recipe to a packaged model. PyTorch and ONNX live here and nowhere else in the kit."""
