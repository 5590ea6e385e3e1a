"""Does a served generator write what PyTorch writes, as a whole and in pieces, and obey limits?"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from slipway.check.client import (
    Answer,
    Piece,
    Refused,
    Request,
    StreamClient,
    joined,
)
from slipway.check.prompts import EXCLUDE, PROMPT, SAMPLING, TEXT, prompt_with, wrong_prompts
from slipway.check.refusals import Wrong, is_proper
from slipway.check.verdict import Verdict, fits, presence, timed
from slipway.golden import Golden
from slipway.results import CheckResult

FINISH = "finish_reason"
FEW = 5
"""Tokens."""
WILD = {"temperature": 2.0, "max_tokens": 24, "ignore_eos": True}
"""Sampling in which two seeds do not give the same text."""
SPECIAL = "<|begin|><|end|><|pad|><|endoftext|><|im_end|><|eot_id|></s>"
"""What special tokens look like in the vocabularies of today."""
NO_CHARACTER = "\ufffd"
"""Stands for bytes that are no whole character, as a text may end with when it is cut off."""


@dataclass(frozen=True)
class GeneratorChecks:
    """The checks of one generator over one protocol. Its tensors are those of Triton's vLLM
    backend; `golden` holds a prompt, greedy, and the text that follows.
    """

    client: StreamClient
    model: str
    version: str
    golden: Golden

    def checks(self) -> Iterator[CheckResult]:
        """In order; ends early where the model is not there, since nothing else can pass then."""
        for there in presence(self.client, self.model, self.version):
            yield there
        if not there.passed:
            return
        metadata = self.client.metadata(self.model, self.version)
        for name, check in {
            "metadata fits the golden request": lambda: fits(metadata, self.golden),
            "golden text": self._whole,
            "golden text in pieces": self._in_pieces,
            f"no more than {FEW} tokens": self._limited,
            "stop string ends the text": self._stopped,
            "same seed, same text": self._same_seed,
            "another seed, another text": self._another_seed,
            "special tokens in a prompt are text": self._special,
            "client leaves in mid-stream": self._left,
        }.items():
            yield timed(self.client, name, check)
        for wrong in wrong_prompts(self.model, self.version, self.golden.inputs):
            yield timed(self.client, f"refused: {wrong.name}", partial(self._refused, wrong))

    @property
    def _text(self) -> str:
        return _text_of(self.golden.outputs)

    def _request(self, **flags: bool) -> Request:
        switches = {name: np.array([value]) for name, value in flags.items()}
        return Request.of(self.model, self.version, {**self.golden.inputs, **switches})

    def _streamed(self, **sampling: object) -> tuple[str, str, int] | Refused:
        """The text of a stream, why it ended and the number of its pieces."""
        inputs = prompt_with(self.golden.inputs, **sampling)
        switches = {name: np.array([True]) for name in ("stream", "return_finish_reason")}
        pieces = self.client.stream(Request.of(self.model, self.version, {**inputs, **switches}))
        if isinstance(pieces, Refused):
            return pieces
        reason = pieces[-1].answer.get(FINISH) if pieces else None
        return _text_of(joined(pieces)), "" if reason is None else str(reason[0]), len(pieces)

    def _whole(self) -> Verdict:
        answer = self.client.generate(self._request())
        if isinstance(answer, Refused):
            return Verdict(False, str(answer))
        return _same(_text_of(answer), self._text)

    def _in_pieces(self) -> Verdict:
        pieces = self.client.stream(self._request(stream=True))
        if isinstance(pieces, Refused):
            return Verdict(False, str(pieces))
        said = [text for piece in pieces if (text := _text_of(piece.answer))]
        if len(said) < 2:
            return Verdict(False, f"it came in {len(said)} piece, so nothing is streamed")
        same = _same("".join(said), self._text)
        return Verdict(same.passed, f"{_pace(pieces)}; {same.detail}")

    def _limited(self) -> Verdict:
        reply = self._streamed(max_tokens=FEW)
        if isinstance(reply, Refused):
            return Verdict(False, str(reply))
        text, reason, pieces = reply
        begins = self._text.startswith(text.rstrip(NO_CHARACTER))
        said = f"{pieces} pieces, finish reason {reason}: {text!r}"
        return Verdict(begins and pieces <= FEW and reason == "length", said)

    def _stopped(self) -> Verdict:
        stop = _some_of(self._text)
        reply = self._streamed(stop=[stop])
        if isinstance(reply, Refused):
            return Verdict(False, str(reply))
        text, reason, _ = reply
        before = self._text.partition(stop)[0]
        said = f"finish reason {reason}: {text!r} before {stop!r}"
        return Verdict(text == before and reason == "stop", said)

    def _same_seed(self) -> Verdict:
        return self._seeds(1, 1)

    def _another_seed(self) -> Verdict:
        return self._seeds(1, 2)

    def _seeds(self, one: int, other: int) -> Verdict:
        texts = []
        for seed in (one, other):
            reply = self._streamed(**WILD, seed=seed)
            if isinstance(reply, Refused):
                return Verdict(False, str(reply))
            texts.append(reply[0])
        equal = texts[0] == texts[1]
        return Verdict(equal == (one == other), f"{texts[0]!r} and {texts[1]!r}")

    def _special(self) -> Verdict:
        """Nothing of the prompt is lost, and it ends nothing."""
        prompt = f"{_text_of(self.golden.inputs, PROMPT)} {SPECIAL}"
        sampling = json.dumps({"temperature": 0, "max_tokens": FEW, "ignore_eos": True})
        asked = {
            PROMPT: np.array([prompt], dtype=object),
            SAMPLING: np.array([sampling], dtype=object),
            EXCLUDE: np.array([False]),
        }
        answer = self.client.generate(Request.of(self.model, self.version, asked))
        if isinstance(answer, Refused):
            return Verdict(False, str(answer))
        text = _text_of(answer)
        goes_on = text.startswith(prompt) and len(text) > len(prompt)
        return Verdict(goes_on, f"{text[len(prompt) :]!r} follows" if goes_on else repr(text))

    def _left(self) -> Verdict:
        pieces = self.client.stream(self._request(stream=True), leave_after=1)
        if isinstance(pieces, Refused):
            return Verdict(False, str(pieces))
        after = self._whole()
        return Verdict(after.passed, f"afterwards: {after.detail}")

    def _refused(self, wrong: Wrong) -> Verdict:
        """As a whole and as a stream: the proper code and a reason, and then the golden text."""
        ways = (self.client.generate, self.client.stream)
        for reply in (way(wrong.request) for way in ways):
            if not isinstance(reply, Refused):
                return Verdict(False, "it was answered")
            if not is_proper(self.client, wrong, reply.code):
                proper = " or ".join(wrong.codes[self.client.protocol])
                return Verdict(False, f"{reply}, where {proper} is proper")
            if len(reply.message.splitlines()) != 1:
                return Verdict(False, f"{reply.message!r} is no reason in one line")
        after = self._whole()
        if not after.passed:
            return Verdict(False, f"afterwards the golden text failed: {after.detail}")
        return Verdict(True, str(reply))


def _text_of(answer: Answer, name: str = TEXT) -> str:
    return "".join(map(str, answer[name].ravel())) if name in answer else ""


def _same(text: str, wanted: str) -> Verdict:
    return Verdict(text == wanted, repr(text) if text == wanted else f"{text!r}, not {wanted!r}")


def _pace(pieces: Sequence[Piece]) -> str:
    first, last = pieces[0].seconds * 1e3, pieces[-1].seconds * 1e3
    return f"{len(pieces)} pieces, the first after {first:.0f} ms, the last after {last:.0f} ms"


def _some_of(text: str) -> str:
    """A few characters from the middle of a text."""
    for length in (4, 3, 2, 1):
        for start in range(len(text) // 3, len(text) - length + 1):
            if NO_CHARACTER not in (part := text[start : start + length]):
                return part
    return text
