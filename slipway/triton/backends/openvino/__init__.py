"""Stands in for the official `openvino` backend on machines without it: same name, same settings.

Triton runs `model.py`, one process per model instance, and puts this folder on its module search
path; the other modules know nothing of Triton. Those of `shared` lie beside them there.
"""
