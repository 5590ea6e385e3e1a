"""Texts with references as templates, and templates as strings of an expression."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.stack.terraform.expressions import quoted

NEVER = st.text(st.characters(exclude_categories=("Cs",)))


@pytest.mark.parametrize(
    ("template", "string"),
    [
        ("", '""'),
        ("plain", '"plain"'),
        ('say "x"\n', '"say \\"x\\"\\n"'),
        ("a\\b\t", '"a\\\\b\\t"'),
        ("${aws_x.y.z}", '"${aws_x.y.z}"'),
        ('${aws_x.y["k"]} "q"', '"${aws_x.y["k"]} \\"q\\""'),
        ("$${HOME} %%{if}", '"$${HOME} %%{if}"'),
        ("über", '"über"'),
    ],
)
def test_a_template_is_quoted_and_its_interpolations_keep_their_own_quotes(template, string):
    assert quoted(template) == string


@given(NEVER.filter(lambda text: "{" not in text))
def test_what_has_no_interpolation_is_quoted_as_json_is(text):
    assert json.loads(quoted(text)) == text


@pytest.mark.parametrize("sign", ["\b", "\f", "\x01", "\x7f"])
def test_only_escapes_that_terraform_knows_are_written(sign):
    string = quoted(f"a{sign}b")
    assert "\\b" not in string
    assert "\\f" not in string
    assert json.loads(string) == f"a{sign}b"
