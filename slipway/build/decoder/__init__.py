"""A causal language model of transformers as an ONNX file with a key-value cache.

`export.export_decoder` writes it, by `builder` where that proves right and else by `fallback`;
`parity` is what proves it. The folder it fills is read by the backend `generator` of
`slipway.triton.backends`, which shares no code with this one: `graph` says the format.
"""
