import pytest

from infra.ami import Ami, AmiArgs
from slipway.stack.program import record
from tests.servers import CPU_TYPES, NAMES, server_settings


def ami(shape="cluster", *types, **changes):
    """The graph, and the image's id."""
    said = []

    def program():
        made = Ami("dev-ami", AmiArgs(shape, server_settings(*types, **changes), NAMES))
        made.id.apply(said.append)

    return record(program), said[0]


@pytest.mark.parametrize(
    ("shape", "types", "published"),
    [
        ("cluster", (), "deeplearning/ami/x86_64/base-oss-nvidia-driver-gpu-amazon-linux-2023"),
        ("single", CPU_TYPES, "ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"),
        ("container", (), "ecs/optimized-ami/amazon-linux-2023/gpu/recommended/image_id"),
        ("container", CPU_TYPES, "ecs/optimized-ami/amazon-linux-2023/recommended/image_id"),
    ],
)
def test_shape_and_instance_types_decide_which_image_it_is(shape, types, published):
    (parameter,) = ami(shape, *types)[0].of("Parameter")
    assert f"/aws/service/{published}" in parameter.properties["description"]


def test_a_newer_image_of_aws_changes_nothing_until_the_generation_is_raised():
    graph, said = ami()
    (parameter,) = graph.of("Parameter")
    assert parameter.ignore_changes == ("insecureValue",)
    assert parameter.properties["dataType"] == "aws:ec2:image"
    assert said == parameter.properties["insecureValue"]
    assert said.startswith("ami-")


def test_previews_show_which_image_it_is():
    (parameter,) = ami()[0].of("Parameter")
    assert "value" not in parameter.properties, "the provider keeps it secret, and what reads it"


def test_another_generation_or_kind_is_another_parameter():
    names = {
        (resource.name, resource.properties["name"])
        for graph, _ in (
            ami(),
            ami(ami_generation=4),
            ami("container"),
            ami("cluster", *CPU_TYPES),
        )
        for resource in graph.of("Parameter")
    }
    assert len(names) == 4
    assert ("dev-ami-gpu-3", "/slipway/dev/ami/gpu-3") in names


def test_an_image_of_ones_own_is_taken_as_it_is():
    graph, said = ami(ami="ami-0123456789abcdef0")
    assert not graph.of("Parameter")
    assert said == "ami-0123456789abcdef0"
