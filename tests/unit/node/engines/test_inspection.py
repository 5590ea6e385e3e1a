import pytest

from slipway.errors import NodeError
from slipway.node.engines.inspection import inspect
from tests.engines import spec

SIZE = 1 << 20


def gemm(kind, **more):
    """A layer as TensorRT 10 writes it."""
    return {
        "Name": "product",
        "LayerType": "gemm",
        **more,
        "Inputs": [{"Name": "x", "Format/Datatype": f"Row major linear {kind} format"}],
    }


def judged(*layers, what=None, plan=SIZE, onnx=SIZE):
    return inspect({"Layers": list(layers)}, what or spec(), plan, onnx)


@pytest.mark.parametrize(
    ("layer", "precision"),
    [
        (gemm("FP16"), "fp16"),
        ({"LayerType": "gemm", "Inputs": [{"Format/Datatype": "Half"}]}, "fp16"),
        ({"LayerType": "gemm", "Inputs": [{"Format": "LINEAR", "DataType": "Half"}]}, "fp16"),
        ({"LayerType": "gemm", "Inputs": [{"Format": "LINEAR", "Datatype": "BFloat16"}]}, "bf16"),
        ({"LayerType": "CaskConvolution", "ParameterType": "Convolution",
          "Inputs": [{"Format/Datatype":
                      "Thirty-two wide channel vectorized row major Int8 format."}],
          "Weights": {"Type": "Int8"}, "Bias": {"Type": "Float"}}, "int8"),
        ({"LayerType": "kgen", "TacticName": "_gemm_mha_v2_0x1",
          "Inputs": [{"Format/Datatype": "Bool"}, {"Format/Datatype": "Half"}]}, "fp16"),
        ({"LayerType": "CaskConvolution", "ParameterType": "Convolution",
          "Inputs": [{"Format/Datatype": "N/A due to dynamic shapes"}],
          "Weights": {"Type": "Half", "Count": 1}}, "fp16"),
        ({"LayerType": "gemm", "Inputs": [{"Format/Datatype": "N/A due to dynamic shapes"}],
          "TacticName": "sm80_xmma_gemm_f16f16_f16f16_f16_nn_n"}, "fp16"),
    ],
)  # fmt: skip
def test_the_precision_of_a_layer_is_read_in_every_way_it_is_written(layer, precision):
    assert judged(layer, what=spec("bf16" if precision == "bf16" else "fp16")) == {precision: 1}


def test_casts_and_reformats_are_not_counted():
    wide = gemm("FP32", LayerType="Reformat", ParameterType="Reformat")
    kernel = {"LayerType": "kgen", "TacticName": "__myl_Cast", "Inputs": [
        {"Format/Datatype": "Float"}]}  # fmt: skip
    assert judged(wide, kernel, gemm("FP16")) == {"fp16": 1}


def test_an_engine_that_was_silently_built_in_fp32_is_refused():
    with pytest.raises(NodeError, match=r"silently.*of 3 heavy layers 1 in fp16, 2 in fp32"):
        judged(gemm("FP16"), gemm("FP32"), gemm("FP32"))


def test_layers_that_were_kept_wide_on_purpose_are_within_its_share():
    kept = spec(share=0.3)
    assert judged(gemm("FP16"), gemm("FP32"), gemm("FP32"), what=kept) == {"fp16": 1, "fp32": 2}


def test_a_tensor_core_kernel_of_fp32_is_fp32():
    layer = {"LayerType": "gemm", "Inputs": [], "TacticName": "sm80_xmma_gemm_f32f32_tf32f32_f32"}
    with pytest.raises(NodeError, match="1 in fp32"):
        judged(layer)


def test_weights_in_int8_alone_are_no_int8():
    layer = gemm("FP32", Weights={"Type": "Int8"})
    with pytest.raises(NodeError, match="1 in fp32"):
        judged(layer, what=spec("int8"))


@pytest.mark.parametrize(
    "layers",
    [{"Layers": ["product"]}, {"Layers": []}, {}, [], {"Layers": [{"LayerType": "Reformat"}]},
     {"Layers": [{"LayerType": "gemm", "Inputs": [], "TacticName": "0x1"}]}],
)  # fmt: skip
def test_what_cannot_be_judged_is_refused(layers):
    with pytest.raises(NodeError, match="refused"):
        inspect(layers, spec(), SIZE, SIZE)


@pytest.mark.parametrize(("plan", "onnx"), [(260 << 20, 128 << 20), (1 << 20, 128 << 20)])
def test_a_plan_of_another_size_than_its_weights_is_refused(plan, onnx):
    with pytest.raises(NodeError, match="weights are missing or in another precision"):
        judged(gemm("FP16"), plan=plan, onnx=onnx)


def test_a_small_network_may_have_kernels_larger_than_its_weights():
    assert judged(gemm("FP16"), plan=20 << 20, onnx=1 << 20)
