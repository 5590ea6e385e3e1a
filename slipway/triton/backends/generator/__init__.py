"""The Triton backend `generator`: text that follows a prompt, token by token, many at once.

It serves the folders that `slipway.build.decoder` writes, with the tensors and sampling parameters
of NVIDIA's vLLM backend, so that a client of one is a client of the other. The version's folder
holds `model.onnx`, `decoder.json` and `tokenizer.json`.

Triton runs `model.py` and puts this folder on its module search path. The other modules know
nothing of Triton and nothing of each other: `model.py` joins them.

    request     what a client asks for, validated
    prompt      text to tokens, in which special tokens are nothing but text
    scheduler   requests to rows of the cache, which they join and leave between two tokens
    decoder     the ONNX graph and its cache
    sampling    logits to a token
    text        tokens to text, whole characters, cut at stop strings
    answer      what a client is sent

Some things are Triton's nature (2.51). The HTTP endpoint `generate` takes one response only, so
that a request with `stream` must go to `generate_stream` or gRPC. Lists are not taken among the
`parameters` of both endpoints, so that several stop strings are sent as JSON in a string. What a
client does not read is kept for it, so that a slow reader holds nobody up and is not noticed; one
that closes its connection is. A model that is unloaded takes no more requests, and ends once those
under way have: streams are cut only when the server is stopped and its exit timeout is over.
"""
