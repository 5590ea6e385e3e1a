"""The provider's schema, split into a file that is read in parts."""

import pytest

from slipway.errors import StackError
from slipway.stack.terraform.schema import Schema, attribute_type, block, of_object, write_schema
from tests.unit.stack.terraform.provider import RESOURCES, schema, text


def test_every_type_is_in_the_index_with_its_arguments_and_blocks(tmp_path):
    index = schema(tmp_path).index
    assert set(index) == set(RESOURCES)
    assert set(index["aws_launch_template"]) >= {"image_id", "block_device_mappings"}


def test_a_type_is_read_with_its_version(tmp_path):
    vpc = schema(tmp_path).resource("aws_vpc")
    assert vpc.version == 1
    assert vpc.attribute_type("tags") == ["map", "string"]
    assert not vpc.many("tags")


def test_what_holds_several_is_a_list_or_set_of_values_or_blocks(tmp_path):
    template = schema(tmp_path).resource("aws_launch_template")
    assert template.many("block_device_mappings")
    assert not template.many("user_data")
    assert schema(tmp_path).resource("aws_route53_record").many("records")
    assert not schema(tmp_path).resource("aws_sns_topic").many("timeouts")


def test_a_type_that_is_not_there_is_an_error(tmp_path):
    with pytest.raises(StackError, match="aws_nothing"):
        schema(tmp_path).resource("aws_nothing")


def test_the_provider_and_its_data_sources_are_read(tmp_path):
    found = schema(tmp_path)
    assert "default_tags" in found.provider.blocks
    assert found.data_sources == {"aws_region"}
    assert "name" in found.data("aws_region").attributes


def test_a_nested_attribute_has_the_type_of_its_fields():
    fields = {"a": {"type": "string"}, "b": {"type": ["list", "number"]}}
    of = {"a": "string", "b": ["list", "number"]}
    for mode, expected in (
        ("single", ["object", of]),
        ("list", ["list", ["object", of]]),
        ("set", ["set", ["object", of]]),
        ("map", ["map", ["object", of]]),
    ):
        found = attribute_type({"nested_type": {"attributes": fields, "nesting_mode": mode}})
        assert found == expected


def test_an_empty_block_and_an_object_are_blocks():
    assert block({}).names == ()
    assert of_object({"a": "string"}).attribute_type("a") == "string"


def test_a_schema_of_two_providers_is_refused(tmp_path):
    two = text().replace('{"provider_schemas": {', '{"provider_schemas": {"other": {}, ')
    with pytest.raises(ValueError, match="too many values"):
        write_schema(two, tmp_path / "schema.zip")


def test_a_file_is_opened_only_when_something_is_read(tmp_path):
    Schema(tmp_path / "missing.zip")
