"""Stands in for NVIDIA's `onnxruntime` backend on machines without it: same name, same settings.

Triton runs `model.py`, one process per model instance, and puts this folder on its module search
path; `settings` and `datatypes` know nothing of Triton. The modules of `shared` lie beside them
there.
"""
