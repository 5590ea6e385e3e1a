"""Ask the served text classifier for the topic of a text.

    python client.py "Two goals in stoppage time rescued the side."

Needs `pip install tritonclient[grpc] numpy`.
"""

import argparse
from typing import NamedTuple

import numpy as np
from tritonclient import grpc as triton

EXAMPLE = "Two late goals sent the visitors through to the final after an hour with ten players."


class Topic(NamedTuple):
    label: str
    score: float
    """The logit: higher is likelier; only differences mean something."""


def ask(address: str, text: str, model: str = "text_classifier") -> Topic:
    """The likeliest topic of one text. `address` is host:port of Triton's gRPC endpoint.

    Triton's classification extension picks the highest of the scores and names it with the model's
    labels. Raises `tritonclient.utils.InferenceServerException` where it does not answer.
    """
    given = triton.InferInput("text", [1, 1], "BYTES")
    given.set_data_from_numpy(np.array([[text.encode()]], dtype=object))
    wanted = triton.InferRequestedOutput("logits", class_count=1)
    with triton.InferenceServerClient(address) as client:
        answer = client.infer(model, [given], outputs=[wanted])
    score, _place, label = answer.as_numpy("logits")[0, 0].decode().split(":", 2)
    return Topic(label, float(score))


def check(answer: Topic) -> str:
    """What is wrong with the answer to EXAMPLE; empty where nothing is."""
    return "" if answer.label == "sport" else f"a text on sport was taken for {answer.label}"


def main() -> None:
    parser = argparse.ArgumentParser(description="The topic of a text, from a served model.")
    parser.add_argument("text", nargs="?", default=EXAMPLE)
    parser.add_argument("--address", default="localhost:8001", help="host:port of Triton's gRPC")
    arguments = parser.parse_args()
    topic = ask(arguments.address, arguments.text)
    print(f"{topic.label} ({topic.score:.2f})")


if __name__ == "__main__":
    main()
