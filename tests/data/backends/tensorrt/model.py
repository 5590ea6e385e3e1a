"""Stands in for Triton's tensorrt backend: runs the plans of tests/trtexec.py with ONNX Runtime.

It finds its plan as the native one does: that of the GPU's capability in `cc_model_filenames`, else
`default_model_filename`. The GPU's capability is that of the tests: 8.9. It takes only shapes that
fit one of the profiles that the configuration names, and answers one request after the other.
"""

import json
import time
from pathlib import Path

import onnxruntime as ort
import triton_python_backend_utils as pb_utils

CAPABILITY = "8.9"


class TritonPythonModel:
    def initialize(self, args):
        config = json.loads(args["model_config"])
        named = config["cc_model_filenames"].get(CAPABILITY) or config["default_model_filename"]
        path = Path(pb_utils.get_model_dir()) / named
        if not path.is_file():
            raise pb_utils.TritonModelException(f"unable to find '{path}'")
        head, _, content = path.read_bytes().partition(b"\n")
        self.plan = json.loads(head)
        if self.plan["capability"] != CAPABILITY:
            raise pb_utils.TritonModelException("the plan is not for this GPU")
        (group,) = config["instance_group"]
        self.profiles = [self.plan["profiles"][int(number)] for number in group["profile"]]
        options = ort.SessionOptions()
        options.intra_op_num_threads = 1
        self.session = ort.InferenceSession(content, options, providers=["CPUExecutionProvider"])
        self.outputs = [each["name"] for each in config["output"]]

    def execute(self, requests):
        return [self._answer(request) for request in requests]

    def _answer(self, request):
        feeds = {tensor.name(): tensor.as_numpy() for tensor in request.inputs()}
        if not any(self._fits(profile, feeds) for profile in self.profiles):
            error = pb_utils.TritonError("no optimisation profile fits the request")
            return pb_utils.InferenceResponse(error=error)
        time.sleep(self.plan.get("slow", 0))
        answers = self.session.run(self.outputs, feeds)
        return pb_utils.InferenceResponse(
            [
                pb_utils.Tensor(name, answer + answer.dtype.type(self.plan.get("spoil", 0)))
                for name, answer in zip(self.outputs, answers, strict=True)
            ]
        )

    @staticmethod
    def _fits(profile, feeds):
        return all(
            a <= size <= c
            for name, array in feeds.items()
            for a, size, c in zip(
                profile["--minShapes"][name], array.shape, profile["--maxShapes"][name], strict=True
            )
        )
