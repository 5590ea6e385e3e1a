"""The systems that `benchmarks/serving.py` compares, and the clients that load them."""
