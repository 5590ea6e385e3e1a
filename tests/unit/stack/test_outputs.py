"""Made-up outputs: of the declared types, followable, and in two ways that differ in everything."""

import enum
from collections.abc import Mapping, Sequence

import pulumi
import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.stack.graph import REFERENCE, Reference, Resource
from slipway.stack.outputs import FIRST, SECOND, Unknown

IT = Resource("urn:it", "aws:x/y:Z", "it", "", True, {})


class Colour(enum.StrEnum):
    RED = "red"
    BLUE = "blue"


@pulumi.output_type
class Inner(dict):
    @property
    @pulumi.getter(name="someName")
    def some_name(self) -> str: ...

    @property
    @pulumi.getter
    def port(self) -> int: ...


def made(outputs, hint, path="a"):
    references = {}
    return Unknown(IT, references, outputs).value(path, hint), references


@pytest.mark.parametrize("outputs", [FIRST, SECOND])
def test_a_text_is_a_token_that_can_be_followed(outputs):
    value, references = made(outputs, str)
    assert REFERENCE.fullmatch(value)
    assert references == {value: Reference("urn:it", "a")}


@pytest.mark.parametrize("hint", [int, float, int | None, pulumi.Output[int]])
def test_a_number_is_a_number_that_can_be_followed(hint):
    value, references = made(FIRST, hint)
    assert references == {str(value): Reference("urn:it", "a")}
    assert isinstance(value, int)


def test_lists_objects_maps_and_choices_have_their_types():
    assert made(FIRST, Sequence[str])[0] == ["@it.a[0]@"]
    assert len(made(SECOND, Sequence[str])[0]) == 2
    assert made(FIRST, Mapping[str, str])[0] == {}
    assert list(made(SECOND, Mapping[str, str])[0]) == ["key"]
    assert made(FIRST, Colour)[0] == "red"
    assert made(SECOND, Colour)[0] == "blue"
    inner, references = made(FIRST, Sequence[Inner])
    assert inner[0]["someName"] == "@it.a[0].someName@"
    assert references[str(inner[0]["port"])].property == "a[0].port"


@pytest.mark.parametrize(
    "hint",
    [str, int, float, bool, Colour, Inner, Sequence[str], Mapping[str, str], Sequence[Inner]],
)
def test_the_two_ways_differ_in_every_type(hint):
    assert made(FIRST, hint)[0] != made(SECOND, hint)[0]


def test_the_tokens_of_the_two_ways_differ_in_length_case_and_where_they_can_be_split():
    first, second = made(FIRST, str)[0], made(SECOND, str)[0]
    assert len(first) != len(second)
    for sign in ":/.,;=_+-":
        assert len(first.split(sign)) != len(second.split(sign))
    assert second not in (second.upper(), second.lower())


@given(st.integers(2, 10**6))
def test_the_numbers_of_the_two_ways_leave_different_remainders(divisor):
    assert made(FIRST, int)[0] % divisor != made(SECOND, int)[0] % divisor


def test_one_name_for_outputs_of_two_resources_is_told_apart_by_their_type():
    references = {}
    other = Resource("urn:other", "aws:q/r:S", "it", "", True, {})
    first = Unknown(IT, references, FIRST).value("a", str)
    second = Unknown(other, references, FIRST).value("a", str)
    assert (first, second) == ("@it.a@", "@it.a.S@")
    assert Unknown(other, references, FIRST).value("a", str) == second
