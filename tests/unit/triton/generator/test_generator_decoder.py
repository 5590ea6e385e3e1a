"""The ONNX graphs that serve, in both forms, against transformers."""

import json
import shutil

import onnxruntime as ort
import pytest
import torch

from slipway.triton.backends.generator.decoder import DECODER_FILE, Decoder
from slipway.triton.backends.generator.scheduler import Job, Scheduler
from tests.decoders import exported
from tests.unit.triton.generator.replies import Reply, finished

PROMPTS = [[0, 66, 85], [0, 9], [0, *range(30, 95)], [0, 200], [0, 7, 8, 9], [0] * 20, [0, 300]]


def greedy(model, prompt, tokens):
    ids = torch.tensor([prompt])
    mask = torch.ones_like(ids)
    made = model.generate(
        ids, attention_mask=mask, max_new_tokens=tokens, do_sample=False, pad_token_id=0
    )
    return made[0, len(prompt) :].tolist()


@pytest.mark.parametrize("kind", ["builder", "fallback"])
def test_requests_that_join_and_leave_get_the_text_of_transformers(kind):
    model, _, folder = exported(kind)
    decoder = Decoder(str(folder), ort, rows=3, context=128, threads=1)
    one = Scheduler(decoder, queue=10, patience=30)
    jobs = [
        Job(prompt, 5 + 4 * k, decoder.ends, lambda logits: int(logits.argmax()), Reply())
        for k, prompt in enumerate(PROMPTS)
    ]
    try:
        for each in jobs:
            one.submit(each)
        for each in finished(jobs):
            assert each.reply.failure is None
            assert each.reply.tokens == greedy(model, each.prompt, each.limit)
    finally:
        one.close(5)


def test_its_context_is_the_decoders_or_less():
    _, result, folder = exported("fallback")
    assert Decoder(str(folder), ort, rows=1, context=0, threads=1).context == result.graph.context
    assert Decoder(str(folder), ort, rows=1, context=50, threads=1).context == 50
    with pytest.raises(ValueError, match="parameter context is 129; the decoder takes 128"):
        Decoder(str(folder), ort, rows=1, context=129, threads=1)


def test_another_format_is_not_read(tmp_path):
    _, _, folder = exported("fallback")
    shutil.copytree(folder, tmp_path / "1")
    path = tmp_path / "1" / DECODER_FILE
    path.write_text(json.dumps({**json.loads(path.read_text()), "format": 2}))
    with pytest.raises(ValueError, match="format 2; 1 is known"):
        Decoder(str(tmp_path / "1"), ort, rows=1, context=0, threads=1)
