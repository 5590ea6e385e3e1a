"""Why trtexec failed, from what it printed.

TensorRT goes on after some of these lines (a tactic that needs more memory than there is left is
passed over), so they are read only once it has failed.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from slipway.errors import NodeError


@dataclass(frozen=True)
class Complaint:
    """A line that says it, and the error it means."""

    pattern: re.Pattern[str]
    error: Callable[[str], NodeError]


COMPLAINTS = (
    Complaint(
        re.compile(r"Unknown option: (\S+)"),
        lambda option: NodeError(
            f"trtexec does not know the option {option}",
            why="it is of another version of TensorRT",
            mend="Take the Triton image that this version of Slipway names.",
        ),
    ),
    Complaint(
        # It also says so of operators that it then finds a plugin for.
        re.compile(r"No importer registered for op: (\w+)(?=[\s\S]*Failed to parse onnx file)"),
        lambda operator: NodeError(
            f"TensorRT cannot build the operator {operator}",
            why="its ONNX parser has no such operator",
        ),
    ),
    Complaint(
        re.compile(r"(Failed to parse onnx file|Parsing model failed)"),
        lambda _: NodeError("TensorRT cannot read the ONNX file", why="its parser refuses it"),
    ),
    Complaint(
        re.compile(r"(OutOfMemory|out of memory|cudaErrorMemoryAllocation|bad_alloc)"),
        lambda _: NodeError(
            "The GPU has too little memory to build the engine",
            why="TensorRT ran out of memory beside the models that are served",
            mend="Take a type with more GPU memory, or a smaller largest batch.",
        ),
    ),
    Complaint(
        re.compile(r"Could not find any implementation for node (.{1,200}?)\.?\)?$", re.MULTILINE),
        lambda node: NodeError(
            "TensorRT has no kernel for a part of the network", why=f"of {node} on this GPU"
        ),
    ),
)
"""The first that is found counts: a parser that fails also says that no engine was made."""

ERROR_LINE = re.compile(r"^.*\[E\] (.*)$", re.MULTILINE)


def complaint(said: str, code: int) -> NodeError:
    """The error that a failed run of trtexec means."""
    for each in COMPLAINTS:
        if match := each.pattern.search(said):
            return each.error(match[1])
    errors = ERROR_LINE.findall(said)
    why = errors[0] if errors else f"it ended with exit code {code} and said nothing of errors"
    return NodeError("trtexec did not build the engine", why=why[:300])
