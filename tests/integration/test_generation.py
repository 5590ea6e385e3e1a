"""The checks of a generator against a real Triton: what is wrong is noticed, and nothing else."""

import json
import threading
from dataclasses import replace

import numpy as np
import pytest

from slipway.build.triton_config import generator_config, write_config
from slipway.check.accuracy import accuracy_of_streams
from slipway.check.client import Refused, Request, joined
from slipway.check.endpoint import Endpoint
from slipway.check.grpc_client import GrpcClient
from slipway.check.http_client import HttpClient
from slipway.check.smoke import smoke
from slipway.check.streams import measure
from slipway.errors import CheckError
from slipway.files import readable_json
from slipway.golden import Golden
from slipway.node.control import GrpcControl
from slipway.node.events import Serving
from slipway.node.local import NodeSettings, local_agent
from slipway.node.probe import Answered, Unwell, probe
from slipway.progress import silent
from slipway.questions import Questions
from slipway.recipe import Generation
from slipway.registry.directory import DirectoryStore
from slipway.registry.publish import publish
from slipway.registry.releases import promote
from slipway.results import StreamResult
from slipway.triton.server import EmbeddedServer, Ports, ServerOptions
from tests.decoders import add_generator, continuation, exported
from tests.factories import packaged_model
from tests.running import python
from tests.streaming import text

MODEL = "tiny_writer"
CONTEXT, TOKENS = 256, 32
PROMPTS = ("A village stands above the river", "Its people weave", "in May 🙂", "when the snow")


@pytest.fixture(scope="module")
def endpoint(server_environment, tmp_path_factory):
    """A server with a small random decoder."""
    folder = tmp_path_factory.mktemp("generation")
    add_generator(folder / "repository", MODEL, context=CONTEXT)
    ports = Ports.free()
    load = (f"--load-model={MODEL}",)
    options = ServerOptions(folder / "repository", folder / "triton.log", ports, extra=load)
    with EmbeddedServer(options, server_environment):
        yield Endpoint(f"127.0.0.1:{ports.grpc}", f"http://127.0.0.1:{ports.http}")


@pytest.fixture(scope="module")
def goldens():
    """The prompts with what the decoder writes after them in this process."""
    sampling = text(json.dumps({"temperature": 0, "max_tokens": TOKENS}))
    return [
        Golden(
            {
                "text_input": text(prompt),
                "sampling_parameters": sampling,
                "exclude_input_in_output": np.array([True]),
            },
            {"text_output": text(continuation(prompt, TOKENS))},
            0.0,
            stream=True,
        )
        for prompt in PROMPTS
    ]


@pytest.fixture(scope="module")
def golden(goldens):
    return goldens[0]


def altered(golden):
    return replace(golden, outputs={"text_output": golden.outputs["text_output"] + "."})


def test_a_generator_that_is_served_rightly_passes_over_both_protocols(endpoint, golden):
    results = list(smoke(endpoint, MODEL, golden))
    assert [(r.protocol, r.name, r.detail) for r in results if not r.passed] == []
    for protocol in ("http", "grpc"):
        assert len([r for r in results if r.protocol == protocol]) == 21


def test_another_text_fails_over_both_protocols(endpoint, golden):
    failed = {(r.protocol, r.name) for r in smoke(endpoint, MODEL, altered(golden)) if not r.passed}
    for protocol in ("http", "grpc"):
        assert {(protocol, "golden text"), (protocol, "golden text in pieces")} <= failed


def test_plain_inference_is_refused_by_triton_and_so_told(endpoint, golden):
    results = list(smoke(endpoint, MODEL, replace(golden, stream=False)))
    details = {r.protocol: r.detail for r in results if r.name == "golden request"}
    assert all("decoupled" in detail for detail in details.values())


def test_more_responses_than_one_are_refused_by_generate(endpoint, golden):
    request = Request.of(MODEL, "", {**golden.inputs, "stream": np.array([True])})
    with HttpClient(endpoint.http) as client:
        reply = client.generate(request)
    assert isinstance(reply, Refused)
    assert "exactly 1 response" in reply.message


def test_clients_that_leave_give_their_rows_back(endpoint, golden):
    request = Request.of(
        MODEL,
        "",
        {
            **golden.inputs,
            "sampling_parameters": text(json.dumps({"ignore_eos": True, "max_tokens": 200})),
            "stream": np.array([True]),
        },
    )
    with GrpcClient(endpoint.grpc) as client:
        for _ in range(20):
            assert len(client.stream(request, leave_after=2)) == 2
        answer = client.generate(Request.of(MODEL, "", golden.inputs))
        assert golden.difference(answer).largest == 0


def test_every_question_is_compared_several_at_once(endpoint, goldens):
    questions = Questions(
        {name: np.stack([g.inputs[name] for g in goldens]) for name in goldens[0].inputs},
        {"text_output": np.stack([g.outputs["text_output"] for g in goldens])},
        np.stack([g.outputs["text_output"] for g in goldens]),
        "same_text",
    )
    result = accuracy_of_streams(endpoint, MODEL, questions)
    assert (result.value, result.examples, result.passed) == (1.0, len(PROMPTS), True)
    wrong = {"text_output": questions.reference["text_output"] + "."}
    assert not accuracy_of_streams(endpoint, MODEL, replace(questions, reference=wrong)).passed


def test_a_measurement_has_the_times_of_tokens(endpoint, goldens):
    result = measure(endpoint, MODEL, goldens, [1, 4], window=0.3, within=1.0, most=3)
    for point in result.points:
        assert (point.stable, point.errors, len(point.windows)) == (True, 0, 3)
        assert 0 < point.itl_p50_ms <= point.itl_p99_ms
        assert 0 < point.ttft_p50_ms <= point.ttft_p99_ms
        assert point.tokens > point.streams > 0
    assert result.passed


def test_wrong_texts_under_load_are_counted(endpoint, golden):
    result = measure(endpoint, MODEL, [altered(golden)], [2], window=0.3, within=1.0, most=3)
    assert "another text" in result.points[0].error
    assert not result.passed


def test_the_node_s_probe_tells_right_from_wrong(endpoint, golden):
    control = GrpcControl(endpoint.grpc)
    for version in (1, None):
        assert isinstance(probe(control, MODEL, version, golden), Answered)
    assert isinstance(probe(control, MODEL, 1, altered(golden)), Unwell)
    assert isinstance(probe(control, MODEL, 2, golden), Unwell)
    control.close()


def test_the_scripts_choose_by_the_golden_request(endpoint, golden, tmp_path):
    path, out = tmp_path / "golden.json", tmp_path / "out.json"
    path.write_text(json.dumps(golden.to_json()))
    where = (MODEL, "--grpc", endpoint.grpc, "--http", endpoint.http, "--golden", path)

    smoked = python("scripts/smoke.py", *where, "--json")
    assert smoked.returncode == 0, smoked.stderr
    names = [check["name"] for check in json.loads(smoked.stdout)["checks"]]
    assert names.count("golden text in pieces") == 2

    short = ("--concurrency", 2, "--window", 0.2, "--windows", 3, "--within", 1)
    told = python("scripts/perf.py", *where, *short, "--output", out)
    assert told.returncode == 0, told.stderr
    assert "TTFT p50" in told.stdout
    (point,) = StreamResult.from_json(json.loads(out.read_text())).points
    assert (point.concurrency, point.errors) == (2, 0)


def test_a_generator_that_is_not_served_cannot_be_measured(endpoint, golden):
    with pytest.raises(CheckError, match=r"scripts/smoke\.py"):
        measure(endpoint, "nobody", [golden], [1])


def package(folder, golden, generation):
    """A package of the decoder, as a build leaves it."""
    config = folder / "config.pbtxt"
    folder.mkdir()
    write_config(generator_config(MODEL, generation), config)
    files = {f"model/1/{path.name}": path.read_bytes() for path in exported("builder")[2].iterdir()}
    files["model/config.pbtxt"] = config.read_bytes()
    files["golden.json"] = readable_json(golden.to_json())
    packaged_model(folder / "package", MODEL, files)
    return folder / "package"


def test_a_node_brings_a_generator_from_release_to_release_and_answers_meanwhile(
    golden, server_environment, tmp_path
):
    store, ports = DirectoryStore(tmp_path / "registry"), Ports.free()
    for number, rows in ((1, 4), (2, 8)):
        generation = Generation(context=CONTEXT, rows=rows)
        publish(store, package(tmp_path / f"v{number}", golden, generation))
    agent = local_agent(NodeSettings("local", tmp_path / "node", ports), store, silent)
    list(agent.start())
    try:
        promote(store, "local", MODEL, 1)
        assert [type(event) for event in agent.reconcile()][-1] is Serving
        over, replies = threading.Event(), []

        def keep_asking():
            request = Request.of(MODEL, "", {**golden.inputs, "stream": np.array([True])})
            with GrpcClient(f"127.0.0.1:{ports.grpc}") as client:
                while not over.is_set():
                    replies.append(client.stream(request))

        thread = threading.Thread(target=keep_asking)
        thread.start()
        promote(store, "local", MODEL, 2)
        events = list(agent.reconcile())
        over.set()
        thread.join()
        assert (type(events[-1]), events[-1].version) == (Serving, 2)
        assert list(agent.check()) == []
        assert [reply for reply in replies if isinstance(reply, Refused)] == []
        assert {golden.difference(joined(reply)).largest for reply in replies} == {0.0}
    finally:
        agent.stop()
