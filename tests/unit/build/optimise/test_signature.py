import numpy as np
import onnx
import pytest

from slipway.build.export import NEWEST_IR
from slipway.build.optimise.signature import (
    NEWEST_OPSET,
    check_loads,
    check_signature,
    drop_unused_domains,
)
from slipway.errors import VariantError

GRAPH = "g (float[n,4] x) => (float[n,4] y) { y = Relu(x) }"


@pytest.fixture
def edited(onnx_file, tmp_path):
    def change(edit):
        before, after = onnx_file(GRAPH), tmp_path / "after.onnx"
        model = onnx.load(before)
        edit(model)
        onnx.save(model, after)
        return before, after

    return change


def test_a_graph_that_changed_inside_keeps_its_signature(edited):
    def rename(model):
        model.graph.node[0].name = "another"
        model.graph.input[0].type.tensor_type.shape.dim[0].dim_param = "batch"

    check_signature(*edited(rename))


def halve_output(model):
    model.graph.output[0].type.tensor_type.elem_type = onnx.TensorProto.FLOAT16


def fix_batch(model):
    model.graph.input[0].type.tensor_type.shape.dim[0].dim_value = 3


def drop_output_shape(model):
    model.graph.output[0].type.tensor_type.ClearField("shape")


def rename_input(model):
    model.graph.input[0].name = model.graph.node[0].input[0] = "z"


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (halve_output, "output 'y' was FLOAT and is now FLOAT16"),
        (fix_batch, "input 'x' had the dimensions"),
        (drop_output_shape, "output 'y' had the dimensions"),
        (rename_input, r"inputs were \['x'\] and are now \['z'\]"),
    ],
)
def test_a_change_of_what_clients_see_is_refused(edited, edit, said):
    with pytest.raises(VariantError, match=said):
        check_signature(*edited(edit))


def newer(model):
    model.ir_version = NEWEST_IR + 1


def of_opset(version):
    def change(model):
        model.opset_import[0].version = version

    return change


def foreign(model):
    model.opset_import.append(onnx.helper.make_opsetid("com.example", 1))


def unknown(model):
    model.graph.node[0].op_type = "NoSuchOperator"


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (newer, f"IR version {NEWEST_IR + 1}"),
        (of_opset(NEWEST_OPSET + 1), f"opset {NEWEST_OPSET + 1}: the oldest server"),
        (of_opset(999), "opset 999"),
        (foreign, "operators of com.example"),
        (unknown, "does not load"),
    ],
)
def test_a_file_that_no_server_reads_is_refused(edited, edit, said):
    with pytest.raises(VariantError, match=said):
        check_loads(edited(edit)[1])


def test_the_newest_versions_that_every_server_reads_pass(edited):
    def newest(model):
        model.ir_version = NEWEST_IR
        of_opset(NEWEST_OPSET)(model)

    check_loads(edited(newest)[1])


def test_domains_without_an_operator_are_dropped(onnx_file):
    model = onnx.load(onnx_file(GRAPH))
    drop_unused_domains(model)
    assert [entry.domain for entry in model.opset_import] == [""]


def test_domains_in_use_stay(onnx_file):
    path = onnx_file(
        "g (float[n,4] x) => (float[n,4] y) { y = com.microsoft.BiasGelu(x, b) }",
        b=np.zeros(4, np.float32),
    )
    model = onnx.load(path)
    drop_unused_domains(model)
    assert {entry.domain for entry in model.opset_import} == {"", "com.microsoft"}
    check_loads(path)
