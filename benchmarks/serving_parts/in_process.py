"""ONNX Runtime without any server: the most that can be had of the machine.

    python -m benchmarks.serving_parts.in_process < spec.json

`way` is "threads": as many threads as the concurrency, each with one image a call; or "batch": one
caller with the concurrency as its batch.
"""

import json
import sys
import threading
import time
from typing import Any

import numpy as np

from benchmarks.serving_parts.values import Clock, Load
from slipway.golden import Golden  # before ONNX Runtime: slipway turns its telemetry off


def measure(spec: dict[str, Any]) -> Load:
    import onnxruntime

    golden = Golden.from_json(spec["golden"])
    session = onnxruntime.InferenceSession(spec["onnx"], providers=["CPUExecutionProvider"])
    by_threads = spec["way"] == "threads"
    callers, rows = (spec["concurrency"], 1) if by_threads else (1, spec["concurrency"])
    feeds = {name: np.resize(a, (rows, *a.shape[1:])) for name, a in golden.inputs.items()}
    latencies: list[int] = []
    running = True

    def call() -> None:
        while running:
            started = time.perf_counter_ns()
            session.run(None, feeds)
            latencies.append(time.perf_counter_ns() - started)

    threads = [threading.Thread(target=call) for _ in range(callers)]
    for thread in threads:
        thread.start()
    time.sleep(spec["warmup"])
    latencies.clear()
    clock = Clock()
    time.sleep(spec["seconds"])
    load = Load.of(list(latencies), clock.seconds, rows, 0, clock.cpu_s)
    running = False
    for thread in threads:
        thread.join()
    return load


if __name__ == "__main__":
    json.dump(measure(json.load(sys.stdin)).to_json(), sys.stdout)
