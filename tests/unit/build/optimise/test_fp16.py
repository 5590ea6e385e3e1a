import numpy as np
import onnx
import pytest

from slipway.build.optimise.fp16 import to_fp16
from slipway.build.optimise.fusion import fuse
from slipway.build.optimise.half import MARK, halved
from slipway.errors import VariantError
from slipway.tensors import max_difference

RANDOM = np.random.default_rng(0)
WEIGHTS = RANDOM.normal(size=(4, 4)).astype(np.float32)
BATCHES = [{"x": RANDOM.uniform(0.5, 1, (8, 4)).astype(np.float32)} for _ in range(2)]

RISES = """
g (float[n,4] x) => (float[n,4] y) {
    h = MatMul(x, w)
    bent = Tanh(h)
    raised = Mul(bent, k)
    more = Abs(raised)
    back = Div(more, k)
    y = MatMul(back, w)
}
"""


def outputs_of(path):
    model = onnx.load(path)
    inferred = onnx.shape_inference.infer_shapes(model, strict_mode=True).graph
    return {v.name: v.type.tensor_type.elem_type for v in (*inferred.value_info, *inferred.output)}


def test_weights_are_halved_and_inputs_and_outputs_stay(convolutions, tmp_path, images, run):
    target = tmp_path / "half.onnx"
    mixed = to_fp16(convolutions, target, images)
    assert mixed.converted > 5
    weights = [i for i in onnx.load(target).graph.initializer if len(i.dims) > 1]
    assert {i.data_type for i in weights} == {onnx.TensorProto.FLOAT16}
    want, got = run(convolutions, images[0]), run(target, images[0])
    assert got["scores"].dtype == np.float32
    assert 0 < max_difference(want, got) < 5e-3


def test_a_range_that_overflows_is_kept_in_fp32_and_the_result_is_right(onnx_file, tmp_path, run):
    source, target = onnx_file(RISES, w=WEIGHTS, k=np.float32(1e6)), tmp_path / "half.onnx"
    mixed = to_fp16(source, target, BATCHES)
    kept = {onnx.load(source).graph.node[k].op_type for k in (2, 3, 4)}
    assert {name.split("_")[0] for name in mixed.kept} == kept == {"Mul", "Abs", "Div"}
    assert mixed.converted == 3
    assert max_difference(run(source, BATCHES[0]), run(target, BATCHES[0])) < 1e-2


def test_numbers_go_from_one_node_in_fp32_to_the_next_without_a_cast(onnx_file, tmp_path):
    target = tmp_path / "half.onnx"
    to_fp16(onnx_file(RISES, w=WEIGHTS, k=np.float32(1e6)), target, BATCHES)
    types = outputs_of(target)
    assert types["raised"] == types["more"] == onnx.TensorProto.FLOAT
    casts = [n for n in onnx.load(target).graph.node if n.op_type == "Cast"]
    assert len(casts) == 4


GROWS = """
g (float[n,4] x) => (float[n,4] y) {
    h = MatMul(x, w)
    squared = Mul(h, h)
    fourth = Mul(squared, squared)
    root = Sqrt(fourth)
    y = Sqrt(root)
}
"""


def test_an_overflow_that_only_other_examples_show_is_found(onnx_file, tmp_path):
    source = onnx_file(GROWS, w=np.eye(4, dtype=np.float32))
    far = [{"x": np.full((1, 4), 30, np.float32)}]
    with pytest.raises(VariantError, match="tensor 'fourth' is infinite") as caught:
        to_fp16(source, tmp_path / "half.onnx", BATCHES, checks=far)
    assert "was not measured on" in caught.value.what
    assert "8.1e+05" in caught.value.why
    assert "calibration split" in caught.value.mend


HIDDEN = """
g (float[n,4] x) => (float[n,1] y) {
    p = MatMul(x, up)
    q = MatMul(p, down)
    y = Abs(q)
}
"""


def test_an_overflow_despite_the_measured_ranges_is_found(onnx_file, tmp_path, monkeypatch):
    monkeypatch.setattr("slipway.build.optimise.fp16.MARGIN", 0.0)
    up, down = np.full((4, 4), 3e4, np.float32), np.full((4, 1), 1e-4, np.float32)
    with pytest.raises(VariantError, match="tensor 'p' is infinite") as caught:
        to_fp16(onnx_file(HIDDEN, up=up, down=down), tmp_path / "half.onnx", BATCHES)
    assert "in FP32 it lies between" in caught.value.why
    assert "not measured on" not in str(caught.value)


def test_a_constant_that_does_not_fit_is_kept(onnx_file, tmp_path):
    source = onnx_file(
        "g (float[n,4] x) => (float[n,4] y) { a = MatMul(x, w)\n b = Min(a, k)\n y = Tanh(b) }",
        w=WEIGHTS,
        k=np.float32(1e5),
    )
    (reason,) = to_fp16(source, tmp_path / "half.onnx", BATCHES).kept.values()
    assert "'k' reaches 1e+05" in reason


NORMALISES = """
g (float[n,4] x) => (float[n,4] y) {
    h = MatMul(x, w)
    length = ReduceL2 <keepdims = 1> (h, axis)
    least = Max(length, tiny)
    wide = Expand(least, shape)
    unit = Div(h, wide)
    y = Tanh(unit)
}
"""


def test_what_is_divided_by_does_not_become_0(onnx_file, tmp_path, run):
    source = onnx_file(
        NORMALISES,
        w=WEIGHTS,
        axis=np.array([1]),
        tiny=np.float32(1e-12),
        shape=np.array([1, 4]),
    )
    nothing = {"x": np.zeros((2, 4), np.float32)}
    mixed = to_fp16(source, tmp_path / "half.onnx", [*BATCHES, nothing])
    assert len(mixed.kept) == 4
    assert mixed.converted == 2
    assert run(tmp_path / "half.onnx", nothing)["y"].tolist() == np.zeros((2, 4)).tolist()


def test_numbers_too_small_for_fp16_are_kept(onnx_file, tmp_path):
    source = onnx_file(
        "g (float[n,4] x) => (float[n,4] y) "
        "{ a = MatMul(x, w)\n b = Mul(a, k)\n c = Sqrt(b)\n y = Tanh(c) }",
        w=np.abs(WEIGHTS),
        k=np.float32(1e-4),
    )
    small = [{"x": batch["x"] * 0.01} for batch in BATCHES]
    kept = to_fp16(source, tmp_path / "half.onnx", small).kept
    assert {name.split("_")[0] for name in kept} == {"Mul", "Sqrt"}


def test_a_sum_of_many_is_kept_with_its_reason(convolutions, tmp_path, images):
    kept = to_fp16(convolutions, tmp_path / "half.onnx", images).kept
    assert ["sums many" in reason for reason in kept.values()] == [True]


def test_whole_numbers_past_those_of_fp16_are_kept(onnx_file, tmp_path):
    source = onnx_file(
        "g (int64[n,4] i) => (float[n,4] y) "
        "{ f = Cast <to = 1> (i)\n s = Mul(f, k)\n h = MatMul(s, w)\n y = Tanh(h) }",
        k=np.float32(0.01),
        w=WEIGHTS,
    )
    kept = to_fp16(source, tmp_path / "half.onnx", [{"i": np.full((1, 4), 3000)}]).kept
    assert any("counts to 3000" in reason for reason in kept.values())


def test_a_graph_in_which_nothing_becomes_fp16_is_refused(onnx_file, tmp_path):
    source = onnx_file("g (float[n,4] x) => (float[n,4] y) { y = Mul(x, k) }", k=np.float32(1e6))
    with pytest.raises(VariantError, match="Nothing in the graph became FP16"):
        to_fp16(source, tmp_path / "half.onnx", BATCHES)


def test_an_input_that_must_be_fp32_stays_so(onnx_file, tmp_path, run):
    source = onnx_file(
        "g (float[n,1,2,2] x) => (float[n,1,a,b] y) "
        '{ h = Tanh(x)\n y = Resize <mode = "linear"> (h, , scales) }',
        scales=np.array([1, 1, 2, 2], np.float32),
    )
    image = {"x": RANDOM.normal(size=(1, 1, 2, 2)).astype(np.float32)}
    assert to_fp16(source, tmp_path / "half.onnx", [image]).converted == 2
    assert max_difference(run(source, image), run(tmp_path / "half.onnx", image)) < 1e-2


def test_a_graph_inside_a_graph_gets_what_it_uses_in_fp32(onnx_file, tmp_path, run):
    source = onnx_file(
        """
        g (float[n,4] x, bool c) => (float[n,4] y) {
            h = MatMul(x, w)
            z = If (c) <
                then_branch = t () => (float[n,4] a) { a = Add(h, h) },
                else_branch = e () => (float[n,4] b) { b = Neg(h) }
            >
            y = Tanh(z)
        }
        """,
        w=WEIGHTS,
    )
    batch = {**BATCHES[0], "c": np.array(True)}
    mixed = to_fp16(source, tmp_path / "half.onnx", [batch])
    assert list(mixed.kept.values()) == ["it holds graphs of its own"]
    assert max_difference(run(source, batch), run(tmp_path / "half.onnx", batch)) < 1e-2


@pytest.mark.parametrize("fused", [False, True])
def test_masks_of_the_lowest_number_do_not_overflow(transformer, tmp_path, texts, run, fused):
    source, target = transformer, tmp_path / "half.onnx"
    if fused:
        source = tmp_path / "fused.onnx"
        fuse(transformer, source)
    mixed = to_fp16(source, target, texts[:2], checks=texts[2:])
    assert not any("reaches" in reason for reason in mixed.kept.values())
    assert max_difference(run(source, texts[2]), run(target, texts[2])) < 2e-2


def test_a_mask_leaves_room_for_scores_and_infinity_stays():
    array = np.array([np.finfo(np.float32).min, -np.inf, 1], np.float32)
    assert onnx.numpy_helper.to_array(halved(array, "mask")).tolist() == [-MARK, -np.inf, 1]
