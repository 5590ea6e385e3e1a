"""Tiny ONNX models in a Triton repository, and what tests ask a server about itself."""

from pathlib import Path

import numpy as np
import onnx
import tritonclient.grpc as triton
from onnx import TensorProto, helper

from slipway.processes import group_members


def write_onnx(path, *, factor=2.0, batch="batch"):
    """`x` (batch, n) of floats to `y` = factor * x and `total` = the sum of a row.

    It fails on a row index: `pick` names a row of a table of 4.
    """
    floats = TensorProto.FLOAT
    graph = helper.make_graph(
        [
            helper.make_node("Mul", ["x", "factor"], ["scaled"]),
            helper.make_node("Gather", ["table", "pick"], ["picked"]),
            helper.make_node("Add", ["scaled", "picked"], ["y"]),
            helper.make_node("ReduceSum", ["x", "one"], ["total"], keepdims=0),
        ],
        "tiny",
        [
            helper.make_tensor_value_info("x", floats, [batch, "n"]),
            helper.make_tensor_value_info("pick", TensorProto.INT64, [batch, 1]),
        ],
        [
            helper.make_tensor_value_info("y", floats, [batch, "n"]),
            helper.make_tensor_value_info("total", floats, [batch]),
        ],
        [
            helper.make_tensor("factor", floats, [1], [factor]),
            helper.make_tensor("table", floats, [4], [0.0, 10.0, 20.0, 30.0]),
            helper.make_tensor("one", TensorProto.INT64, [1], [1]),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    onnx.checker.check_model(model)
    path.parent.mkdir(parents=True, exist_ok=True)
    onnx.save(model, path)


CONFIG = """
backend: "onnxruntime"
max_batch_size: 8
input [ { name: "x" data_type: TYPE_FP32 dims: -1 },
        { name: "pick" data_type: TYPE_INT64 dims: 1 } ]
output [ { name: "y" data_type: TYPE_FP32 dims: -1 },
         { name: "total" data_type: TYPE_FP32 dims: 1 reshape { shape: [] } } ]
instance_group [ { count: 1 kind: KIND_AUTO } ]
dynamic_batching { }
parameters { key: "intra_op_thread_count" value { string_value: "1" } }
"""


def add_model(repository, name, config=CONFIG, **onnx_model):
    """Write a model folder; returns the path of its ONNX file."""
    path = Path(repository) / name / "1/model.onnx"
    write_onnx(path, **onnx_model)
    path.parent.parent.joinpath("config.pbtxt").write_text(config)
    return path


def client_of(server):
    return triton.InferenceServerClient(f"127.0.0.1:{server.options.ports.grpc}")


def request(rows=1, width=3, *, value=1.0, pick=0):
    """Named arrays for the tiny model."""
    return {
        "x": np.full((rows, width), value, np.float32),
        "pick": np.full((rows, 1), pick, np.int64),
    }


def tensors(arrays):
    """Named arrays as the client wants them."""
    made = []
    for name, array in arrays.items():
        tensor = triton.InferInput(name, array.shape, triton.np_to_triton_dtype(array.dtype))
        made.append(tensor.set_data_from_numpy(array))
    return made


def infer(client, name, arrays, **options):
    answer = client.infer(name, tensors(arrays), client_timeout=20, **options)
    return {output.name: answer.as_numpy(output.name) for output in answer.get_response().outputs}


def command_line(pid):
    """The words a process was started with; none where it has ended meanwhile."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0")
    except (FileNotFoundError, ProcessLookupError):
        return []


def stubs_of(server, model=""):
    """The ids of a server's Python processes, those of one model where it is named."""
    return [
        pid
        for pid in group_members(server)
        if (words := command_line(pid))
        and words[0].endswith("triton_python_backend_stub")
        and (not model or f"/{model}/" in words[1])
    ]


def memory_prefix(pid):
    """What the shared memory of the server with this process id is called."""
    (name,) = [a for a in command_line(pid) if a.startswith("--id=")]
    return name.removeprefix("--id=")
