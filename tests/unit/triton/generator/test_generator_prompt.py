"""Nobody writes a special token by writing its name."""

import pytest
from tokenizers import AddedToken, Tokenizer, models, pre_tokenizers

from slipway.triton.backends.generator.prompt import Forbidden, Prompts
from tests.decoders import BEGIN, END, tokenizer


def fresh():
    return Tokenizer.from_str(tokenizer().to_str())


def test_the_name_of_a_special_token_is_encoded_as_its_characters():
    assert 1 in fresh().encode(f"a{END}b").ids  # so the library does by default
    prompts = Prompts(fresh())
    tokens = prompts.encode(f"a{END}b{BEGIN}")
    assert 1 not in tokens
    assert tokens.count(0) == 1  # the one that the tokenizer puts before every text
    assert prompts.decode(tokens) == f"a{END}b{BEGIN}"


def test_special_tokens_are_not_shown():
    assert Prompts(fresh()).decode([0, 66, 1]) == fresh().decode([66])


def test_a_vocabulary_that_has_the_name_as_a_word_is_no_way_round():
    words = Tokenizer(models.WordLevel({"a": 0, END: 1, "?": 2}, unk_token="?"))
    words.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    words.add_special_tokens([AddedToken(END, special=True)])
    prompts = Prompts(words)
    assert prompts.encode("a b") == [0, 2]
    with pytest.raises(Forbidden, match=r"special token <\|end\|>"):
        prompts.encode(f"a {END} b")


def test_no_prompt_is_cut_or_padded_as_the_tokenizer_was_for_training():
    cutting = fresh()
    cutting.enable_truncation(4)
    cutting.enable_padding(length=32)
    assert Prompts(cutting).encode("a village") == fresh().encode("a village").ids
