"""From tokens to text, as they come: whole characters, and nothing of a stop string."""

from collections.abc import Callable, Sequence

Decode = Callable[[Sequence[int]], str]
"""Tokens to text; what is no whole character is U+FFFD."""

INCOMPLETE = "\ufffd"
CONTEXT = 8
"""Tokens before the new ones that are decoded with them: some decoders treat the first one of a
text differently."""


class Detokeniser:
    """The text of a request's tokens, in parts that never end within a character.

    The parts, joined, are what decoding prompt and tokens at once gives behind the prompt.
    """

    def __init__(self, decode: Decode, prompt: Sequence[int]) -> None:
        self._decode = decode
        self._tokens = list(prompt[-CONTEXT:])
        self._shown = ""
        self._mark()

    def add(self, token: int) -> str:
        """The text that a token completes; empty while it ends within a character."""
        self._tokens.append(token)
        text = self._new()
        if text.endswith(INCOMPLETE):
            return ""
        if text:
            self._mark()
        return text

    def rest(self) -> str:
        """What was held back and will not be completed."""
        text = self._new()
        self._mark()
        return text

    def _new(self) -> str:
        return self._decode(self._tokens)[len(self._shown) :]

    def _mark(self) -> None:
        """All tokens are shown; a few are kept for those to come."""
        del self._tokens[:-CONTEXT]
        self._shown = self._decode(self._tokens)


class Stops:
    """Holds text back while it may still become a stop string."""

    def __init__(self, strings: Sequence[str]) -> None:
        self._strings = tuple(strings)
        self._held = ""
        self.found = False

    def add(self, text: str) -> str:
        """The text that can be shown; once a stop string is `found`, what stands before it."""
        self._held += text
        places = [place for each in self._strings if (place := self._held.find(each)) >= 0]
        if places:
            self.found = True
            shown, self._held = self._held[: min(places)], ""
            return shown
        keep = max((self._begun(each) for each in self._strings), default=0)
        end = len(self._held) - keep
        shown, self._held = self._held[:end], self._held[end:]
        return shown

    def rest(self) -> str:
        """What was held back and became no stop string."""
        shown, self._held = self._held, ""
        return shown

    def _begun(self, string: str) -> int:
        """How many of the last characters are the first ones of a stop string."""
        most = min(len(string) - 1, len(self._held))
        return next((n for n in range(most, 0, -1) if self._held.endswith(string[:n])), 0)


class Writer:
    """A request's tokens to the text that its client may see."""

    def __init__(self, decode: Decode, prompt: Sequence[int], stop: Sequence[str]) -> None:
        self._characters = Detokeniser(decode, prompt)
        self._stops = Stops(stop)

    @property
    def stopped(self) -> bool:
        """Whether a stop string came; nothing more may be added then."""
        return self._stops.found

    def add(self, token: int) -> str:
        return self._stops.add(self._characters.add(token))

    def rest(self) -> str:
        """What is still to be shown once the last token has come."""
        shown = self._stops.add(self._characters.rest())
        return shown if self.stopped else shown + self._stops.rest()
