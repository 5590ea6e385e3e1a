from dataclasses import replace

import pytest
from google.protobuf import text_format
from hypothesis import given
from hypothesis import strategies as st
from tritonclient.grpc import model_config_pb2 as pb

from slipway.build.triton_config import as_json, configurations, network_config, write_config
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
