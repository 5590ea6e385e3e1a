from dataclasses import replace

import pytest
from google.protobuf import text_format
from hypothesis import given
from hypothesis import strategies as st
from tritonclient.grpc import model_config_pb2 as pb

from slipway.build.engine import ONNXRUNTIME, OPENVINO, OPENVINO_BF16
from slipway.build.triton_config import as_json, configurations, network_config, write_config
from slipway.errors import VariantError
from slipway.recipe import Metric, Recipe, Serving, Tokenizer, Training
from slipway.tensors import NUMPY_OF, TensorSpec

SIZES = st.one_of(st.sampled_from(["rows", "steps"]), st.integers(1, 512))
SHAPES = st.lists(SIZES, min_size=1, max_size=3).map(tuple)


@st.composite
def recipes(draw):
    buckets = tuple(sorted(draw(st.sets(st.integers(1, 64), min_size=1, max_size=5))))
    count = draw(st.integers(2, 4))
    specs = [
        TensorSpec(f"t{k}", draw(st.sampled_from(sorted(NUMPY_OF))), draw(SHAPES))
        for k in range(count)
    ]
    return Recipe(
        title="any",
        inputs=tuple(specs[:-1]),
        outputs=(specs[-1],),
        training=Training(epochs=1, batch_size=2, learning_rate=0.1),
        metric=Metric("accuracy", 0.5),
        serving=Serving(
            max_batch_size=buckets[-1],
            batch_buckets=buckets,
            instances=draw(st.integers(1, 4)),
            threads=draw(st.integers(0, 8)),
            queue_delay_us=draw(st.integers(0, 10_000)),
        ),
    )


@given(recipe=recipes())
def test_what_is_written_reads_back_as_the_recipe_says(tmp_path_factory, recipe):
    path = tmp_path_factory.mktemp("config") / "config.pbtxt"
    write_config(network_config("any", recipe), path)
    config = text_format.Parse(path.read_text(), pb.ModelConfig())
    serving = recipe.serving
    assert config.max_batch_size == serving.max_batch_size
    assert [t.name for t in config.input] == [s.name for s in recipe.inputs]
    assert [list(t.dims) for t in config.input] == [
        [-1 if isinstance(size, str) else size for size in s.shape] for s in recipe.inputs
    ]
    assert [pb.DataType.Name(t.data_type) for t in config.output] == [
        "TYPE_STRING" if s.datatype == "BYTES" else f"TYPE_{s.datatype}" for s in recipe.outputs
    ]
    assert [w.batch_size for w in config.model_warmup] == list(serving.batch_buckets)
    assert all(min(w.inputs[s.name].dims) >= 1 for w in config.model_warmup for s in recipe.inputs)
    assert config.instance_group[0].count == serving.instances
    assert config.parameters["intra_op_thread_count"].string_value == str(serving.threads)
    assert list(config.version_policy.specific.versions) == [1]


def test_requests_beyond_the_queue_are_rejected_not_delayed(tiny):
    serving = replace(tiny.recipe.serving, queue_size=7, queue_timeout_us=900)
    config = network_config("tiny", replace(tiny.recipe, serving=serving))
    queue = config.dynamic_batching.default_queue_policy
    assert queue.timeout_action == pb.ModelQueuePolicy.REJECT
    assert (queue.max_queue_size, queue.default_timeout_microseconds) == (7, 900)


def test_preferred_batches_are_named_only_where_a_recipe_prefers_some(tiny):
    serving = replace(tiny.recipe.serving, preferred_batch_sizes=(4, 8))
    asked = network_config("tiny", replace(tiny.recipe, serving=serving)).dynamic_batching
    assert list(asked.preferred_batch_size) == [4, 8]
    assert not network_config("tiny", tiny.recipe).dynamic_batching.preferred_batch_size


def test_no_limit_is_set_unasked_because_triton_would_stop_preparing_batches(tiny):
    queue = network_config("tiny", tiny.recipe).dynamic_batching.default_queue_policy
    assert (queue.max_queue_size, queue.default_timeout_microseconds) == (0, 0)


def test_labels_are_named_for_the_output_that_has_them(tiny):
    config = network_config("tiny", tiny.recipe)
    assert config.output[0].label_filename == "scores_labels.txt"
    bare = replace(tiny.recipe, outputs=(TensorSpec("scores", "FP32", (3,)),))
    assert not network_config("tiny", bare).output[0].label_filename


def test_the_manifest_form_uses_tritons_field_names(tiny):
    value = as_json(network_config("tiny", tiny.recipe))
    assert value["max_batch_size"] == 8
    with pytest.raises(KeyError):
        value["maxBatchSize"]


def test_a_model_without_text_has_no_steps(tiny):
    found = configurations("tiny", tiny.recipe)
    assert found.steps == {}
    assert found.model == network_config("tiny", tiny.recipe)


def test_text_makes_an_ensemble_whose_tensors_lead_from_step_to_step(tiny_text):
    found = configurations("tiny_text", tiny_text.recipe)
    steps = found.model.ensemble_scheduling.step
    assert [step.model_name for step in steps] == list(found.steps) == ["tokenizer", "network"]
    assert [(t.name, t.data_type) for t in found.model.input] == [("text", pb.TYPE_STRING)]
    known = {t.name for t in found.model.input}
    for step in steps:
        config = found.steps[step.model_name]
        assert set(step.input_map) == {t.name for t in config.input}
        assert set(step.output_map) == {t.name for t in config.output}
        assert set(step.input_map.values()) <= known
        known |= set(step.output_map.values())
        assert config.max_batch_size == found.model.max_batch_size
    assert {t.name for t in found.model.output} <= known


def test_of_text_every_batch_is_warmed_up_at_every_length(tiny_text):
    config = configurations("tiny_text", tiny_text.recipe).steps["network"]
    warmed = [(w.batch_size, tuple(w.inputs["input_ids"].dims)) for w in config.model_warmup]
    assert warmed == [(1, (4,)), (1, (8,)), (4, (4,)), (4, (8,))]


def test_items_of_text_are_warmed_up_too_and_keep_their_own_dimension(tiny_text):
    shape = ("items", "tokens")
    recipe = replace(
        tiny_text.recipe,
        inputs=tuple(TensorSpec(n, "INT64", shape) for n in ("input_ids", "attention_mask")),
        tokenizer=Tokenizer(TensorSpec("history", "BYTES", ("items",)), lengths=(16,)),
    )
    found = configurations("any", recipe)
    assert list(found.steps["tokenizer"].output[0].dims) == [-1, -1]
    assert list(found.steps["network"].model_warmup[0].inputs["input_ids"].dims) == [8, 16]


TWO_THREADS = Serving(max_batch_size=4, batch_buckets=(1, 4), instances=3, threads=2)


def of_one_input(recipe, *shape):
    """The recipe with one input of this shape."""
    return replace(recipe, inputs=(TensorSpec("x", "FP32", shape),), serving=TWO_THREADS)


def parameters(config):
    return {name: value.string_value for name, value in config.parameters.items()}


def test_onnx_runtime_is_the_engine_unless_another_is_named(tiny):
    config = network_config("tiny", tiny.recipe)
    assert config == network_config("tiny", tiny.recipe, engine=ONNXRUNTIME)
    assert config.backend == "onnxruntime"
    assert config.default_model_filename == ""
    assert set(parameters(config)) == {"intra_op_thread_count"}


def test_openvino_is_told_the_file_and_of_all_instances_threads_together(tiny):
    config = network_config("tiny", of_one_input(tiny.recipe, 3), engine=OPENVINO)
    assert (config.backend, config.default_model_filename) == ("openvino", "model.onnx")
    assert parameters(config) == {"INFERENCE_NUM_THREADS": "6", "NUM_STREAMS": "3"}
    bf16 = network_config("tiny", of_one_input(tiny.recipe, 3), engine=OPENVINO_BF16)
    assert parameters(bf16) == {**parameters(config), "HINT_BF16": "YES"}


def test_openvino_is_kept_off_gpus_where_its_official_backend_refuses_to_load(tiny):
    (group,) = network_config("tiny", of_one_input(tiny.recipe, 3), OPENVINO).instance_group
    assert (group.kind, group.count) == (pb.ModelInstanceGroup.KIND_CPU, 3)


def test_openvino_takes_any_batch_as_a_dimension_because_it_cannot_join_requests(tiny):
    serving = replace(TWO_THREADS, preferred_batch_sizes=(4,), queue_delay_us=50, queue_size=9)
    recipe = replace(of_one_input(tiny.recipe, "steps", 5), serving=serving)
    config = network_config("tiny", recipe, engine=OPENVINO)
    assert config.max_batch_size == 0
    assert list(config.input[0].dims) == [-1, -1, 5]
    assert [t.dims[0] for t in config.output] == [-1] * len(recipe.outputs)
    warmed = [(w.batch_size, list(w.inputs["x"].dims)) for w in config.model_warmup]
    assert warmed == [(1, [1, 8, 5]), (1, [4, 8, 5])]
    batching = config.dynamic_batching
    assert not batching.preferred_batch_size
    assert batching.max_queue_delay_microseconds == 0
    assert batching.default_queue_policy.max_queue_size == 9


def test_in_an_ensemble_only_the_network_is_openvinos_and_the_batch_stays_bounded(tiny_text):
    found = configurations("tiny_text", tiny_text.recipe, engine=OPENVINO)
    plain = configurations("tiny_text", tiny_text.recipe)
    assert found.model == plain.model
    assert found.steps["tokenizer"] == plain.steps["tokenizer"]
    network = found.steps["network"]
    assert (network.backend, network.max_batch_size) == ("openvino", 0)
    assert list(network.input[0].dims) == [-1, *plain.steps["network"].input[0].dims]
    assert list(network.model_warmup[0].inputs["input_ids"].dims) == [1, 4]


def test_openvino_gets_no_inputs_that_a_client_could_send_in_sizes_that_disagree(tiny, tiny_text):
    two = tuple(TensorSpec(name, "FP32", (3,)) for name in "ab")
    with pytest.raises(VariantError, match="agree in 'batch'"):
        network_config("tiny", replace(tiny.recipe, inputs=two), engine=OPENVINO)
    with_lengths = replace(
        tiny_text.recipe,
        inputs=(*tiny_text.recipe.inputs, TensorSpec("a", "FP32", ("n",))),
    )
    assert configurations("tiny_text", with_lengths, engine=OPENVINO)
    more = replace(with_lengths, inputs=(*with_lengths.inputs, TensorSpec("b", "FP32", ("n",))))
    with pytest.raises(VariantError, match="agree in 'n'"):
        configurations("tiny_text", more, engine=OPENVINO)
    assert network_config("tiny", replace(tiny.recipe, inputs=two))
