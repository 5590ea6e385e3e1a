from collections import Counter

import numpy as np
import onnx
import onnxruntime as ort
import pytest

from slipway.build.optimise import static
from slipway.build.optimise.losses import output_loss
from slipway.build.optimise.static import METHODS, Activations, calibrated, quantise_static
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


def test_products_bring_their_outputs_to_8_bits_only_in_convolutions(
    unsigned, transformer, tmp_path, texts
):
    def narrowed(path):
        graph = onnx.load(path).graph
        makers = {name: node.op_type for node in graph.node for name in node.output}
        return {makers.get(n.input[0]) for n in graph.node if n.op_type == "QuantizeLinear"}

    quantise_static(transformer, tmp_path / "int8.onnx", texts, reduce_range=False)
    assert not narrowed(tmp_path / "int8.onnx") & {"Gemm", "MatMul"}
    assert "Conv" in narrowed(unsigned[0])
    assert "Gemm" not in narrowed(unsigned[0])


class Counted(list):
    """Batches that know how often all were run through."""

    passes = 0

    def __iter__(self):
        self.passes += 1
        return super().__iter__()


def test_ranges_are_measured_and_chosen_once_for_any_number_of_files(
    convolutions, images, tmp_path
):
    batches = Counted(images)
    with calibrated(convolutions, batches, reduce_range=False) as quantise:
        measured = batches.passes
        every = quantise(tmp_path / "all.onnx")
        left = list(every.nodes)[:2]
        some = [quantise(tmp_path / f"{k}.onnx", left[:k]) for k in (1, 2)]
    # FP32's answers; and for each method what is measured, and what comes of it.
    assert batches.passes == measured == 1 + 2 * len(METHODS)
    assert {done.calibration for done in (every, *some)} == {every.calibration}
    assert [done.excluded for done in some] == [tuple(left[:1]), tuple(sorted(left))]
    for file in ("all", "1", "2"):
        assert output_loss(convolutions, tmp_path / f"{file}.onnx", images) > 20


def test_that_way_to_choose_ranges_is_taken_which_loses_least(
    convolutions, images, tmp_path, monkeypatch
):
    outlier = [{"image": batch["image"].copy()} for batch in images]
    outlier[1]["image"][0, 0, 0, 0] = 60
    best = quantise_static(convolutions, tmp_path / "best.onnx", outlier, reduce_range=False)
    losses = {}
    for method in METHODS:
        monkeypatch.setattr(static, "METHODS", (method,))
        done = quantise_static(convolutions, tmp_path / "int8.onnx", outlier, reduce_range=False)
        assert done.calibration == method.name
        losses[method.name] = output_loss(convolutions, tmp_path / "int8.onnx", outlier)
    assert max(losses.values()) > min(losses.values()) + 1
    assert best.calibration == max(losses, key=lambda name: losses[name])


def test_masks_and_what_is_not_a_number_count_as_they_should():
    wanted = {"y": np.array([1, 2, -np.inf], np.float32)}
    assert static._loss(wanted, wanted) == 200
    assert static._loss(wanted, {"y": np.array([1.1, 2.2, 0], np.float32)}) == pytest.approx(20)
    assert static._loss(wanted, {"y": np.array([1, np.nan, 0], np.float32)}) == -np.inf


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
