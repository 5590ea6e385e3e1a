"""What happens on a node, as values: the agent yields them, a script prints them."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Started:
    """The inference server is up. Addresses are host:port; `server` maps software to version."""

    pid: int
    grpc: str
    http: str
    server: Mapping[str, str]


@dataclass(frozen=True)
class Serving:
    """A version was synced, probed and is what clients get now. `seconds` per phase."""

    model: str
    version: int
    loaded: tuple[int, ...]
    seconds: Mapping[str, float]


@dataclass(frozen=True)
class Refused:
    """A released version is not served, and what is served instead (None: nothing)."""

    model: str
    version: int
    serving: int | None
    reason: str


@dataclass(frozen=True)
class Withdrawn:
    """A model is released no more and was unloaded."""

    model: str


@dataclass(frozen=True)
class Lingering:
    """A model is released no more, but was not unloaded; the next round tries again."""

    model: str
    reason: str


@dataclass(frozen=True)
class Sick:
    """A served model failed its probe, or a fresh server did not load it."""

    model: str
    version: int
    reason: str


@dataclass(frozen=True)
class Recovered:
    """A served model answers again, after what `means` says."""

    model: str
    version: int
    means: str


@dataclass(frozen=True)
class Accelerated:
    """An engine serves in the ONNX file's place. Milliseconds of the golden request, medians."""

    model: str
    version: int
    engine: str
    precision: str
    onnx_ms: float
    engine_ms: float


@dataclass(frozen=True)
class Unaccelerated:
    """A version offers an engine, and is served as ONNX on this node's GPU."""

    model: str
    version: int
    reason: str


@dataclass(frozen=True)
class Restarting:
    """The inference server ended or could not be mended from within; it is started afresh."""

    reason: str
    wait: float


@dataclass(frozen=True)
class Down:
    """The server did not come back; it is started afresh in the next round."""

    reason: str


@dataclass(frozen=True)
class Unreachable:
    """The registry cannot be read; what is served goes on being served."""

    reason: str


@dataclass(frozen=True)
class HookDone:
    """A lifecycle hook was told to go on; `held` is false where it held nothing (any more)."""

    hook: str
    held: bool


@dataclass(frozen=True)
class Joined:
    """Clients find this node by the service's name now."""

    address: str


@dataclass(frozen=True)
class Left:
    """Clients do not find this node by name any more."""


@dataclass(frozen=True)
class Leaving:
    """This node is to go: the server is stopped in `wait` seconds."""

    reason: str
    wait: float


@dataclass(frozen=True)
class GivenUp:
    """This node has served nothing for `seconds` and asked its group to replace the instance."""

    seconds: float


@dataclass(frozen=True)
class Setback:
    """AWS did not do what the node asked for; it asks again. Said once until it is over."""

    doing: str
    reason: str


ServerEvent = Started | Restarting | Down | Unreachable
ModelEvent = (
    Serving | Refused | Withdrawn | Lingering | Sick | Recovered | Accelerated | Unaccelerated
)
FleetEvent = HookDone | Joined | Left | Leaving | GivenUp | Setback
Event = ServerEvent | ModelEvent | FleetEvent


def to_json(event: Event) -> dict[str, Any]:
    return {"event": type(event).__name__.lower(), **asdict(event)}


def sentence(event: Event) -> str:
    """One line for people."""
    if isinstance(event, FleetEvent):
        return _of_the_fleet(event)
    return _of_a_model(event) if isinstance(event, ModelEvent) else _of_the_server(event)


def _of_the_server(event: ServerEvent) -> str:
    match event:
        case Started(pid, grpc, http):
            return f"Triton is up, gRPC {grpc}, http://{http} (process {pid})"
        case Restarting(reason, wait):
            return f"Triton is started afresh in {wait:.0f} s: {reason}"
        case Down(reason):
            return f"Triton did not come back: {reason}"
        case Unreachable(reason):
            return f"the registry cannot be read, serving on: {reason}"


def _of_a_model(event: ModelEvent) -> str:
    match event:
        case Serving(model, version, loaded, seconds):
            phases = ", ".join(f"{name} {value:.1f} s" for name, value in seconds.items())
            beside = [str(number) for number in loaded if number != version]
            also = f", version {beside[0]} kept loaded" if beside else ""
            return f"{model}: serving version {version} ({phases}{also})"
        case Refused(model, version, serving, reason):
            instead = "nothing is served" if serving is None else f"version {serving} serves on"
            return f"{model}: version {version} refused, {instead}: {reason}"
        case Withdrawn(model):
            return f"{model}: released no more, unloaded"
        case Lingering(model, reason):
            return f"{model}: released no more, not unloaded yet: {reason}"
        case Sick(model, version, reason):
            return f"{model}: version {version} is unwell: {reason}"
        case Recovered(model, version, means):
            return f"{model}: version {version} answers again after {means}"
        case Accelerated(model, version, engine, precision, onnx_ms, engine_ms):
            return (
                f"{model}: version {version} is served by its {precision} engine {engine[:12]} "
                f"({engine_ms:.2f} ms, ONNX Runtime {onnx_ms:.2f} ms)"
            )
        case Unaccelerated(model, version, reason):
            return f"{model}: version {version} is served as ONNX, not by an engine: {reason}"


def _of_the_fleet(event: FleetEvent) -> str:
    match event:
        case HookDone(hook, held):
            return f"hook '{hook}' told to go on" if held else f"hook '{hook}' holds nothing"
        case Joined(address):
            return f"clients find this node at {address}"
        case Left():
            return "clients do not find this node by name any more"
        case Leaving(reason, wait):
            return f"leaving, Triton is stopped in {wait:.0f} s: {reason}"
        case GivenUp(seconds):
            return f"nothing was served for {seconds:.0f} s, the group replaces this instance"
        case Setback(doing, reason):
            return f"{doing} has to be tried again: {reason}"
