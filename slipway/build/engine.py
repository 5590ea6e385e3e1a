"""What runs a network inside Triton, and how a model's configuration says so.

The same recipe is served by any engine under the same tensor names and shapes: what differs between
Triton's backends is here and nowhere else.
"""

from collections import Counter
from dataclasses import dataclass, replace

from slipway.errors import VariantError
from slipway.recipe import Recipe, Serving


@dataclass(frozen=True)
class Engine:
    """A backend of Triton and how it runs a network.

    `precision` is what `slipway.build.openvino` is told of it. `model_file` is the name of the file
    in a version's folder where it is not what the backend looks for unasked. `parameters` are the
    same for every model; what `Serving` decides comes to them: `threads` and `streams` are the
    names of the parameters that take the number of threads and of instances.

    `joins`: Triton joins requests to batches. Where it does not, the batch is the first dimension
    of the configuration, and requests of any batch are run one by one.
    `cpu_alone`: the backend refuses a model on a GPU, which KIND_AUTO means on a server with one.
    `shared_threads`: a model's instances share their threads, so that they are counted together.
    """

    name: str
    backend: str
    threads: str
    precision: str = "default"
    streams: str = ""
    model_file: str = ""
    parameters: tuple[tuple[str, str], ...] = ()
    joins: bool = True
    cpu_alone: bool = False
    shared_threads: bool = False

    def parameters_of(self, serving: Serving) -> dict[str, str]:
        """The ModelConfig's `parameters`."""
        threads = serving.threads * (serving.instances if self.shared_threads else 1)
        streams = {self.streams: str(serving.instances)} if self.streams else {}
        return {self.threads: str(threads), **streams, **dict(self.parameters)}

    def require_fit(self, recipe: Recipe) -> None:
        """Raises `VariantError` where the engine cannot be trusted with what clients may send.

        OpenVINO does not check as it runs. Of inputs whose shapes do not fit each other it makes
        nonsense, or ends the process, which with the official backend is the whole server. Triton
        sees to it that inputs agree in what it knows to be the batch; an ensemble's it knows.
        """
        if self.joins:
            return
        varying = Counter(size for spec in recipe.served_inputs for size in set(spec.varying))
        if recipe.tokenizer is None:
            varying["batch"] = len(recipe.served_inputs)
        shared = [size for size, inputs in varying.items() if inputs > 1]
        if shared:
            raise VariantError(
                f"{self.name} cannot be trusted with inputs that have a varying size in common",
                why=f"nothing checks that those of a request agree in {shared[0]!r}, and one in "
                "which they do not can end the server",
            )


ONNXRUNTIME = Engine(name="ONNX Runtime", backend="onnxruntime", threads="intra_op_thread_count")

OPENVINO = Engine(
    name="OpenVINO",
    backend="openvino",
    threads="INFERENCE_NUM_THREADS",
    streams="NUM_STREAMS",
    model_file="model.onnx",
    joins=False,
    cpu_alone=True,
    shared_threads=True,
)
"""What is not quantised runs in FP32, but in bfloat16 on a processor that has it: the official
backend has no parameter that keeps FP32 there.
"""

OPENVINO_BF16 = replace(
    OPENVINO,
    name="OpenVINO in bfloat16",
    precision="bf16",
    parameters=(("HINT_BF16", "YES"),),
)
"""Not to be had on a processor without bfloat16."""
