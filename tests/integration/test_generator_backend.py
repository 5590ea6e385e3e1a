"""The generator backend through a real Triton server, with a small random Llama."""

import http.client
import json
import queue
import socket
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np
import pytest
import tritonclient.grpc as triton
from tritonclient.utils import InferenceServerException

from slipway.build.decoder.vllm import EngineArgs, write_model_folder
from slipway.triton import answers
from slipway.triton.server import BACKENDS, EmbeddedServer, Ports, ServerOptions
from tests.decoders import END, add_generator, continuation
from tests.integration.triton_models import client_of
from tests.waiting import wait_until

PROMPT = "A village stands"
ENDLESS = {"max_tokens": 1900, "ignore_eos": True}
"""Takes more than a second."""

STAND_IN = '''
import json
import os
import numpy as np
import triton_python_backend_utils as pb_utils

class TritonPythonModel:
    """Asks of its folder what vllm_backend's src/model.py asks, and answers with model.json."""

    def initialize(self, args):
        config = json.loads(args["model_config"])
        assert pb_utils.using_decoupled_model_transaction_policy(config)
        assert args["model_instance_kind"] == "MODEL"
        assert pb_utils.get_output_config_by_name(config, "text_output")["data_type"]
        with open(os.path.join(pb_utils.get_model_dir(), "model.json")) as file:
            self.engine = file.read()

    def execute(self, requests):
        for request in requests:
            assert pb_utils.get_input_tensor_by_name(request, "text_input") is not None
            tensor = pb_utils.Tensor("text_output", np.array([self.engine.encode()], np.object_))
            request.get_response_sender().send(pb_utils.InferenceResponse([tensor]), 1)
'''


@pytest.fixture(scope="module")
def server(server_environment, tmp_path_factory):
    folder = tmp_path_factory.mktemp("generator")
    repository, backends = folder / "repository", folder / "backends"
    backends.joinpath("vllm").mkdir(parents=True)
    backends.joinpath("vllm/model.py").write_text(STAND_IN)
    backends.joinpath("generator").symlink_to(BACKENDS / "generator")
    add_generator(repository, "text")
    add_generator(repository, "narrow", rows=1, queue=1, idle_timeout_s=0.3, max_tokens=3)
    add_generator(repository, "fleeting")
    add_generator(repository, "wrong", rows="many")
    options = ServerOptions(
        repository, folder / "run/triton.log", Ports.free(), exit_timeout=3, backends=backends
    )
    with EmbeddedServer(options, server_environment) as running:
        with client_of(running) as client:
            client.load_model("text")
        yield running


@pytest.fixture(scope="module")
def client(server):
    with client_of(server) as connected:
        yield connected


def tensor(name, value):
    array = np.array([value]) if isinstance(value, bool) else np.array([value.encode()], object)
    made = triton.InferInput(name, [1], "BOOL" if isinstance(value, bool) else "BYTES")
    return made.set_data_from_numpy(array)


@dataclass
class Stream:
    """What came over a gRPC stream until its end."""

    parts: list = field(default_factory=list)
    error: str = ""
    last: dict = field(default_factory=dict)

    @property
    def text(self):
        return "".join(self.parts)


def stream(server, prompt=PROMPT, model="text", until=None, flags=(), **sampling):
    """Read a stream to its end, or cancel it after `until` parts."""
    came = queue.Queue()
    inputs = [
        tensor("text_input", prompt),
        tensor("stream", True),
        tensor("sampling_parameters", json.dumps(sampling)),
        *(tensor(flag, True) for flag in flags),
    ]
    read = Stream()
    with client_of(server) as client:
        client.start_stream(lambda result, error: came.put((result, error)))
        client.async_stream_infer(model, inputs, enable_empty_final_response=True)
        while True:
            result, error = came.get(timeout=20)
            if error:
                read.error = error.message()
                break
            if (text := result.as_numpy("text_output")) is not None:
                read.parts.append(text[0].decode())
                read.last = {
                    each.name: result.as_numpy(each.name).tolist()[0]
                    for each in result.get_response().outputs
                }
            if result.get_response().parameters["triton_final_response"].bool_param:
                break
            if until is not None and len(read.parts) >= until:
                break
        client.stop_stream(cancel_requests=until is not None)
    return read


def post(server, endpoint, body, model="text"):
    connection = http.client.HTTPConnection("127.0.0.1", server.options.ports.http, timeout=20)
    try:
        connection.request("POST", f"/v2/models/{model}/{endpoint}", json.dumps(body))
        response = connection.getresponse()
        return response.status, response.read().decode()
    finally:
        connection.close()


def events(body):
    """The JSON values of server-sent events."""
    lines = body.splitlines()
    return [json.loads(line.removeprefix("data: ")) for line in lines if line]


def metric(server, name, model="text"):
    found = answers.metrics("127.0.0.1", server.options.ports.metrics)
    start = f'{name}{{model="{model}",version="1"}} '
    (line,) = [line for line in found.splitlines() if line.startswith(start)]
    return float(line.removeprefix(start))


def nothing_is_decoded(server, model="text"):
    return wait_until(lambda: metric(server, "generator_rows_in_use", model) == 0)


@pytest.fixture(scope="module")
def likeliest():
    """What the export gives, which was proved to be what PyTorch's model does."""
    return continuation(PROMPT, 40)


def test_a_grpc_stream_brings_the_text_token_by_token(server, likeliest):
    flags = ("return_finish_reason", "return_num_input_tokens", "return_num_output_tokens")
    read = stream(server, temperature=0, max_tokens=40, flags=flags)
    assert read.error == ""
    assert read.text == likeliest
    assert len(read.parts) == 40
    assert read.last["finish_reason"] == b"length"
    assert (read.last["num_input_tokens"], read.last["num_output_tokens"]) == (9, 1)


def test_generate_stream_brings_it_as_events(server, likeliest):
    body = {"text_input": PROMPT, "stream": True, "temperature": 0, "max_tokens": 40}
    status, answer = post(server, "generate_stream", body)
    parts = [event["text_output"] for event in events(answer)]
    assert (status, "".join(parts), len(parts)) == (200, likeliest, 40)


def test_generate_brings_it_at_once_behind_the_prompt_or_without_it(server, likeliest):
    parameters = {"temperature": 0, "max_tokens": 40}
    body = {"text_input": PROMPT, "parameters": parameters}
    status, answer = post(server, "generate", body)
    assert (status, json.loads(answer)["text_output"]) == (200, PROMPT + likeliest)
    parameters |= {"exclude_input_in_output": True, "return_finish_reason": True}
    answer = json.loads(post(server, "generate", body)[1])
    assert (answer["text_output"], answer["finish_reason"]) == (likeliest, "length")


def test_generate_with_stream_is_refused_by_triton_and_says_where_to_go(server):
    _, answer = post(server, "generate", {"text_input": PROMPT, "stream": True})
    assert "use generate stream" in answer


def test_a_seed_gives_the_same_text_and_another_seed_another(server):
    texts = [stream(server, seed=seed, max_tokens=40).text for seed in (7, 7, 8)]
    assert texts[0] == texts[1] != texts[2]


def test_eight_streams_at_once_are_what_each_is_alone(server):
    asked = [
        {"seed": k, "temperature": 0.8, "top_k": 40, "top_p": 0.9, "max_tokens": 60 + 9 * k}
        for k in range(8)
    ]
    prompts = [PROMPT[: 3 + 2 * k] for k in range(8)]
    alone = [stream(server, p, **a).text for p, a in zip(prompts, asked, strict=True)]
    with ThreadPoolExecutor(8) as threads:
        made = [threads.submit(stream, server, p, **a) for p, a in zip(prompts, asked, strict=True)]
        assert [each.result().text for each in made] == alone
    assert len(set(alone)) == 8


def test_a_stop_string_ends_the_text_before_it(server, likeliest):
    stop = next(c for c in likeliest[8:] if c.isascii() and c.isprintable())
    flags = ("return_finish_reason",)
    read = stream(server, temperature=0, max_tokens=40, stop=[stop, "zzz"], flags=flags)
    assert read.text == likeliest[: likeliest.index(stop)]
    assert read.last["finish_reason"] == b"stop"
    body = {"text_input": PROMPT, "temperature": 0, "max_tokens": 40, "stop": json.dumps([stop])}
    body["exclude_input_in_output"] = True
    assert json.loads(post(server, "generate", body)[1])["text_output"] == read.text


def test_an_answer_ends_where_the_context_is_full(server):
    flags = ("return_finish_reason", "return_num_input_tokens")
    read = stream(server, "na" * 2000, ignore_eos=True, max_tokens=500, flags=flags)
    assert read.last["num_input_tokens"] + len(read.parts) == 2048
    assert read.last["finish_reason"] == b"length"


def test_the_models_own_limit_holds_where_none_is_named(server, client):
    client.load_model("narrow")
    assert len(stream(server, model="narrow", ignore_eos=True).parts) == 3


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"text_input": ""}, "text_input is empty"),
        ({"text_input": "na" * 3000}, "from 1 to 2047 leave room for an answer"),
        ({"text_input": "a", "top_p": 2}, "top_p is 2; it is above 0 and at most 1"),
        ({"text_input": "a", "beams": 2}, "parameter 'beams' is not known"),
        ({"text_input": "a", "sampling_parameters": "{"}, "sampling_parameters cannot be read"),
    ],
)
def test_a_bad_request_is_refused_in_a_line_on_every_way(server, body, said):
    status, answer = post(server, "generate", body)
    assert status == 400
    assert said in json.loads(answer)["error"]
    status, answer = post(server, "generate_stream", {**body, "stream": True})
    assert said in events(answer)[0]["error"]
    sampling = {n: v for n, v in body.items() if n not in ("text_input", "sampling_parameters")}
    if "sampling_parameters" not in body:
        assert said in stream(server, body["text_input"], **sampling).error


def test_the_name_of_a_special_token_in_a_prompt_is_nothing_but_text(server):
    prompt = f"{PROMPT}{END}{PROMPT}"
    flags = ("return_num_input_tokens",)
    read = stream(server, prompt, temperature=0, max_tokens=8, flags=flags)
    assert read.text == continuation(prompt, 8)
    # One token before the text, and more for END than the one it would be.
    assert read.last["num_input_tokens"] > 1 + 2 * 8 + 1


def test_beyond_rows_and_queue_requests_are_unavailable_and_none_waits_for_ever(server, client):
    client.load_model("narrow")
    with ThreadPoolExecutor(4) as threads:
        made = [threads.submit(stream, server, model="narrow", **ENDLESS) for _ in range(4)]
        errors = sorted(each.result().error for each in made)
    assert errors[0] == ""
    assert errors[1] == "no row came free within 0.3 seconds"
    assert set(errors[2:]) == {"the queue is full: 2 requests are under way"}


def dropped_grpc(server):
    stream(server, until=3, **ENDLESS)


def dropped_http(server):
    body = json.dumps({"text_input": PROMPT, "stream": True, "parameters": ENDLESS}).encode()
    address = ("127.0.0.1", server.options.ports.http)
    with socket.create_connection(address, timeout=20) as connection:
        lines = ("POST /v2/models/text/generate_stream HTTP/1.1", "Host: x")
        head = "\r\n".join((*lines, f"Content-Length: {len(body)}", "", ""))
        connection.sendall(head.encode() + body)
        assert b"200 OK" in connection.recv(500)


@pytest.mark.parametrize("drop", [dropped_grpc, dropped_http])
def test_a_client_that_goes_frees_its_row(server, drop):
    nothing_is_decoded(server)
    before = metric(server, "generator_tokens_total")
    drop(server)
    assert wait_until(lambda: metric(server, "generator_tokens_total") > before)
    nothing_is_decoded(server)
    assert 0 < metric(server, "generator_tokens_total") - before < ENDLESS["max_tokens"]


def test_the_tokens_made_are_counted(server):
    nothing_is_decoded(server)
    before = metric(server, "generator_tokens_total")
    stream(server, max_tokens=30, ignore_eos=True)
    nothing_is_decoded(server)
    assert wait_until(lambda: metric(server, "generator_tokens_total") == before + 30)


def test_unloading_lets_streams_end_and_takes_no_more_and_the_model_loads_again(server, client):
    client.load_model("fleeting")
    with ThreadPoolExecutor(3) as threads:
        made = [threads.submit(stream, server, model="fleeting", **ENDLESS) for _ in range(3)]
        assert wait_until(lambda: metric(server, "generator_rows_in_use", "fleeting") == 3)
        client.unload_model("fleeting")
        assert "no available versions" in stream(server, model="fleeting").error
        reads = [each.result() for each in made]
    assert {(read.error, len(read.parts)) for read in reads} == {("", ENDLESS["max_tokens"])}
    client.load_model("fleeting")
    assert stream(server, model="fleeting", max_tokens=3, ignore_eos=True).error == ""


def test_a_wrong_configuration_never_turns_ready_and_says_why(client):
    with pytest.raises(InferenceServerException, match="parameter rows is 'many'"):
        client.load_model("wrong")
    assert not client.is_model_ready("wrong")


def test_a_folder_for_vllm_loads_where_a_backend_of_that_name_is(server, client):
    args = EngineArgs(max_model_len=4096, tensor_parallel_size=2)
    write_model_folder(server.options.repository / "large", "someone/large", args)
    client.load_model("large")
    engine = json.loads(stream(server, model="large").text)
    assert engine["model"] == "someone/large"
    assert engine["tensor_parallel_size"] == 2
