"""The `tokenizer` backend: the step of an ensemble that makes token ids of the text clients send.

Triton runs `model.py`; `encoding` knows nothing of Triton.
"""
