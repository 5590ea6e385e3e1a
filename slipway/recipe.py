"""What a model is, as its folder's `recipe.py` says it: frozen values, validated when built."""

import re
from dataclasses import dataclass, field

from slipway.errors import RecipeError
from slipway.tensors import TensorSpec
from slipway.variants import OBJECTIVES

MODEL_NAME = re.compile(r"(?=.{1,63}$)[a-z][a-z0-9]*(_[a-z0-9]+)*_?")
"""Also a Triton model name, a folder and a part of an object key; two underscores are Slipway's."""


MOST_SEED = 2**32

ENGINES = ("int8", "fp16")
"""Precisions that TensorRT engines can be offered in."""


def _require(condition: bool, what: str, why: str) -> None:
    if not condition:
        raise RecipeError(what, why=why, mend="Correct it in recipe.py.")


@dataclass(frozen=True)
class Training:
    """How the network is trained: AdamW, one cycle up to `learning_rate` and down again.

    With no epoch at all the network keeps the weights it begins with. Gradients longer than
    `clip_norm` are shortened to it; 0 leaves them as they are.
    """

    epochs: int
    batch_size: int
    learning_rate: float
    weight_decay: float = 0.0
    seed: int = 0
    clip_norm: float = 0.0

    def __post_init__(self) -> None:
        _require(self.epochs >= 0, f"Training has epochs={self.epochs}", "it must not be negative")
        _require(
            self.batch_size >= 2,
            f"Training has batch_size={self.batch_size}",
            "batch normalisation needs at least 2",
        )
        _require(
            self.learning_rate > 0,
            f"Training has learning_rate={self.learning_rate}",
            "it must be positive",
        )
        _require(
            0 <= self.seed < MOST_SEED,
            f"Training has seed={self.seed}",
            "it is at least 0 and below 2**32",
        )
        _require(
            self.clip_norm >= 0,
            f"Training has clip_norm={self.clip_norm}",
            "it must not be negative",
        )


@dataclass(frozen=True)
class Metric:
    """The figure a model is judged by (a name of `slipway.metrics`) and what it must reach.

    `floor` is the least, or the most where lower is better (perplexity). `lead` is the least
    relative advantage over the folder's baseline: with 0.1, ten per cent above its value, or below
    it where lower is better.
    """

    name: str
    floor: float
    lead: float = 0.0


@dataclass(frozen=True)
class Tokenizer:
    """Clients send text; a Triton step in front of the network tokenises it.

    `text` is the input that clients send, of type BYTES. `ids` and `mask` name the network's inputs
    made of it, which have one dimension more: the tokens. Texts are cut at the last of `lengths`
    and padded to the smallest that holds the longest of a request, so that requests of different
    lengths still join into batches. An empty text is all padding.
    """

    text: TensorSpec
    lengths: tuple[int, ...] = (32, 64, 128)
    ids: str = "input_ids"
    mask: str = "attention_mask"

    def __post_init__(self) -> None:
        _require(
            self.text.datatype == "BYTES",
            f"Tokenizer has text={self.text.name!r} of type {self.text.datatype}",
            "text is sent as BYTES",
        )
        _require(
            bool(self.lengths)
            and self.lengths == tuple(sorted(set(self.lengths)))
            and self.lengths[0] >= 2,
            f"Tokenizer has lengths={self.lengths}",
            "they rise from 2 or more",
        )


@dataclass(frozen=True)
class Generation:
    """The network is a decoder: clients send a prompt and get the text that follows as a stream.

    `context` is how many tokens prompt and answer have together at most. Up to `rows` requests are
    decoded at once; they join and leave between two tokens. At most `queue` more wait, each
    `idle_timeout_s` seconds at most. A request that names no limit gets `max_tokens`.
    """

    context: int = 256
    rows: int = 8
    queue: int = 64
    max_tokens: int = 64
    idle_timeout_s: float = 30.0

    def __post_init__(self) -> None:
        for name in ("context", "rows", "queue", "max_tokens", "idle_timeout_s"):
            value = getattr(self, name)
            _require(value > 0, f"Generation has {name}={value}", "it must be positive")


@dataclass(frozen=True)
class Sizes:
    """What a dimension that varies can be: the `least`, the `likeliest` and the `most`.

    ONNX Runtime takes any size. A TensorRT engine is built for these, is fastest at the likeliest,
    and refuses requests outside.
    """

    name: str
    least: int
    likeliest: int
    most: int

    def __post_init__(self) -> None:
        sizes = self.least, self.likeliest, self.most
        _require(
            bool(self.name) and 1 <= self.least <= self.likeliest <= self.most,
            f"The sizes of '{self.name}' are {sizes}",
            "they belong to a dimension by its name, and rise from 1 or more",
        )


@dataclass(frozen=True)
class Serving:
    """The policy from which Triton's configuration is written.

    `max_batch_size` bounds what the dynamic batcher joins; `batch_buckets` are warmed up before the
    model turns READY. `instances` is Triton's instance count, `threads` the engine's threads of
    each (0: one per core). Requests wait at most `queue_delay_us` microseconds for company, and
    less where they make one of the `preferred_batch_sizes`. Half of what is under way at once is a
    good one on a CPU: while one half is computed the other is prepared, where batches that join
    whatever waits drift to a large and a small one in turn (on a 16 x 16
    ResNet-18: 5 % slower, 99th percentiles half as long again; at 32 x 32 no clear change).

    With `queue_size` and `queue_timeout_us` they are refused once so many are waiting, or after so
    long; 0 sets no limit. Either limit makes Triton stop preparing the next batch while one runs,
    and it then now and then overlooks a waiting request for half a second (measured on 2.51;
    triton-inference-server/server issue 8870 tells of the same part). So neither is set unless a
    recipe asks for it.

    `ranges` bound the dimensions that vary, but for a tokenizer's, whose lengths are known. Only
    engines need them.
    """

    max_batch_size: int = 16
    batch_buckets: tuple[int, ...] = (1, 2, 4, 8, 16)
    preferred_batch_sizes: tuple[int, ...] = ()
    instances: int = 1
    threads: int = 0
    queue_delay_us: int = 0
    queue_size: int = 0
    queue_timeout_us: int = 0
    ranges: tuple[Sizes, ...] = ()

    def __post_init__(self) -> None:
        at_least = {
            "max_batch_size": 1,
            "instances": 1,
            "threads": 0,
            "queue_delay_us": 0,
            "queue_size": 0,
            "queue_timeout_us": 0,
        }
        for name, least in at_least.items():
            value = getattr(self, name)
            _require(value >= least, f"Serving has {name}={value}", f"at least {least} is needed")
        buckets = self.batch_buckets
        _require(
            bool(buckets)
            and buckets == tuple(sorted(set(buckets)))
            and buckets[0] >= 1
            and buckets[-1] == self.max_batch_size,
            f"Serving has batch_buckets={buckets}",
            f"they rise from 1 or more to max_batch_size ({self.max_batch_size})",
        )
        preferred = self.preferred_batch_sizes
        _require(
            set(preferred) <= set(buckets) and preferred == tuple(sorted(set(preferred))),
            f"Serving has preferred_batch_sizes={preferred}",
            f"they rise, and are among the batch_buckets {buckets}, which are warmed up",
        )
        names = [sizes.name for sizes in self.ranges]
        _require(
            len(set(names)) == len(names),
            f"Serving has ranges for {names}",
            "a dimension has one",
        )


@dataclass(frozen=True)
class Pruning:
    """Take away `share` of the channels (and attention heads), then fine-tune as `training` says.

    The share is the part of every layer that goes, so parameters go down by more.
    """

    share: float
    training: Training

    def __post_init__(self) -> None:
        _require(0 < self.share < 1, f"Pruning has share={self.share}", "it lies between 0 and 1")


@dataclass(frozen=True)
class Distillation:
    """Train the folder's student, `student.py`, to answer as the trained network does.

    The loss is `soft` parts the folder's own distance from the teacher's answers, at `temperature`,
    and the rest its loss on the labels.
    """

    training: Training
    soft: float = 0.7
    temperature: float = 2.0

    def __post_init__(self) -> None:
        _require(0 < self.soft <= 1, f"Distillation has soft={self.soft}", "it is above 0, to 1")
        _require(
            self.temperature > 0,
            f"Distillation has temperature={self.temperature}",
            "it must be positive",
        )


@dataclass(frozen=True)
class Optimisation:
    """What a variant of the model must be to take the place of the ONNX file as it was exported.

    `objective` is what the choice is made by, one of `slipway.variants.OBJECTIVES`. A variant is
    kept only if it is better by the factor `threshold` at the least, by the lower bound of what was
    measured, and if its metric is at most `tolerance` worse: 0.01 is a point of an accuracy, a per
    cent of a perplexity. With `certain` the whole interval of that difference must lie within the
    tolerance, not the difference alone. Ranges of numbers are measured on `calibration` examples.

    `engines` are the precisions in which a package of compared variants offers TensorRT engines to
    servers with a GPU, some of `ENGINES`: the first to be tried first, none for no engines.
    """

    objective: str = "latency"
    tolerance: float = 0.01
    threshold: float = 1.05
    certain: bool = False
    calibration: int = 128
    engines: tuple[str, ...] = ENGINES
    pruning: Pruning | None = None
    distillation: Distillation | None = None

    def __post_init__(self) -> None:
        _require(
            self.objective in OBJECTIVES,
            f"Optimisation has objective={self.objective!r}",
            f"it is one of {', '.join(OBJECTIVES)}",
        )
        _require(
            self.tolerance >= 0,
            f"Optimisation has tolerance={self.tolerance}",
            "it must not be negative",
        )
        _require(
            self.threshold >= 1,
            f"Optimisation has threshold={self.threshold}",
            "a variant that is no better is not kept: 1 or more",
        )
        _require(
            self.calibration >= 1,
            f"Optimisation has calibration={self.calibration}",
            "at least 1 example is needed",
        )
        _require(
            set(self.engines) <= set(ENGINES) and len(set(self.engines)) == len(self.engines),
            f"Optimisation has engines={self.engines}",
            f"each is one of {', '.join(ENGINES)}, and named once",
        )


@dataclass(frozen=True)
class Recipe:
    """Everything Slipway needs to know to take a model from PyTorch to a served endpoint.

    `inputs` and `outputs` are the network's; clients see the same, but for the text in place of
    tokens where there is a `tokenizer`. `parity` is the largest absolute difference allowed between
    PyTorch's answer and any later form of the model, the served one included. A
    variant that only comes near to PyTorch has tolerances of its own, which are measured.
    """

    title: str
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    training: Training
    metric: Metric
    parity: float = 1e-4
    serving: Serving = field(default_factory=Serving)
    tokenizer: Tokenizer | None = None
    generation: Generation | None = None
    optimisation: Optimisation = field(default_factory=Optimisation)

    def __post_init__(self) -> None:
        names = [t.name for t in (*self.inputs, *self.outputs)]
        _require(
            bool(self.inputs) and bool(self.outputs),
            "The recipe lacks inputs or outputs",
            "a served model has at least one of each",
        )
        _require(
            len(set(names)) == len(names),
            f"The recipe has the tensors {names}",
            "each name may be used once",
        )
        _require(self.parity > 0, f"The recipe has parity={self.parity}", "it must be positive")
        if self.tokenizer:
            made = {self.tokenizer.ids, self.tokenizer.mask}
            _require(
                made <= {t.name for t in self.inputs},
                f"The tokenizer gives {sorted(made)}",
                f"the network takes {[t.name for t in self.inputs]}",
            )
        varying = {name for spec in self.served_inputs for name in spec.varying}
        strange = [sizes.name for sizes in self.serving.ranges if sizes.name not in varying]
        _require(
            not strange,
            f"The recipe has ranges for {strange}",
            f"of what clients send {sorted(varying) or 'nothing'} varies",
        )

    @property
    def served_inputs(self) -> tuple[TensorSpec, ...]:
        """What clients send."""
        if self.tokenizer is None:
            return self.inputs
        made = {self.tokenizer.ids, self.tokenizer.mask}
        return (self.tokenizer.text, *(t for t in self.inputs if t.name not in made))
