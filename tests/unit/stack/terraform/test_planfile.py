"""Plan files that are made here, field by field. Those that Terraform writes: tests/integration."""

import zipfile

import msgpack
import pytest

from slipway.stack.terraform.planfile import read

UNKNOWN = msgpack.ExtType(0, b"\x00")
PROVIDER = 'provider["registry.example.com/hashicorp/aws"].other'


def varint(number):
    out = b""
    while True:
        number, low = number >> 7, number & 0x7F
        out += bytes([low | (0x80 if number else 0)])
        if not number:
            return out


def field(number, value):
    """A field of a protobuf message."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    data = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(data)) + data


def dynamic(value):
    return field(1, msgpack.packb(value))


def path(*steps):
    parts = (field(1, s) if isinstance(s, str) else field(2, dynamic(s)) for s in steps)
    return b"".join(field(1, part) for part in parts)


def change(action, *values, before_sensitive=(), after_sensitive=()):
    return b"".join(
        [
            field(1, action),
            *(field(2, dynamic(value)) for value in values),
            *(field(3, path(*steps)) for steps in before_sensitive),
            *(field(4, path(*steps)) for steps in after_sensitive),
        ]
    )


def resource(address, of, replaced=(), reason=0):
    parts = [field(13, address), field(8, PROVIDER), field(9, of)]
    parts += [field(11, path(*steps)) for steps in replaced]
    return field(3, b"".join(parts) + (field(12, reason) if reason else b""))


@pytest.fixture
def plan(tmp_path):
    """Write a file of these fields, and read it."""

    def write(*fields, version=3):
        with zipfile.ZipFile(tmp_path / "plan", "w") as parts:
            parts.writestr("tfplan", field(1, version) + b"".join(fields))
        return read(tmp_path / "plan")

    return write


def test_a_file_of_another_version_is_not_read(plan):
    assert plan(version=4) is None
    assert plan(version=2) is None
    assert plan(version=300) is None


def test_a_file_without_a_version_is_not_read(tmp_path):
    with zipfile.ZipFile(tmp_path / "plan", "w") as parts:
        parts.writestr("tfplan", b"")
    assert read(tmp_path / "plan") is None


def test_an_empty_plan_has_nothing(plan):
    assert plan() == {"resource_changes": [], "planned_values": {"outputs": {}}}


ACTIONS = {
    0: ["no-op"],
    1: ["create"],
    2: ["read"],
    3: ["update"],
    5: ["delete"],
    6: ["delete", "create"],
    7: ["create", "delete"],
}


@pytest.mark.parametrize("number", ACTIONS)
def test_every_action_has_what_it_is_before_and_after(plan, number):
    one, two = {"a": 1}, {"a": 2}
    values = {0: [one], 1: [one], 5: [one]}.get(number, [one, two])
    (found,) = plan(resource("aws_vpc.net", change(number, *values)))["resource_changes"]
    assert found["change"]["actions"] == ACTIONS[number]
    assert found["change"]["before"] == (None if number == 1 else one)
    assert found["change"]["after"] == {0: one, 1: one, 5: None}.get(number, two)


def test_a_resource_has_its_address_type_provider_and_reason(plan):
    of = change(6, {"a": 1}, {"a": 2})
    replaced = [["a"], ["list", 0, "b"]]
    (found,) = plan(resource("aws_vpc.net", of, replaced, reason=3))["resource_changes"]
    assert (found["address"], found["type"], found["name"]) == ("aws_vpc.net", "aws_vpc", "net")
    assert found["mode"] == "managed"
    assert found["provider"] == PROVIDER
    assert found["action_reason"] == "replace_because_cannot_update"
    assert found["change"]["replace_paths"] == replaced


def test_what_is_read_is_data(plan):
    (found,) = plan(resource("data.aws_region.here", change(2, None, {})))["resource_changes"]
    assert (found["mode"], found["type"], found["name"]) == ("data", "aws_region", "here")


def test_unknown_values_are_left_out_and_marked(plan):
    after = {"a": UNKNOWN, "b": {"c": UNKNOWN, "d": 1}, "e": [UNKNOWN, "x"], "f": None}
    (found,) = plan(resource("aws_vpc.net", change(1, after)))["resource_changes"]
    assert found["change"]["after"] == {"b": {"d": 1}, "e": [None, "x"], "f": None}
    assert found["change"]["after_unknown"] == {"a": True, "b": {"c": True}, "e": [True, False]}


def test_marks_of_secrets_are_trees(plan):
    of = change(
        3, {"a": 1}, {"a": 2},
        before_sensitive=[["a"]],
        after_sensitive=[["a"], ["list", 0, "b"], ["list", 0, "c"], ["a", "below"]],
    )  # fmt: skip
    (found,) = plan(resource("aws_vpc.net", of))["resource_changes"]
    assert found["change"]["before_sensitive"] == {"a": True}
    assert found["change"]["after_sensitive"] == {
        "a": True,
        "list": {0: {"b": True, "c": True}},
    }


def test_outputs_have_their_values(plan):
    def output(name, value):
        return field(4, field(1, name) + field(2, change(1, value)))

    found = plan(
        output("known", ['"string"', "x"]),
        output("object", ['["object",{}]', {"a": UNKNOWN, "b": 1}]),
        output("unknown", UNKNOWN),
    )
    assert found["planned_values"]["outputs"] == {
        "known": {"value": "x"},
        "object": {"value": {"b": 1}},
        "unknown": {"value": None},
    }


def test_long_contents_and_other_kinds_of_fields_are_passed_over(plan):
    long = {"a": "x" * 70_000}
    other = varint(900 << 3 | 5) + b"\x00" * 4 + varint(901 << 3 | 1) + b"\x00" * 8
    (found,) = plan(other, resource("aws_vpc.net", change(1, long)))["resource_changes"]
    assert found["change"]["after"] == long
