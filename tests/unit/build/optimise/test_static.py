from collections import Counter

import numpy as np
import onnx
import onnxruntime as ort
import pytest

from slipway.build.optimise.losses import output_loss
from slipway.build.optimise.static import Activations, quantise_static
from slipway.errors import VariantError


@pytest.fixture(scope="module")
def unsigned(convolutions, images, tmp_path_factory):
    target = tmp_path_factory.mktemp("static") / "int8.onnx"
    return target, quantise_static(convolutions, target, images, reduce_range=False)


@pytest.fixture(scope="module")
def signed(convolutions, images, tmp_path_factory):
    target = tmp_path_factory.mktemp("static") / "int8.onnx"
    return target, quantise_static(
        convolutions, target, images, reduce_range=False, activations=Activations.SIGNED
    )


def arrays(graph):
    return {i.name: onnx.numpy_helper.to_array(i) for i in graph.initializer}


def test_convolutions_and_products_are_quantised_and_answer_alike(unsigned, convolutions, images):
    target, done = unsigned
    assert done.operators == {"Conv": 4, "Gemm": 1}
    assert done.calibration in {"MinMax", "Entropy", "Percentile"}
    assert output_loss(convolutions, target, images) > 20


def test_onnx_runtime_computes_every_convolution_of_it_in_8_bits(unsigned, tmp_path):
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
    options.optimized_model_filepath = str(tmp_path / "loaded.onnx")
    options.log_severity_level = 3
    ort.InferenceSession(unsigned[0], options, providers=["CPUExecutionProvider"])
    operators = Counter(node.op_type for node in onnx.load(tmp_path / "loaded.onnx").graph.node)
    assert operators["QLinearConv"] == 4
    assert operators["QLinearAdd"] == operators["QLinearConcat"] == 1
    assert not operators["Conv"]
    assert not operators["Relu"]


@pytest.mark.parametrize("form", ["unsigned", "signed"])
def test_pairs_are_standard_onnx_with_a_scale_for_each_output_channel(form, request):
    model = onnx.load(request.getfixturevalue(form)[0])
    assert {entry.domain: entry.version for entry in model.opset_import} == {"": 20}
    makers = {name: node for node in model.graph.node for name in node.output}
    values = arrays(model.graph)
    for node in model.graph.node:
        if node.op_type in {"Conv", "ConvTranspose"} and node.input[1] in makers:
            pair = makers[node.input[1]]
            weights, scale, _ = (values[name] for name in pair.input)
            axis = 1 if node.op_type == "ConvTranspose" else 0
            assert pair.attribute[0].i == axis
            assert weights.dtype == np.int8
            assert len(scale) == weights.shape[axis]


def test_signed_activations_are_symmetric_and_follow_no_product(signed):
    target, done = signed
    graph = onnx.load(target).graph
    assert done.operators == {"Conv": 4, "ConvTranspose": 1, "Gemm": 1}
    assert {i.data_type for i in graph.initializer} <= {
        onnx.TensorProto.FLOAT,
        onnx.TensorProto.INT8,
        onnx.TensorProto.INT64,
    }
    assert not any(a.any() for a in arrays(graph).values() if a.dtype == np.int8 and a.ndim == 0)
    makers = {name: node.op_type for node in graph.node for name in node.output}
    narrowed = [n.input[0] for n in graph.node if n.op_type == "QuantizeLinear"]
    assert not {makers.get(name) for name in narrowed} & {"Conv", "Gemm"}


def test_excluded_nodes_keep_their_weights(unsigned, convolutions, images, tmp_path):
    left = next(iter(unsigned[1].nodes))
    target = tmp_path / "int8.onnx"
    part = quantise_static(convolutions, target, images, excluded=[left], reduce_range=False)
    assert set(part.nodes) == set(unsigned[1].nodes) - {left}
    assert part.excluded == (left,)
    graph = onnx.load(target).graph
    node = next(node for node in graph.node if node.name == left)
    assert arrays(graph)[node.input[1]].dtype == np.float32


def test_weights_have_a_bit_less_where_sums_would_overflow(convolutions, images, tmp_path):
    quantise_static(convolutions, tmp_path / "int8.onnx", images, reduce_range=True)
    weights = [
        a for a in arrays(onnx.load(tmp_path / "int8.onnx").graph).values() if a.dtype == np.int8
    ]
    assert max(abs(w.astype(int)).max() for w in weights) <= 64


def test_products_of_a_transformer_are_quantised_but_not_those_of_two_activations(
    transformer, tmp_path, texts
):
    target = tmp_path / "int8.onnx"
    done = quantise_static(transformer, target, texts, reduce_range=False)
    assert done.operators == {"Gemm": 1, "MatMul": 12}
    assert output_loss(transformer, target, texts) > 15


def test_a_calibration_set_of_zeros_is_refused(convolutions, tmp_path):
    zeros = [{"image": np.zeros((2, 1, 8, 8), np.float32)}]
    with pytest.raises(VariantError, match="No range can be measured for the tensor 'image'") as e:
        quantise_static(convolutions, tmp_path / "int8.onnx", zeros, reduce_range=False)
    assert "0 everywhere" in e.value.why
    assert not (tmp_path / "int8.onnx").exists()


def test_a_graph_without_weights_to_quantise_is_refused(onnx_file, tmp_path):
    source = onnx_file("g (float[n,4] x) => (float[n,4] y) { y = Tanh(x) }")
    batches = [{"x": np.arange(8, dtype=np.float32).reshape(2, 4)}]
    with pytest.raises(VariantError, match="Nothing in the graph was quantised"):
        quantise_static(source, tmp_path / "int8.onnx", batches, reduce_range=False)


def test_nothing_is_printed_where_answers_belong(convolutions, images, tmp_path, capsys):
    quantise_static(convolutions, tmp_path / "int8.onnx", images, reduce_range=False)
    assert capsys.readouterr().out == ""
