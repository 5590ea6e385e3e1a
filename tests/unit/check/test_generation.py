"""The smoke test's judgement of generators that are wrong in one way each."""

import json
from dataclasses import dataclass, field

import numpy as np
import pytest

from slipway.check.client import Declared, Metadata, Piece, Refused
from slipway.check.generation import SPECIAL, GeneratorChecks
from slipway.check.prompts import wrong_prompts
from slipway.golden import Golden
from slipway.tensors import from_bytes
from tests.streaming import text

WORDS = "the mill below it grinds the rye of three valleys and its people weave".split()  # noqa: SIM905 - a sentence
PROMPT = "A village stands above the river, and"
SAMPLING = {"temperature": 0, "max_tokens": 12}
KNOWN = {"temperature", "max_tokens", "seed", "stop", "ignore_eos"}
CONTEXT = 64
"""Words."""


def written(count):
    return "".join(f" {word}" for word in WORDS[:count])


GOLDEN = Golden(
    {
        "text_input": text(PROMPT),
        "sampling_parameters": text(json.dumps(SAMPLING)),
        "exclude_input_in_output": np.array([True]),
    },
    {"text_output": text(written(12))},
    0.0,
    stream=True,
)
OPTIONAL = ("stream", "exclude_input_in_output", "return_finish_reason")


@dataclass
class Server:
    """Writes the same words after any prompt, others for each seed; a token is a word.

    Each fault is off by default.
    """

    protocol: str = "grpc"
    other_text: bool = False
    other_text_in_pieces: bool = False
    in_one_piece: bool = False
    without_limit: bool = False
    without_stop: bool = False
    restless: bool = False
    deaf_to_seeds: bool = False
    reads_special_tokens: bool = False
    answers: str = ""
    code: str = "UNKNOWN"
    reason: str = "it is refused"
    dies_of_leaving: bool = False
    dies_of: str = ""
    shape: tuple[int, ...] = (1,)
    is_ready: bool = True
    dead: bool = field(default=False, init=False)
    calls: int = field(default=0, init=False)

    def live(self):
        return True

    def ready(self):
        return self.is_ready

    def model_ready(self, model, version):
        return self.is_ready

    def metadata(self, model, version):
        return Metadata(
            [
                Declared("text_input", "BYTES", self.shape),
                Declared("sampling_parameters", "BYTES", (1,)),
                *(Declared(name, "BOOL", (1,)) for name in OPTIONAL),
            ],
            [Declared("text_output", "BYTES", (-1,)), Declared("finish_reason", "BYTES", (-1,))],
        )

    def generate(self, request):
        said = self.say(request)
        if isinstance(said, Refused):
            return said
        prompt, words, reason = said
        return self.answer(prompt + "".join(words), reason)

    def stream(self, request, leave_after=0):
        said = self.say(request)
        if isinstance(said, Refused):
            return said
        self.dead = self.dead or bool(leave_after and self.dies_of_leaving)
        _, words, reason = said
        if self.other_text_in_pieces:
            words = [*words, " more"]
        if self.in_one_piece:
            words = ["".join(words)]
        pieces = [self.answer(word, "None") for word in words[:-1]] + [
            self.answer(words[-1] if words else "", reason)
        ]
        return [Piece(answer, 0.1) for answer in pieces][: leave_after or None]

    def answer(self, said, reason):
        return {"text_output": text(said), "finish_reason": text(reason)}

    def say(self, request):
        """The prompt to repeat, the words and why they end."""
        self.calls += 1
        if self.dead:
            return Refused("UNAVAILABLE", "connection reset")
        inputs = {t.name: from_bytes(t.data, t.datatype, t.shape)[0] for t in request.tensors}
        fault = self.fault(request, inputs)
        if fault and fault != self.answers:
            self.dead = fault == self.dies_of
            return Refused(self.code, self.reason)
        try:
            sampling = {**SAMPLING, **json.loads(inputs["sampling_parameters"])}
        except ValueError:
            sampling = SAMPLING
        said = [f" {word}" for word in WORDS]
        if self.other_text:
            said[3] = " rye"
        if sampling["temperature"] > 0:
            seed = 0 if self.deaf_to_seeds else sampling["seed"]
            said = [f" {word}{seed}{self.calls if self.restless else ''}" for word in said]
        limit = SAMPLING["max_tokens"] if self.without_limit else sampling["max_tokens"]
        whole = "".join(said[:limit])
        for stop in [] if self.without_stop else sampling.get("stop", []):
            if stop in whole:
                return "", [whole.partition(stop)[0]], "stop"
        prompt = "" if inputs["exclude_input_in_output"] else inputs["text_input"]
        if self.reads_special_tokens:
            prompt = prompt.replace(SPECIAL, "")
        return prompt, said[:limit], "length"

    def fault(self, request, inputs):
        if request.model != "m":
            return "unknown model"
        if "text_input" not in inputs:
            return "missing text"
        if request.tensors[0].datatype != "BYTES":
            return "wrong type"
        if not inputs["text_input"]:
            return "empty text"
        if len(inputs["text_input"].split()) > CONTEXT:
            return "prompt beyond the context"
        try:
            sampling = json.loads(inputs["sampling_parameters"])
        except ValueError:
            return "parameters are no JSON"
        if not sampling.keys() <= KNOWN:
            return "unknown parameter"
        if sampling.get("temperature", 0) < 0:
            return "negative temperature"
        return "" if sampling.get("max_tokens", 1) else "no tokens asked for"


def results(server, golden=GOLDEN):
    return list(GeneratorChecks(server, "m", "", golden).checks())


def failures(server):
    return [r.name for r in results(server) if not r.passed]


REFUSALS = [wrong.name for wrong in wrong_prompts("m", "", GOLDEN.inputs)]


def test_a_generator_that_is_right_passes_everything():
    assert [(r.name, r.detail) for r in results(Server()) if not r.passed] == []
    assert len(REFUSALS) == 9
    assert [r.name for r in results(Server())][-9:] == [f"refused: {name}" for name in REFUSALS]


@pytest.mark.parametrize(
    ("fault", "noticed"),
    [
        ({"other_text": True}, "golden text"),
        ({"other_text_in_pieces": True}, "golden text in pieces"),
        ({"in_one_piece": True}, "golden text in pieces"),
        ({"without_limit": True}, "no more than 5 tokens"),
        ({"without_stop": True}, "stop string ends the text"),
        ({"restless": True}, "same seed, same text"),
        ({"deaf_to_seeds": True}, "another seed, another text"),
        ({"reads_special_tokens": True}, "special tokens in a prompt are text"),
        ({"dies_of_leaving": True}, "client leaves in mid-stream"),
        ({"shape": (2,)}, "metadata fits the golden request"),
    ],
    ids=str,
)
def test_a_generator_that_is_wrong_in_one_way_fails_there(fault, noticed):
    assert failures(Server(**fault))[0] == noticed


@pytest.mark.parametrize("name", REFUSALS)
def test_a_wrong_request_that_is_answered_or_deadly_fails(name):
    if name not in ("missing text", "wrong type"):  # which this server cannot answer
        assert failures(Server(answers=name)) == [f"refused: {name}"]
    assert failures(Server(dies_of=name))[0] == f"refused: {name}"


def test_a_refusal_needs_a_proper_code_and_a_reason_in_one_line():
    every = [f"refused: {name}" for name in REFUSALS]
    assert failures(Server(code="INTERNAL")) == every
    assert failures(Server(reason="")) == every
    assert failures(Server(reason="it failed\n  at frame 0x7f")) == every


def test_over_http_a_refusal_has_a_status():
    assert "refused: empty text" not in failures(Server(protocol="http", code="400"))
    assert "refused: empty text" in failures(Server(protocol="http", code="500"))


def test_nothing_more_is_asked_of_a_model_that_is_not_ready():
    names = [r.name for r in results(Server(is_ready=False))]
    assert names == ["server is live", "server is ready", "model is ready"]
