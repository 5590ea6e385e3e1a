import numpy as np
import pytest

from slipway.build.optimise.exclusion import SHARES, feeders, quantise_within, rank
from slipway.build.optimise.losses import TensorLoss, output_loss
from slipway.build.optimise.static import quantise_static
from slipway.errors import VariantError

LAYERS = 8


@pytest.fixture
def layers(onnx_file):
    """Products in a row; one has a weight a thousand times as large as the others, and one that
    takes it back, which 8 bits for a tensor cannot write.
    """
    random = np.random.default_rng(0)
    weights = {f"w{k}": np.linalg.qr(random.normal(size=(8, 8)))[0] for k in range(LAYERS)}
    weights = {name: w.astype(np.float32) for name, w in weights.items()}
    weights["w3"] = weights["w3"] * np.array([1000, *[1] * 7], np.float32)
    weights["w4"] = weights["w4"] / np.array([1000, *[1] * 7], np.float32)[:, None]
    chain = ["x", *(f"h{k}" for k in range(1, LAYERS)), "y"]
    body = "\n".join(f"[layer{k}] {chain[k + 1]} = MatMul({chain[k]}, w{k})" for k in range(LAYERS))
    return onnx_file(f"g (float[n,8] x) => (float[n,8] y) {{ {body} }}", **weights)


@pytest.fixture
def batches():
    return [{"x": np.random.default_rng(1).normal(size=(64, 8)).astype(np.float32)}]


@pytest.fixture
def quantiser(layers, batches):
    attempts = []

    def quantise(path, excluded):
        attempts.append(excluded)
        return quantise_static(layers, path, batches, excluded=excluded, reduce_range=False)

    quantise.attempts = attempts
    return quantise


def test_a_result_that_is_good_at_once_excludes_nothing(layers, batches, quantiser, tmp_path):
    done = quantise_within(quantiser, layers, tmp_path / "t.onnx", batches, lambda path: "")
    assert done.excluded == ()
    assert quantiser.attempts == [frozenset()]
    assert (tmp_path / "t.onnx").stat().st_size == done.after


def test_the_node_that_spoils_it_is_left_out(layers, batches, quantiser, tmp_path):
    def gate(path):
        return "" if output_loss(layers, path, batches) > 25 else "too much is lost"

    target = tmp_path / "t.onnx"
    done = quantise_within(quantiser, layers, target, batches, gate)
    assert {"layer3", "layer4"} & set(done.excluded)
    assert len(done.excluded) <= LAYERS / 2
    assert output_loss(layers, target, batches) > 25
    sizes = [len(excluded) for excluded in quantiser.attempts]
    assert sizes == sorted(set(sizes))


def test_what_is_never_good_enough_is_refused_with_the_worst_tensors(
    layers, batches, quantiser, tmp_path
):
    before = set(tmp_path.iterdir())
    with pytest.raises(VariantError, match="accuracy is 3 points worse") as caught:
        quantise_within(
            quantiser,
            layers,
            tmp_path / "t.onnx",
            batches,
            lambda path: "accuracy is 3 points worse",
        )
    assert str(caught.value).count(" dB)") == 3
    assert len(quantiser.attempts) <= 1 + len(SHARES)
    assert max(map(len, quantiser.attempts)) == LAYERS // 2
    assert set(tmp_path.iterdir()) == before


def test_a_quantiser_that_fails_leaves_no_file_behind(layers, batches, tmp_path):
    def quantise(path, excluded):
        path.write_bytes(b"half of it")
        raise VariantError("The quantiser failed")

    before = set(tmp_path.iterdir())
    with pytest.raises(VariantError, match="The quantiser failed"):
        quantise_within(quantise, layers, tmp_path / "t.onnx", batches, lambda path: "")
    assert set(tmp_path.iterdir()) == before


def test_products_that_give_fp32_have_no_part_in_the_noise_of_the_next(layers, quantiser, tmp_path):
    done = quantiser(tmp_path / "int8.onnx", frozenset())
    assert feeders(layers, done) == {f"layer{k}": () for k in range(LAYERS)}


def test_nodes_are_ranked_by_the_noise_they_add_not_by_what_reaches_them():
    losses = [
        TensorLoss("t3", "c", db=3, added=0.0),
        TensorLoss("t2", "norm", db=4, added=0.9),
        TensorLoss("t1", "b", db=5, added=0.3),
        TensorLoss("t0", "a", db=30, added=0.001),
    ]
    assert rank(losses, {"a": (), "b": (), "c": ()}) == ("b", "a", "c")
    assert rank(losses, {"a": (), "b": ("c",), "c": ("a",)}) == ("b", "c", "a")


def test_a_node_is_fed_by_the_nearest_quantised_ones(convolutions, images, tmp_path):
    done = quantise_static(convolutions, tmp_path / "int8.onnx", images, reduce_range=False)
    first, second, third, merge, head = done.nodes  # the last is fed in FP32
    assert feeders(convolutions, done) == {
        first: (),
        second: (first,),
        third: (),
        merge: (first,),
        head: (),
    }
