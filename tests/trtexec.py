"""Stands in for TensorRT's trtexec where there is no GPU: same options, output and failures.

From the sources of trtexec 10 and 11 (samples/trtexec and samples/common of NVIDIA/TensorRT): what
it is called with, what it prints and where, how it ends. It has no GPU and times nothing: the
figures it prints are made up. Its plan is a line of JSON and the ONNX file, which the stand-in for
Triton's tensorrt backend (tests/data/backends) runs with ONNX Runtime.

    TRTEXEC_VERSION      as in the banner: 101303 is 10.13.3 (default), 110000 is 11.0.0
    TRTEXEC_CAPABILITY   the GPU's, 8.9 by default
    TRTEXEC_FAILURE      one of FAILURES
    TRTEXEC_BUILDS       a file that gets a line for every build
    TRTEXEC_SECONDS      how long a build takes
    TRTEXEC_PLAN         JSON that is added to the plan: {"slow": seconds}, {"spoil": number}
"""

import json
import os
import re
import signal
import sys
import time
from datetime import datetime
from pathlib import Path

import onnx
from onnx import TensorProto

VERSION = int(os.environ.get("TRTEXEC_VERSION", "101303"))
MAJOR = VERSION // 10_000 if VERSION >= 100_000 else VERSION // 1_000
FAILURE = os.environ.get("TRTEXEC_FAILURE", "")
FAILURES = {"operator", "parser", "memory", "kernel", "killed", "hangs", "crash", "no plan",
            "no layers", "names alone", "no summary", "silently fp32", "large"}  # fmt: skip

WITH_VALUE = {"--onnx", "--saveEngine", "--minShapes", "--optShapes", "--maxShapes", "--shapes",
              "--profile", "--useProfile", "--timingCacheFile", "--memPoolSize",
              "--builderOptimizationLevel", "--profilingVerbosity", "--exportLayerInfo",
              "--exportTimes", "--warmUp", "--duration", "--iterations"}  # fmt: skip
FLAGS = {"--stronglyTyped", "--skipInference", "--verbose", "--help"}
WEAK = {"--fp16", "--int8", "--bf16", "--fp8", "--best"}
"""Gone from 11 on, where every network is strongly typed."""

WORDS = {TensorProto.FLOAT: "Float", TensorProto.FLOAT16: "Half", TensorProto.INT8: "Int8",
         TensorProto.BFLOAT16: "BFloat16", TensorProto.INT64: "Int64",
         TensorProto.BOOL: "Bool"}  # fmt: skip
PARAMETERS = {"Conv": "Convolution", "Gemm": "MatrixMultiply", "MatMul": "MatrixMultiply"}


class Failed(Exception):
    """What trtexec says before it ends with exit code 1."""


def say(severity, text):
    stream = sys.stdout if severity in "IV" else sys.stderr
    stream.write(f"[{datetime.now():%m/%d/%Y-%H:%M:%S}] [{severity}] {text}\n")
    stream.flush()


def banner(result):
    build = " [b9]" if MAJOR >= 10 else ""
    words = " ".join(sys.argv)
    print(f"&&&& {result} TensorRT.trtexec [TensorRT v{VERSION}]{build} # {words}", flush=True)


def parse(words):
    """Options in the order they came: profiles depend on it."""
    known = FLAGS | (WEAK if MAJOR < 11 else set())
    given = []
    for word in words:
        name, equals, value = word.partition("=")
        if name not in (WITH_VALUE if equals else known):
            raise Failed(f"Unknown option: {name} {value}")
        given.append((name, value))
    names = {name for name, _ in given}
    if "--stronglyTyped" in names and names & WEAK:
        raise Failed("Strongly typed networks cannot be used with precision flags.")
    return given


def shapes(text):
    found = {}
    for each in text.split(","):
        match = re.fullmatch(r"([^:,]+):(\d+(?:x\d+)*)", each)
        if not match:
            raise Failed(f"Invalid shape spec {each} conversion failure: failed to parse shapes.")
        found[match[1]] = [int(size) for size in match[2].split("x")]
    return found


def profiles_of(given):
    profiles, numbered = [], False
    for name, value in given:
        if name == "--profile":
            if int(value) != len(profiles):
                raise Failed("Profile indices must be contiguous")
            numbered = True
            profiles.append({})
        elif name in ("--minShapes", "--optShapes", "--maxShapes"):
            if not profiles:
                profiles.append({})
            if name in profiles[-1]:
                assert not numbered
                raise Failed(
                    "Multiple --minShapes/--optShapes/--maxShapes without --profile are not "
                    "allowed. "
                )
            profiles[-1][name] = shapes(value)
    return profiles


def check_shapes(model, profiles, run, chosen):
    inputs = {each.name: each for each in model.graph.input}
    for name, each in inputs.items():
        sizes = [d.dim_value for d in each.type.tensor_type.shape.dim]
        if 0 not in sizes:
            raise Failed("Static model does not take explicit shapes since the shape of inference "
                         "tensors will be determined by the model itself")  # fmt: skip
        for profile in profiles:
            least, best, most = (profile[f"--{kind}Shapes"].get(name) for kind in
                                 ("min", "opt", "max"))  # fmt: skip
            if least is None or len(least) != len(sizes):
                raise Failed(f"Missing or wrong shape of input {name} in a profile")
            for size, a, b, c in zip(sizes, least, best, most, strict=True):
                if not (1 <= a <= b <= c and size in (0, a)):
                    raise Failed(f"Error Code 4: Internal Error ({name}: kMIN <= kOPT <= kMAX)")
    for name, shape in run.items():
        least, most = (profiles[chosen][f"--{kind}Shapes"][name] for kind in ("min", "max"))
        if not all(a <= s <= c for a, s, c in zip(least, shape, most, strict=True)):
            raise Failed(f"Set dimension of {name} is not in the range of profile {chosen}")


def layer_info(model, detailed, typed):
    """Layers as the engine inspector writes them; of two generations."""
    inferred = onnx.shape_inference.infer_shapes(model)
    types = {v.name: v.type.tensor_type.elem_type
             for v in (*inferred.graph.value_info, *inferred.graph.input)}  # fmt: skip
    types |= {each.name: each.data_type for each in model.graph.initializer}
    quantised = {n.output[0] for n in model.graph.node if n.op_type == "DequantizeLinear"}

    def word(name):
        if FAILURE == "silently fp32":
            return "Float"
        return "Int8" if name in quantised else WORDS.get(types.get(name), "Float")

    def tensor(name):
        if not typed:
            return {"Name": name, "Format/Datatype": "N/A due to dynamic shapes"}
        if MAJOR >= 11:
            return {"Name": name, "Format": "LINEAR", "DataType": word(name)}
        kind = {"Half": "FP16", "Float": "FP32"}.get(word(name), word(name))
        return {"Name": name, "Format/Datatype": f"Row major linear {kind} format"}

    layers = [
        {"Name": f"Reformatting CopyNode for Input Tensor 0 to {model.graph.node[0].name}",
         "LayerType": "Reformat", "ParameterType": "Reformat",
         "Inputs": [tensor(model.graph.input[0].name)]}
    ]  # fmt: skip
    for node in model.graph.node:
        layer = {"Name": node.name, "LayerType": node.op_type,
                 "Inputs": [tensor(name) for name in node.input]}  # fmt: skip
        if node.op_type in PARAMETERS:
            layer |= {"LayerType": "gemm" if node.op_type != "Conv" else "CaskConvolution",
                      "ParameterType": PARAMETERS[node.op_type]}  # fmt: skip
        layers.append(layer)
    if not detailed:
        layers = [layer["Name"] for layer in layers]
    names = [each.name for each in (*model.graph.input, *model.graph.output)]
    tensors = {"I/O Tensors": [{"Name": n} for n in names]} if MAJOR >= 11 else {"Bindings": names}
    return {"Layers": layers, **tensors}


def read_model(path):
    if not Path(path).is_file():
        raise Failed(f"Could not open file {path}")
    if FAILURE == "parser":
        raise Failed("Failed to parse onnx file")
    if FAILURE == "operator":
        say("I", "[TRT] No importer registered for op: GridSample3D. Attempting to import as "
            "plugin.")  # fmt: skip
        say("E", "[TRT] ModelImporter.cpp:950: --- Begin node ---")
        raise Failed("Failed to parse onnx file")
    model = onnx.load(path)
    say("I", "Finished parsing network model. Parse time: 0.0483808")
    return model


def fail_to_build():
    match FAILURE:
        case "memory":
            say("E", "Error[2]: [virtualMemoryBuffer.cpp::resizePhysical::154] Error Code 2: "
                "OutOfMemory (Requested size was 2833252352 bytes.)")  # fmt: skip
            raise Failed("Engine could not be created from network")
        case "kernel":
            say(
                "E",
                "Error[10]: [optimizer.cpp::computeCosts::3873] Error Code 10: Internal Error "
                "(Could not find any implementation for node {ForeignNode[/q/MatMul.../Add]}.)",
            )
            raise Failed("Engine could not be created from network")  # fmt: skip
        case "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        case "hangs":
            time.sleep(600)
        case "crash":
            raise Failed("Something that nobody has seen before")


def build(given):
    options = dict(given)
    model = read_model(options["--onnx"])
    profiles = profiles_of(given)
    chosen = int(options.get("--useProfile", 0))
    check_shapes(model, profiles, shapes(options["--shapes"]), chosen)
    time.sleep(float(os.environ.get("TRTEXEC_SECONDS", "0")))
    if FAILURE != "memory":  # a tactic that is passed over: the build goes on
        say("W", "[TRT] UNSUPPORTED_STATE: Skipping tactic 28 due to insufficient memory on "
            "requested size of 2833252352")  # fmt: skip
    fail_to_build()
    if journal := os.environ.get("TRTEXEC_BUILDS"):
        with Path(journal).open("a") as file:
            file.write(f"{options['--saveEngine']}\n")
    head = {
        "tensorrt": VERSION,
        "capability": os.environ.get("TRTEXEC_CAPABILITY", "8.9"),
        "profiles": profiles,
        **json.loads(os.environ.get("TRTEXEC_PLAN", "{}")),
    }
    content = json.dumps(head).encode() + b"\n" + model.SerializeToString()
    if FAILURE == "large":
        content += bytes(100 << 20)
    if FAILURE != "no plan":
        Path(options["--saveEngine"]).write_bytes(content)
    Path(options["--timingCacheFile"]).touch()
    say("I", "Engine built in 0.5 sec.")
    return model


def run(given, model):
    options = dict(given)
    skipped = "--skipInference" in options
    if FAILURE != "no layers":
        detailed = options.get("--profilingVerbosity") == "detailed" and FAILURE != "names alone"
        info = layer_info(model, detailed, typed=not skipped)
        Path(options["--exportLayerInfo"]).write_text(json.dumps(info))
    if skipped:
        say("I", "Skipped inference phase since --skipInference is added.")
        return
    Path(options["--exportTimes"]).write_text('[\n  { "computeMs" : 0.25 }\n]\n')
    if FAILURE != "no summary":
        spread = "min = 0.2 ms, max = 0.4 ms, mean = 0.26 ms, median = 0.25 ms, " \
            "percentile(90%) = 0.3 ms"  # fmt: skip
        say("I", "=== Performance summary ===")
        say("I", "Throughput: 3800.12 qps")
        say("I", f"Latency: {spread}")
        say("I", f"GPU Compute Time: {spread}")
        say("I", "Total GPU Compute Time: 1.0 s")


def main():
    assert not FAILURE or FAILURE in FAILURES, FAILURE
    banner("RUNNING")
    if "--help" in sys.argv:
        print("=== Model Options ===\n  --onnx=<file>   ONNX model")
        return 0
    try:
        given = parse(sys.argv[1:])
        say("I", f"TensorRT version: {MAJOR}.{VERSION // 100 % 100}.{VERSION % 100}")
        run(given, build(given))
    except Failed as failed:
        say("E", str(failed))
        if not str(failed).startswith("Unknown option"):
            say("E", "Failed to create engine from model or file.")
            say("E", "Engine set up failed")
        banner("FAILED")
        return 1
    banner("PASSED")
    return 0


if __name__ == "__main__":
    sys.exit(main())
