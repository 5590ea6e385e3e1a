"""OpenVINO's properties as a model's configuration gives them.

Names, values and meaning are the official backend's (openvino_backend, ParseParameters). What it
takes and this one cannot do is refused by name; what it does not know is left alone, as there.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

YES, NO = "yes", "no"

STREAMS = frozenset({"auto", "numa"})
PERFORMANCE = frozenset({"latency", "throughput", "cumulative_throughput"})

REFUSED: Mapping[str, str] = {
    "CPU_EXTENSION_PATH": "it loads no libraries of others",
    "TARGET_DEVICE": "it runs on the CPU alone",
}
"""What the official backend has, or builds of it have, and this one has not."""


class InvalidSetting(ValueError):
    """A parameter has a value that it cannot have, or one that is not supported here."""


@dataclass(frozen=True)
class Settings:
    """`properties` are OpenVINO's, for one process of those that serve the model.

    `reshaped`: the dimensions are the configuration's, not the file's. `padded`: batches smaller
    than max_batch_size are taken.
    """

    properties: Mapping[str, str] = field(default_factory=dict)
    reshaped: bool = False
    padded: bool = False

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> "Settings":
        """Read a ModelConfig in JSON form. Raises `InvalidSetting`."""
        given = {
            name: text
            for name, value in (config.get("parameters") or {}).items()
            if (text := str(value["string_value"]))
        }
        for name, reason in REFUSED.items():
            if name in given and given[name].lower() != "cpu":
                raise InvalidSetting(
                    f"parameter {name} is not supported by this Python-based backend: {reason}"
                )
        _switch(given, "SKIP_OV_DYNAMIC_BATCHSIZE")  # on a CPU it does nothing there either
        settings = cls(
            properties=_properties(given, instances=_instances(config)),
            reshaped=_switch(given, "RESHAPE_IO_LAYERS"),
            padded=_switch(given, "ENABLE_BATCH_PADDING"),
        )
        settings._refuse_batches(config)
        return settings

    def _refuse_batches(self, config: Mapping[str, Any]) -> None:
        """The official backend fixes the batch of a model at max_batch_size.

        It answers smaller ones with an error, or fills them with zeros where ENABLE_BATCH_PADDING
        says so, for which no other dimension may vary. What would fail there is not served here.
        """
        most = int(config.get("max_batch_size", 0))
        if most <= 1:
            return
        if not self.padded:
            raise InvalidSetting(
                f"with max_batch_size {most} the official openvino backend answers batches of "
                "exactly that size alone; set ENABLE_BATCH_PADDING, or set max_batch_size 0 and "
                "make the batch the first of the dims"
            )
        varying = [each["name"] for each in config["input"] if -1 in map(int, each["dims"])]
        if varying:
            raise InvalidSetting(
                f"ENABLE_BATCH_PADDING needs inputs of fixed dims, but those of '{varying[0]}' "
                "vary; set max_batch_size 0 and make the batch the first of the dims"
            )


def _properties(given: Mapping[str, str], *, instances: int) -> dict[str, str]:
    """All instances share threads and streams in the official backend, so each gets its part."""
    # Each process would pin its threads to the same first cores, not knowing of the others.
    properties = {"ENABLE_CPU_PINNING": "NO"}
    threads = _whole_number(given, "INFERENCE_NUM_THREADS")
    if threads:
        properties["INFERENCE_NUM_THREADS"] = str(max(1, threads // instances))
    compiling = _whole_number(given, "COMPILATION_NUM_THREADS")
    if compiling:
        properties["COMPILATION_NUM_THREADS"] = str(compiling)
    if "HINT_BF16" in given:
        _one_of(given, "HINT_BF16", {YES})
        properties["INFERENCE_PRECISION_HINT"] = "bf16"
    if "PERFORMANCE_HINT" in given:
        properties["PERFORMANCE_HINT"] = _one_of(given, "PERFORMANCE_HINT", PERFORMANCE).upper()
    if given.get("NUM_STREAMS", "").lower() in STREAMS:
        properties["NUM_STREAMS"] = given["NUM_STREAMS"].upper()
    elif streams := _whole_number(given, "NUM_STREAMS", besides=STREAMS):
        properties["NUM_STREAMS"] = str(max(1, streams // instances))
    return properties


def _instances(config: Mapping[str, Any]) -> int:
    groups = config.get("instance_group") or []
    return max(1, sum(int(group.get("count", 1)) for group in groups))


def _whole_number(
    given: Mapping[str, str], name: str, besides: frozenset[str] = frozenset()
) -> int:
    """0, as where nothing is given, leaves the choice to OpenVINO."""
    text = given.get(name, "0")
    if not (text.isascii() and text.isdigit()):
        allowed = ", ".join(["a number from 0 on", *sorted(word.upper() for word in besides)])
        raise InvalidSetting(f"parameter {name} is {text!r}; it may be {allowed}")
    return int(text)


def _switch(given: Mapping[str, str], name: str) -> bool:
    return name in given and _one_of(given, name, {YES, NO}) == YES


def _one_of(given: Mapping[str, str], name: str, allowed: frozenset[str] | set[str]) -> str:
    """Upper and lower case mean the same."""
    text = given[name].lower()
    if text not in allowed:
        words = " or ".join(sorted(word.upper() for word in allowed))
        raise InvalidSetting(f"parameter {name} is {given[name]!r}; it may be {words}")
    return text
