from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer as Library

from slipway.build.text import TextEncoder, preparation, tokenizer_file
from slipway.dataset import Sources
from slipway.errors import RecipeError
from slipway.recipe import Tokenizer
from slipway.tensors import TensorSpec
from slipway.triton.backends.tokenizer.encoding import BadText, Encoder
from tests.unit.build.conftest import TINY

FILE = TINY.parent / "tiny_text" / "tokenizer.json"
LENGTHS = (4, 8)
SHAPES = {(1,): [1], ("items",): [-1]}
WORDS = st.sampled_from(["rain", "oven", "the", "[CLS]", "[PAD]", "unheard", "🙂", ""])
TEXTS = st.lists(WORDS, max_size=12).map(" ".join)


def texts(rows):
    array = np.empty((len(rows), len(rows[0])), dtype=object)
    array[:] = rows
    return array


def built(shape):
    spec = TensorSpec("text", "BYTES", shape)
    return TextEncoder(FILE, Tokenizer(spec, lengths=LENGTHS))


def served(dims):
    config = {
        "max_batch_size": 4,
        "input": [{"name": "text", "dims": [str(d) for d in dims]}],
        "parameters": {"lengths": {"string_value": ",".join(map(str, LENGTHS))}},
    }
    return Encoder.of(Library.from_file(str(FILE)), config)


@pytest.mark.parametrize("shape", SHAPES)
@given(data=st.data())
def test_the_build_and_the_server_tokenise_alike(shape, data):
    width = 1 if shape == (1,) else data.draw(st.integers(1, 3))
    row = st.lists(TEXTS, min_size=width, max_size=width)
    given_texts = texts(data.draw(st.lists(row, min_size=1, max_size=3)))
    ours = built(shape)({"text": given_texts})
    as_bytes = np.array([t.encode() for t in given_texts.ravel()], object)
    ((ids, mask),) = served(SHAPES[shape])([as_bytes.reshape(given_texts.shape)])
    longest = ours["input_ids"].shape[-1]
    assert ids.shape[-1] in LENGTHS
    assert np.array_equal(ids[..., :longest], ours["input_ids"])
    assert np.array_equal(mask[..., :longest], ours["attention_mask"])
    assert not ids[..., longest:].any()
    assert not mask[..., longest:].any()


def test_requests_tokenised_together_get_what_they_get_alone():
    encoder = served([1])
    requests = [texts([["rain"], ["the oven"]]), texts([["the " * 7]]), texts([[""]])]
    alone = [encoder([request])[0] for request in requests]
    for (ids, mask), (ids_alone, mask_alone) in zip(encoder(requests), alone, strict=True):
        assert np.array_equal(ids, ids_alone)
        assert np.array_equal(mask, mask_alone)
    assert [ids.shape for ids, _ in alone] == [(2, 4), (1, 8), (1, 4)]


def test_what_looks_like_a_special_token_is_text():
    encoded = built((1,))({"text": texts([["[CLS] rain"]])})["input_ids"]
    special = Library.from_file(str(FILE)).token_to_id("[CLS]")
    assert (encoded == special).sum() == 1  # the one in front that the tokenizer adds


def test_an_empty_text_is_all_padding():
    encoded = built((1,))({"text": texts([["rain"], [""]])})
    assert encoded["attention_mask"].sum(axis=1).tolist() == [2, 0]


def test_a_text_that_is_not_utf8_is_named_as_such():
    with pytest.raises(BadText, match="not UTF-8"):
        served([1])([np.array([[b"\xff"]], dtype=object)])


def test_other_inputs_pass_by(tiny_text, tiny):
    prepare = preparation(tiny_text, Sources())
    more = prepare({"text": texts([["rain"]]), "age": np.ones((1, 1))})
    assert set(more) == {"input_ids", "attention_mask", "age"}
    assert preparation(tiny, Sources()) is dict


def test_a_file_that_is_no_tokenizer_is_refused(tiny_text, tmp_path):
    (tmp_path / "network.py").write_text(
        "from pathlib import Path\n\n\ndef tokenizer(sources):\n    return Path(__file__)\n"
    )
    with pytest.raises(RecipeError, match="is no tokenizer"):
        tokenizer_file(replace(tiny_text, path=tmp_path), Sources())
