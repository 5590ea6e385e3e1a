from infra.names import Names
from infra.parameters import Parameters, ParametersArgs
from slipway.stack.program import record


def test_every_value_has_a_name_that_others_can_guess_and_is_readable_in_a_preview():
    args = ParametersArgs(Names("dev", "", ""), {"endpoint": "https://x", "bucket": "b"})
    graph = record(lambda: Parameters("dev-parameters", args) and None)
    told = {p.properties["name"]: p.properties["insecureValue"] for p in graph.of("Parameter")}
    assert told == {"/slipway/dev/endpoint": "https://x", "/slipway/dev/bucket": "b"}
    assert {p.properties["type"] for p in graph.of("Parameter")} == {"String"}
    assert not any(p.secrets for p in graph.of("Parameter"))
