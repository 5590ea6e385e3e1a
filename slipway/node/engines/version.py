"""TensorRT's version, as trtexec's first line says it."""

import re
from dataclasses import dataclass

from slipway.errors import NodeError

BANNER = re.compile(r"\[TensorRT v(?P<number>\d+)\](?: \[b(?P<build>\d+)\])?")
OLDEST = 10
"""The first major version that builds several profiles and types that are written out."""


@dataclass(frozen=True)
class TensorRTVersion:
    """A plan runs on the very version that built it."""

    major: int
    minor: int
    patch: int
    build: int = 0

    @classmethod
    def of_banner(cls, text: str) -> "TensorRTVersion":
        """From `&&&& RUNNING TensorRT.trtexec [TensorRT v101303] [b9] # ...`.

        The number is major * 10000 + minor * 100 + patch; before version 10, major * 1000 + ...
        Raises `NodeError` where the line is missing, and for a version that is too old.
        """
        match = BANNER.search(text)
        if match is None:
            raise NodeError(
                "trtexec does not say its version",
                why="it did not begin as TensorRT's trtexec does",
            )
        number = int(match["number"])
        thousands = 10_000 if number >= 100_000 else 1_000
        major, rest = divmod(number, thousands)
        version = cls(major, rest // 100, rest % 100, int(match["build"] or 0))
        if major < OLDEST:
            raise NodeError(
                f"TensorRT {version} is too old to build engines with",
                why=f"types that are written out need {OLDEST} or later",
                mend="Take a newer Triton image.",
            )
        return version

    @property
    def typed_by_flag(self) -> bool:
        """Whether strong typing must be asked for: from 11 there is nothing else."""
        return self.major < 11

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}.{self.patch}.{self.build}"
