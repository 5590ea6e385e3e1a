from collections import Counter

import numpy as np
import onnx
import pytest

from slipway.build.optimise.fusion import fuse, has_attention
from slipway.errors import BuildError
from slipway.tensors import max_difference


def test_every_attention_of_a_transformer_is_fused_and_counted(transformer, tmp_path):
    fusions = fuse(transformer, tmp_path / "fused.onnx")
    assert fusions.attentions == 2
    assert fusions.fused_attentions == 2
    operators = Counter(
        node.op_type
        for node in onnx.load(tmp_path / "fused.onnx").graph.node
        if node.domain == "com.microsoft"
    )
    assert fusions.counts == operators
    assert operators["SkipLayerNormalization"] == 4


def test_the_fused_graph_answers_alike_for_padding_and_for_rows_of_nothing_else(
    transformer, tmp_path, texts, run
):
    fuse(transformer, tmp_path / "fused.onnx")
    for batch in texts:
        want, got = run(transformer, batch), run(tmp_path / "fused.onnx", batch)
        assert np.isfinite(want["scores"]).all()
        assert max_difference(want, got) < 1e-5


def test_packed_weights_lie_in_the_file_where_a_quantiser_finds_them(transformer, tmp_path):
    fuse(transformer, tmp_path / "fused.onnx")
    graph = onnx.load(tmp_path / "fused.onnx").graph
    weights = {initialiser.name for initialiser in graph.initializer}
    attentions = [node for node in graph.node if node.op_type == "Attention"]
    assert attentions
    assert all(node.input[1] in weights for node in attentions)
    assert not [a for node in attentions for a in node.attribute if a.name == "qkv_hidden_sizes"]


def test_other_domains_than_those_in_use_are_not_listed(transformer, tmp_path):
    fuse(transformer, tmp_path / "fused.onnx")
    domains = {entry.domain for entry in onnx.load(tmp_path / "fused.onnx").opset_import}
    assert domains == {"", "com.microsoft"}


@pytest.mark.parametrize("network", ["convolutions", "recurrent"])
def test_a_network_without_attention_has_none(network, request):
    assert not has_attention(request.getfixturevalue(network))


def test_a_classifier_that_ends_in_a_softmax_has_no_attention(onnx_file):
    path = onnx_file(
        "g (float[n,4] x) => (float[n,4] y) { h = MatMul(x, w)\n y = Softmax(h) }",
        w=np.eye(4, dtype=np.float32),
    )
    assert not has_attention(path)


UNKNOWN = """
g (float[n,s,8] x) => (float[n,s,8] y) {
    t = Transpose <perm = [0, 2, 1]> (x)
    scores = MatMul(x, t)
    raised = Mul(scores, scores)
    weights = Softmax(raised)
    y = MatMul(weights, x)
}
"""


def test_attention_of_which_nothing_is_fused_fails_the_build(onnx_file, tmp_path):
    path = onnx_file(UNKNOWN)
    model = onnx.load(path)
    model.producer_name, model.producer_version = "pytorch", "9.9"
    onnx.save(model, path)
    assert has_attention(path)
    with pytest.raises(BuildError, match="Nothing of the 1 attentions") as caught:
        fuse(path, tmp_path / "fused.onnx")
    assert "pytorch 9.9" in str(caught.value)
    assert not (tmp_path / "fused.onnx").exists()


DOUBLE = """
g (double[n,8] x, double[n,8] z) => (double[n,8] y) {
    sum = Add(x, z)
    y = LayerNormalization <axis = -1> (sum, scale, shift)
}
"""


def test_what_computes_in_fp64_is_left_alone(onnx_file, tmp_path, run):
    path = onnx_file(DOUBLE, scale=np.full(8, 2.0), shift=np.ones(8))
    assert fuse(path, tmp_path / "fused.onnx").counts == {}
    inputs = {"x": np.arange(16.0).reshape(2, 8), "z": np.ones((2, 8))}
    assert max_difference(run(path, inputs), run(tmp_path / "fused.onnx", inputs)) == 0
