from dataclasses import replace

import pytest
from google.protobuf import text_format
from hypothesis import given
from hypothesis import strategies as st
from tritonclient.grpc import model_config_pb2 as pb

from slipway.build.triton_config import as_json, model_config, write_config
from slipway.recipe import Metric, Recipe, Serving, Training
from slipway.tensors import NUMPY_OF, TensorSpec

SHAPES = st.lists(st.one_of(st.none(), st.integers(1, 512)), min_size=1, max_size=3).map(tuple)


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
    write_config(model_config("any", recipe), path)
    config = text_format.Parse(path.read_text(), pb.ModelConfig())
    serving = recipe.serving
    assert config.max_batch_size == serving.max_batch_size
    assert [t.name for t in config.input] == [s.name for s in recipe.inputs]
    assert [list(t.dims) for t in config.input] == [
        [-1 if size is None else size for size in s.shape] for s in recipe.inputs
    ]
    assert [pb.DataType.Name(t.data_type) for t in config.output] == [
        f"TYPE_{s.datatype}" for s in recipe.outputs
    ]
    assert [w.batch_size for w in config.model_warmup] == list(serving.batch_buckets)
    assert all(min(w.inputs[s.name].dims) >= 1 for w in config.model_warmup for s in recipe.inputs)
    assert config.instance_group[0].count == serving.instances
    assert config.parameters["intra_op_thread_count"].string_value == str(serving.threads)
    assert list(config.version_policy.specific.versions) == [1]


def test_requests_beyond_the_queue_are_rejected_not_delayed(tiny):
    serving = replace(tiny.recipe.serving, queue_size=7, queue_timeout_us=900)
    config = model_config("tiny", replace(tiny.recipe, serving=serving))
    queue = config.dynamic_batching.default_queue_policy
    assert queue.timeout_action == pb.ModelQueuePolicy.REJECT
    assert (queue.max_queue_size, queue.default_timeout_microseconds) == (7, 900)


def test_preferred_batches_are_named_only_where_a_recipe_prefers_some(tiny):
    serving = replace(tiny.recipe.serving, preferred_batch_sizes=(4, 8))
    asked = model_config("tiny", replace(tiny.recipe, serving=serving)).dynamic_batching
    assert list(asked.preferred_batch_size) == [4, 8]
    assert not model_config("tiny", tiny.recipe).dynamic_batching.preferred_batch_size


def test_no_limit_is_set_unasked_because_triton_would_stop_preparing_batches(tiny):
    queue = model_config("tiny", tiny.recipe).dynamic_batching.default_queue_policy
    assert (queue.max_queue_size, queue.default_timeout_microseconds) == (0, 0)


def test_labels_are_named_for_the_output_that_has_them(tiny):
    config = model_config("tiny", tiny.recipe)
    assert config.output[0].label_filename == "labels.txt"
    bare = replace(tiny.recipe, outputs=(TensorSpec("scores", "FP32", (3,)),))
    assert not model_config("tiny", bare).output[0].label_filename


def test_the_manifest_form_uses_tritons_field_names(tiny):
    value = as_json(model_config("tiny", tiny.recipe))
    assert value["max_batch_size"] == 8
    with pytest.raises(KeyError):
        value["maxBatchSize"]
