import onnxruntime as ort
import pytest

from slipway.triton.backends.onnxruntime.settings import InvalidSetting, Settings


def config(level=None, **parameters):
    value = {"parameters": {n: {"string_value": v} for n, v in parameters.items()}}
    if level is not None:
        value["optimization"] = {"graph": {"level": level}}
    return value


def test_a_configuration_that_says_nothing_leaves_onnx_runtime_its_defaults():
    options = Settings.of({}).apply(ort.SessionOptions(), ort)
    fresh = ort.SessionOptions()
    for name in ("intra_op_num_threads", "enable_cpu_mem_arena", "enable_mem_pattern"):
        assert getattr(options, name) == getattr(fresh, name)
    assert options.graph_optimization_level == ort.GraphOptimizationLevel.ORT_ENABLE_ALL


@pytest.mark.parametrize(
    ("level", "name"),
    [
        (-1, "ORT_ENABLE_BASIC"),
        (0, "ORT_ENABLE_ALL"),
        (1, "ORT_ENABLE_EXTENDED"),
        (2, "ORT_DISABLE_ALL"),
        (7, "ORT_ENABLE_ALL"),
    ],
)
def test_graph_levels_mean_what_they_mean_to_the_native_backend(level, name):
    options = Settings.of(config(level)).apply(ort.SessionOptions(), ort)
    assert options.graph_optimization_level == getattr(ort.GraphOptimizationLevel, name)


def test_every_parameter_reaches_the_session_options():
    settings = Settings.of(
        config(
            intra_op_thread_count="3",
            inter_op_thread_count="2",
            execution_mode="1",
            enable_mem_arena="0",
            enable_mem_pattern="false",
            **{"session.intra_op.allow_spinning": "0", "something_else": "x"},
        )
    )
    options = settings.apply(ort.SessionOptions(), ort)
    assert options.intra_op_num_threads == 3
    assert options.inter_op_num_threads == 2
    assert options.execution_mode == ort.ExecutionMode.ORT_PARALLEL
    assert options.enable_cpu_mem_arena is False
    assert options.enable_mem_pattern is False
    assert options.get_session_config_entry("session.intra_op.allow_spinning") == "0"
    assert settings.entries == {"session.intra_op.allow_spinning": "0"}


@pytest.mark.parametrize("count", ["0", "-1"])
def test_no_thread_count_leaves_the_choice_to_onnx_runtime(count):
    assert Settings.of(config(intra_op_thread_count=count)).intra_op_threads is None


@pytest.mark.parametrize(
    "parameters",
    [
        {"intra_op_thread_count": "two"},
        {"execution_mode": "2"},
        {"enable_mem_arena": "perhaps"},
    ],
)
def test_a_value_that_cannot_be_is_refused_by_name(parameters):
    (name,) = parameters
    with pytest.raises(InvalidSetting, match=name):
        Settings.of(config(**parameters))
