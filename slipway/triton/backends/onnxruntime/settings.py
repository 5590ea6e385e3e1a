"""ONNX Runtime's session settings as a model's configuration gives them.

Names and meaning are the native backend's (onnxruntime_backend, ModelState). One thing more than
there: every `session.*` parameter is passed on, not `use_device_allocator_for_initializers` alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

GRAPH_LEVELS: Mapping[int, str] = {
    -1: "ORT_ENABLE_BASIC",
    1: "ORT_ENABLE_EXTENDED",
    2: "ORT_DISABLE_ALL",
}
"""Triton's optimization.graph.level; any other number leaves everything on."""

TRUE = frozenset({"1", "true", "on"})
FALSE = frozenset({"0", "false", "off"})


class InvalidSetting(ValueError):
    """A parameter has a value that it cannot have."""


@dataclass(frozen=True)
class Settings:
    """None leaves ONNX Runtime's default: as many threads as cores, memory arena on."""

    graph_level: str = "ORT_ENABLE_ALL"
    parallel: bool = False
    intra_op_threads: int | None = None
    inter_op_threads: int | None = None
    mem_arena: bool | None = None
    mem_pattern: bool | None = None
    entries: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> "Settings":
        """Read a ModelConfig in JSON form. Raises `InvalidSetting`."""
        parameters = {
            name: str(value["string_value"])
            for name, value in (config.get("parameters") or {}).items()
        }
        graph = (config.get("optimization") or {}).get("graph") or {}
        mode = _whole_number(parameters, "execution_mode")
        if mode not in (0, 1):
            raise InvalidSetting(f"parameter execution_mode is {mode}; it may be 0 or 1")
        return cls(
            graph_level=GRAPH_LEVELS.get(int(graph.get("level", 0)), "ORT_ENABLE_ALL"),
            parallel=mode == 1,
            intra_op_threads=_threads(parameters, "intra_op_thread_count"),
            inter_op_threads=_threads(parameters, "inter_op_thread_count"),
            mem_arena=_switch(parameters, "enable_mem_arena"),
            mem_pattern=_switch(parameters, "enable_mem_pattern"),
            entries={n: v for n, v in parameters.items() if n.startswith("session.")},
        )

    def apply(self, options: Any, ort: Any) -> Any:
        """Write the settings into an `onnxruntime.SessionOptions`, and return it.

        `ort` is the module onnxruntime, handed in so that reading a configuration needs none.
        """
        options.graph_optimization_level = getattr(ort.GraphOptimizationLevel, self.graph_level)
        options.execution_mode = (
            ort.ExecutionMode.ORT_PARALLEL if self.parallel else ort.ExecutionMode.ORT_SEQUENTIAL
        )
        given = {
            "intra_op_num_threads": self.intra_op_threads,
            "inter_op_num_threads": self.inter_op_threads,
            "enable_cpu_mem_arena": self.mem_arena,
            "enable_mem_pattern": self.mem_pattern,
        }
        for name, value in given.items():
            if value is not None:
                setattr(options, name, value)
        for name, text in self.entries.items():
            options.add_session_config_entry(name, text)
        return options


def _whole_number(parameters: Mapping[str, str], name: str) -> int:
    text = parameters.get(name, "0")
    try:
        return int(text)
    except ValueError:
        raise InvalidSetting(f"parameter {name} is {text!r}; a whole number is needed") from None


def _threads(parameters: Mapping[str, str], name: str) -> int | None:
    """As in the native backend, nothing above 0 means that ONNX Runtime chooses."""
    count = _whole_number(parameters, name)
    return count if count > 0 else None


def _switch(parameters: Mapping[str, str], name: str) -> bool | None:
    text = parameters.get(name)
    if text is None:
        return None
    if text.lower() in TRUE | FALSE:
        return text.lower() in TRUE
    raise InvalidSetting(f"parameter {name} is {text!r}; it may be true or false")
