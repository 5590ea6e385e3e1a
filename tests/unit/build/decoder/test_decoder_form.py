"""What a served generator is asked, and what it should answer."""

import numpy as np
import torch

from slipway.build.decoder.form import ANSWER_TOKENS, PROMPT_TOKENS, _beginning, _continuation
from tests.decoders import llama, tokenizer

PROMPT = "A village stands above"


def test_a_beginning_is_at_most_half_of_a_text_and_nothing_of_its_padding():
    ids = tokenizer().encode(PROMPT).ids
    row = np.array([*ids, *[0] * 20])
    whole = tokenizer().decode(ids)
    begun = _beginning(row, 0, tokenizer())
    assert whole.startswith(begun)
    assert 0 < len(begun) < len(whole)
    long = np.array(ids * 20)
    assert _beginning(long, 0, tokenizer()) == tokenizer().decode(long[:PROMPT_TOKENS].tolist())
    assert _beginning(np.zeros(8, dtype=np.int64), 0, tokenizer()) == ""


def test_an_answer_is_the_likeliest_text_as_transformers_writes_it():
    model = llama().eval()
    given = torch.tensor([tokenizer().encode(PROMPT).ids])
    made = model.generate(
        given,
        attention_mask=torch.ones_like(given),
        do_sample=False,
        max_new_tokens=ANSWER_TOKENS,
        pad_token_id=0,
    )[0].tolist()
    right = tokenizer().decode(made)[len(tokenizer().decode(given[0].tolist())) :]
    assert _continuation(model, tokenizer(), PROMPT, context=512) == right
    short = _continuation(model, tokenizer(), PROMPT, context=given.shape[1] + 3)
    assert right.startswith(short.rstrip("\N{REPLACEMENT CHARACTER}"))
    assert len(short) < len(right)
