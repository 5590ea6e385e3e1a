"""What a served generator is asked, and what it should answer."""

import shutil

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper

from slipway.build.decoder.form import ANSWER_TOKENS, PROMPT_TOKENS, _beginning
from slipway.build.decoder.session import DecoderModel
from slipway.build.decoder.weights import quantise_weights
from slipway.build.decoder.writing import by_file, by_pytorch, write_one, write_rows
from slipway.errors import VariantError
from tests.decoders import exported, llama, tokenizer

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


def likeliest(model, given):
    """As transformers writes it."""
    made = model.generate(
        torch.tensor([given]),
        attention_mask=torch.ones(1, len(given), dtype=torch.long),
        do_sample=False,
        max_new_tokens=ANSWER_TOKENS,
        pad_token_id=0,
    )[0].tolist()
    return made[len(given) :]


def test_an_answer_is_the_likeliest_text_as_transformers_writes_it():
    model, given = llama().eval(), tokenizer().encode(PROMPT).ids
    right = likeliest(model, given)
    assert write_one(by_pytorch(model), given, (), ANSWER_TOKENS) == right
    assert write_one(by_pytorch(model), given, (), 3) == right[:3]
    assert (
        write_one(by_pytorch(model), given, {right[2]}, ANSWER_TOKENS)
        == right[: right.index(right[2])]
    )
    assert write_one(by_pytorch(model), given, (), 0) == []


def test_an_exported_file_writes_the_same_text_alone_and_in_company():
    given = tokenizer().encode(PROMPT).ids
    decoder = DecoderModel(exported("builder")[2])
    right = likeliest(exported("builder")[0], given)
    assert write_one(by_file(decoder), given, (), ANSWER_TOKENS) == right
    rows = np.array([given, given[::-1]], dtype=np.int64)
    assert write_rows(by_file(decoder), rows, ANSWER_TOKENS)[0] == right[-1]


@pytest.mark.parametrize(("bits", "share"), [(8, 0.25), (4, 1.0)])
def test_weights_in_few_bits_make_a_smaller_file_whose_texts_do_not_depend_on_company(
    bits, share, tmp_path
):
    _, _, source = exported("builder")
    shutil.copy(source / "decoder.json", tmp_path)
    assert quantise_weights(source / "model.onnx", tmp_path / "model.onnx", bits) > 0
    plain, lossy = DecoderModel(source), DecoderModel(tmp_path)
    ids = np.array([tokenizer().encode(PROMPT).ids], dtype=np.int64)
    gap = np.abs(plain.logits(ids) - lossy.logits(ids)).max()
    assert 0 < gap < np.abs(plain.logits(ids)).max() * share
    assert (tmp_path / "model.onnx").stat().st_size < (source / "model.onnx").stat().st_size
    rows = np.repeat(ids, 3, axis=0)
    rows[1:] = rows[1:, ::-1]
    alone, together = lossy.logits(ids)[0], lossy.logits(rows)[0]
    assert np.abs(alone - together).max() < 1e-4


def test_a_decoder_without_constant_products_has_nothing_to_be_quantised(tmp_path):
    x, y = (helper.make_tensor_value_info(name, TensorProto.FLOAT, [2]) for name in "xy")
    graph = helper.make_graph([helper.make_node("Neg", ["x"], ["y"])], "g", [x], [y])
    onnx.save(helper.make_model(graph), tmp_path / "a.onnx")
    with pytest.raises(VariantError, match="no weights to quantise"):
        quantise_weights(tmp_path / "a.onnx", tmp_path / "b.onnx", 8)
    assert not (tmp_path / "b.onnx").exists()
