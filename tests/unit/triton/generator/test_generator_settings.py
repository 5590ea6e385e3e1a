"""What config.pbtxt says about serving."""

import pytest

from slipway.triton.backends.generator.settings import InvalidSetting, Settings


def config(**parameters):
    return {"parameters": {name: {"string_value": value} for name, value in parameters.items()}}


def test_without_parameters_the_defaults_hold():
    assert Settings.of({}) == Settings.of(config()) == Settings()


def test_every_parameter_is_read():
    given = config(
        rows="2", queue="0", context="512", max_tokens="9", idle_timeout_s="1.5", threads="4"
    )
    assert Settings.of(given) == Settings(2, 0, 512, 9, 1.5, 4)


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"row": "2"}, "parameter row is not known; there are rows"),
        ({"rows": "many"}, "parameter rows is 'many'; a number"),
        ({"rows": "0"}, "parameter rows is 0; at least 1"),
        ({"queue": "-1"}, "parameter queue is -1"),
        ({"max_tokens": "0"}, "parameter max_tokens is 0"),
        ({"idle_timeout_s": "0"}, "parameter idle_timeout_s is 0"),
        ({"idle_timeout_s": "inf"}, "parameter idle_timeout_s is inf"),
    ],
)
def test_a_wrong_parameter_is_named(parameters, said):
    with pytest.raises(InvalidSetting, match=said):
        Settings.of(config(**parameters))
