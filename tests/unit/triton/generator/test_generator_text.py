"""Tokens to text. The tokenizer here has one token for each byte, so any character can be split."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.triton.backends.generator.text import Stops, Writer


def decode(tokens):
    return bytes(tokens).decode(errors="replace")


def trimmed(tokens):
    """As some decoders do it: the first space of a text is not shown."""
    return decode(tokens).removeprefix(" ")


def written(tokens, *, prompt=b"x", stop=(), decode=decode):
    """The parts of a text, and whether a stop string ended it."""
    writer = Writer(decode, list(prompt), stop)
    parts = []
    for token in tokens:
        parts.append(writer.add(token))
        if writer.stopped:
            return parts
    return [*parts, writer.rest()]


def test_a_character_is_shown_once_it_is_whole():
    assert written("aé🙂".encode()) == ["a", "", "é", "", "", "", "🙂", ""]


def test_what_is_never_completed_is_shown_at_the_end():
    assert written("é".encode()[:1]) == ["", "\ufffd"]


def test_a_decoder_that_treats_the_first_token_otherwise_keeps_spaces_between_words():
    assert "".join(written(b" b c", prompt=b" a", decode=trimmed)) == " b c"


@given(st.text(min_size=1), st.text())
def test_the_parts_are_the_text_for_whatever_was_prompted(prompt, text):
    parts = written(text.encode(), prompt=prompt.encode())
    assert "".join(parts) == text
    if "\ufffd" not in text:
        assert not any("\ufffd" in part for part in parts)


@given(st.binary(min_size=1), st.binary())
def test_even_bytes_that_are_no_text_come_as_decoding_all_at_once_gives_them(prompt, data):
    # Prompts are text, of which the context may begin in the middle.
    prompt = prompt.decode(errors="replace").encode()
    parts = written(data, prompt=prompt)
    assert "".join(parts) == decode(prompt + data)[len(decode(prompt)) :]


def test_a_stop_string_is_not_shown_nor_what_follows_it():
    assert "".join(written(b"one. Two", stop=[". "])) == "one"


def test_what_may_become_a_stop_string_is_held_back_and_then_shown():
    parts = written(b"a##b##!", stop=["##!"])
    assert parts == ["a", "", "", "##b", "", "", ""]


def test_the_first_of_several_stop_strings_counts():
    assert "".join(written(b"abcdef", stop=["ef", "cd"])) == "ab"


def test_a_held_beginning_of_a_stop_string_is_shown_when_nothing_follows():
    assert "".join(written(b"a#", stop=["##"])) == "a#"


def test_a_stop_string_found_in_what_was_held_back_within_a_character_ends_the_text():
    writer = Writer(decode, list(b"x"), ["\ufffd"])
    writer.add("é".encode()[0])
    assert writer.rest() == ""
    assert writer.stopped


@given(st.text("ab#", max_size=30), st.lists(st.text("ab#", min_size=1, max_size=4), max_size=3))
def test_stop_strings_cut_where_searching_the_whole_text_would(text, stop):
    stops = Stops(stop)
    shown = ""
    for character in text:
        shown += stops.add(character)
        if stops.found:
            break
    else:
        shown += stops.rest()
    # A stop string counts when it is complete, so the shortest text that has one decides.
    whole = next((text[:n] for n in range(len(text) + 1) if any(s in text[:n] for s in stop)), None)
    if whole is None:
        assert shown == text
    else:
        assert shown == whole[: min(whole.find(s) for s in stop if s in whole)]


@pytest.mark.parametrize("stop", [[], ["zzz"]])
def test_without_a_stop_string_nothing_is_found(stop):
    stops = Stops(stop)
    assert stops.add("abc") + stops.rest() == "abc"
    assert not stops.found
