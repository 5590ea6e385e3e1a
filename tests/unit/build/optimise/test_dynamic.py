from collections import Counter

import numpy as np
import onnx
import pytest

from slipway.build.optimise.dynamic import quantise_dynamic
from slipway.build.optimise.fusion import fuse
from slipway.build.optimise.losses import output_loss
from slipway.errors import VariantError


@pytest.fixture
def fused(transformer, tmp_path):
    fuse(transformer, tmp_path / "fused.onnx")
    return tmp_path / "fused.onnx"


def operators(path):
    return Counter(node.op_type for node in onnx.load(path).graph.node)


def test_every_product_with_weights_is_quantised_and_counted(transformer, tmp_path, texts):
    target = tmp_path / "int8.onnx"
    done = quantise_dynamic(transformer, target, reduce_range=False)
    assert done.operators == {"Gemm": 1, "MatMul": 12}
    assert operators(target)["MatMulInteger"] == 13
    assert done.after == target.stat().st_size
    assert done.before == transformer.stat().st_size
    assert output_loss(transformer, target, texts) > 20


def test_a_fused_attention_is_quantised_with_its_mask(fused, tmp_path, texts):
    target = tmp_path / "int8.onnx"
    done = quantise_dynamic(fused, target, reduce_range=False)
    assert done.operators["Attention"] == 2
    assert not operators(target)["QAttention"]
    attentions = [n for n in onnx.load(target).graph.node if n.op_type == "MultiHeadAttention"]
    assert all(node.input[5] for node in attentions)
    assert output_loss(fused, target, texts) > 20


def test_padding_changes_no_answer(fused, tmp_path, run):
    target = tmp_path / "int8.onnx"
    quantise_dynamic(fused, target, reduce_range=False)
    ids = np.array([[5, 9, 3]])
    short = {"ids": ids, "mask": np.ones_like(ids)}
    padded = {name: np.pad(array, ((0, 0), (0, 6))) for name, array in short.items()}
    answers = [run(target, inputs)["scores"] for inputs in (short, padded)]
    # Padding takes part in the range of a request's activations, so not quite alike.
    np.testing.assert_allclose(*answers, atol=0.05)


def test_a_recurrent_network_is_quantised(recurrent, tmp_path, series):
    target = tmp_path / "int8.onnx"
    assert quantise_dynamic(recurrent, target, reduce_range=False).operators == {
        "Gemm": 1,
        "LSTM": 1,
    }
    assert operators(target)["DynamicQuantizeLSTM"] == 1
    assert output_loss(recurrent, target, series) > 20


def test_each_channel_has_its_scale(fused, tmp_path):
    quantise_dynamic(fused, tmp_path / "int8.onnx", reduce_range=False)
    model = onnx.load(tmp_path / "int8.onnx")
    dims = {i.name: tuple(i.dims) for i in model.graph.initializer}
    for node in model.graph.node:
        if node.op_type == "MatMulInteger":
            assert dims[node.input[3]] == dims[node.input[1]][1:]


@pytest.mark.parametrize(("reduce_range", "most"), [(False, 127), (True, 64)])
def test_weights_have_a_bit_less_where_sums_would_overflow(
    transformer, tmp_path, reduce_range, most
):
    quantise_dynamic(transformer, tmp_path / "int8.onnx", reduce_range=reduce_range)
    weights = [
        onnx.numpy_helper.to_array(i)
        for i in onnx.load(tmp_path / "int8.onnx").graph.initializer
        if i.data_type == onnx.TensorProto.INT8 and len(i.dims) == 2
    ]
    assert max(abs(w.astype(int)).max() for w in weights) == most


def test_excluded_nodes_stay_as_they_are(fused, tmp_path):
    whole = quantise_dynamic(fused, tmp_path / "whole.onnx", reduce_range=False)
    left = [next(n for n, op in whole.nodes.items() if op == kind) for kind in whole.operators]
    assert len(left) == 3
    part = quantise_dynamic(fused, tmp_path / "part.onnx", excluded=left, reduce_range=False)
    assert part.excluded == tuple(sorted(left))
    assert set(part.nodes) == set(whole.nodes) - set(left)
    gone = operators(tmp_path / "whole.onnx"), operators(tmp_path / "part.onnx")
    assert gone[0]["MatMulInteger"] - gone[1]["MatMulInteger"] == 3


def test_a_graph_without_weights_to_quantise_is_refused(onnx_file, tmp_path):
    with pytest.raises(VariantError, match="Nothing in the graph was quantised"):
        quantise_dynamic(
            onnx_file("g (float[n,4] x) => (float[n,4] y) { y = Relu(x) }"),
            tmp_path / "int8.onnx",
            reduce_range=False,
        )


def test_excluding_all_is_refused(recurrent, tmp_path):
    whole = quantise_dynamic(recurrent, tmp_path / "int8.onnx", reduce_range=False)
    with pytest.raises(VariantError, match="2 nodes were excluded"):
        quantise_dynamic(
            recurrent, tmp_path / "int8.onnx", excluded=whole.nodes, reduce_range=False
        )


def test_what_computes_in_fp64_is_left_alone(onnx_file, tmp_path):
    source = onnx_file(
        """
        g (float[n,4] x) => (double[n,4] y) {
            h = MatMul(x, w)
            wide = Cast <to = 11> (h)
            y = MatMul(wide, v)
        }
        """,
        w=np.eye(4, dtype=np.float32),
        v=np.eye(4),
    )
    done = quantise_dynamic(source, tmp_path / "int8.onnx", reduce_range=False)
    assert done.operators == {"MatMul": 1}


def test_tables_of_embeddings_are_quantised_only_where_that_is_asked_for(fused, tmp_path, texts):
    without = quantise_dynamic(fused, tmp_path / "a.onnx", reduce_range=False)
    target = tmp_path / "b.onnx"
    done = quantise_dynamic(fused, target, reduce_range=False, tables=True)
    assert "Gather" not in without.operators
    assert done.operators == {**without.operators, "Gather": 1}
    assert done.after < without.after
    assert output_loss(fused, target, texts) > 15
