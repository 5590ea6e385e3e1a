import pytest

from slipway.triton.backends.openvino.settings import InvalidSetting, Settings


def config(batch=0, dims=("-1", "3"), instances=1, **parameters):
    return {
        "max_batch_size": batch,
        "input": [{"name": "x", "dims": list(dims)}],
        "instance_group": [{"count": instances}],
        "parameters": {name: {"string_value": value} for name, value in parameters.items()},
    }


def test_without_parameters_openvino_chooses_but_pins_no_threads():
    assert Settings.of(config()) == Settings({"ENABLE_CPU_PINNING": "NO"})
    assert Settings.of({"input": []}) == Settings({"ENABLE_CPU_PINNING": "NO"})


@pytest.mark.parametrize(
    ("name", "value", "properties"),
    [
        ("INFERENCE_NUM_THREADS", "3", {"INFERENCE_NUM_THREADS": "3"}),
        ("INFERENCE_NUM_THREADS", "0", {}),
        ("INFERENCE_NUM_THREADS", "", {}),
        ("COMPILATION_NUM_THREADS", "2", {"COMPILATION_NUM_THREADS": "2"}),
        ("HINT_BF16", "yes", {"INFERENCE_PRECISION_HINT": "bf16"}),
        ("NUM_STREAMS", "4", {"NUM_STREAMS": "4"}),
        ("NUM_STREAMS", "auto", {"NUM_STREAMS": "AUTO"}),
        ("NUM_STREAMS", "NUMA", {"NUM_STREAMS": "NUMA"}),
        ("PERFORMANCE_HINT", "Throughput", {"PERFORMANCE_HINT": "THROUGHPUT"}),
        ("SKIP_OV_DYNAMIC_BATCHSIZE", "YES", {}),
        ("TARGET_DEVICE", "CPU", {}),
        ("of_somebody_else", "anything", {}),
    ],
)
def test_parameters_mean_what_they_mean_to_the_official_backend(name, value, properties):
    found = dict(Settings.of(config(**{name: value})).properties)
    assert found.pop("ENABLE_CPU_PINNING") == "NO"
    assert found == properties


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("INFERENCE_NUM_THREADS", "many"),
        ("INFERENCE_NUM_THREADS", "-1"),
        ("INFERENCE_NUM_THREADS", "²"),
        ("COMPILATION_NUM_THREADS", "1.5"),
        ("HINT_BF16", "NO"),
        ("NUM_STREAMS", "some"),
        ("PERFORMANCE_HINT", "fast"),
        ("RESHAPE_IO_LAYERS", "true"),
        ("ENABLE_BATCH_PADDING", "1"),
        ("SKIP_OV_DYNAMIC_BATCHSIZE", "on"),
        ("CPU_EXTENSION_PATH", "/lib/extension.so"),
        ("TARGET_DEVICE", "GPU"),
    ],
)
def test_what_cannot_be_is_refused_by_name(name, value):
    with pytest.raises(InvalidSetting, match=f"parameter {name} "):
        Settings.of(config(**{name: value}))


@pytest.mark.parametrize(
    ("threads", "instances", "each"), [("4", 2, "2"), ("5", 2, "2"), ("1", 3, "1")]
)
def test_instances_share_threads_and_streams_so_each_process_gets_its_part(
    threads, instances, each
):
    given = config(instances=instances, INFERENCE_NUM_THREADS=threads, NUM_STREAMS=str(instances))
    properties = Settings.of(given).properties
    assert properties["INFERENCE_NUM_THREADS"] == each
    assert properties["NUM_STREAMS"] == "1"


def test_batches_that_the_official_backend_would_not_answer_are_refused_with_the_way_out():
    with pytest.raises(InvalidSetting, match="batches of exactly that size alone; set ENABLE_"):
        Settings.of(config(batch=8, dims=["3"]))
    assert Settings.of(config(batch=1, dims=["3"]))
    assert Settings.of(config(batch=8, dims=["3"], ENABLE_BATCH_PADDING="YES")).padded


def test_batches_cannot_be_filled_up_where_another_dimension_varies():
    with pytest.raises(InvalidSetting, match="those of 'x' vary; set max_batch_size 0"):
        Settings.of(config(batch=8, dims=["-1"], ENABLE_BATCH_PADDING="YES"))
