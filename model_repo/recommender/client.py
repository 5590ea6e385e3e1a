"""Ask the served recommender what to show to a visitor.

    python client.py "Funny tent. Sunny yellow, for camping." "Basic lantern. Unbranded."

Needs `pip install tritonclient[grpc] numpy`.
"""

import argparse
import csv
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from tritonclient import grpc as triton

CATALOGUE = Path(__file__).parent / "data" / "items.csv"
EXAMPLE = (
    "Simple sleeping bag. Plain grey, for camping, cool in summer.",
    "No-frills sleeping mat. Recycled plastic, for camping, cool in summer.",
    "No-frills lantern. Unbranded, for camping, cool in summer.",
)
CAMPING = range(32)
"""The ids of what the shipped shop has for it."""


class Offer(NamedTuple):
    item: int
    """The item's place in the catalogue, counted from 0."""
    score: float
    """The chance that it is looked at next."""


def ask(address: str, history: Sequence[str], model: str = "recommender") -> list[Offer]:
    """Ten items, best first, for who looked at items with these texts, oldest first.

    `address` is host:port of Triton's gRPC endpoint. An empty history is a new visitor's. Raises
    `tritonclient.utils.InferenceServerException` where it does not answer.
    """
    texts = [text.encode() for text in history] or [b""]
    given = triton.InferInput("history", [1, len(texts)], "BYTES")
    given.set_data_from_numpy(np.array([texts], dtype=object))
    with triton.InferenceServerClient(address) as client:
        answer = client.infer(model, [given])
    items, scores = answer.as_numpy("items")[0], answer.as_numpy("scores")[0]
    return [Offer(int(item), float(score)) for item, score in zip(items, scores, strict=True)]


def check(answer: list[Offer]) -> str:
    """What is wrong with the answer to EXAMPLE; empty where nothing is."""
    fitting = sum(offer.item in CAMPING for offer in answer[:5])
    if fitting < 3:
        return f"after three things for camping {fitting} of the first five offered are for camping"
    return ""


def main() -> None:
    parser = argparse.ArgumentParser(description="What to show next, from a served model.")
    parser.add_argument("history", nargs="*", default=EXAMPLE, help="texts, oldest first")
    parser.add_argument("--address", default="localhost:8001", help="host:port of Triton's gRPC")
    parser.add_argument("--items", type=Path, default=CATALOGUE, help="items.csv of the shop")
    arguments = parser.parse_args()
    with arguments.items.open(newline="", encoding="utf-8") as file:
        texts = [row["text"] for row in csv.DictReader(file)]
    for text in arguments.history:
        print(f"          {text}")
    for item, score in ask(arguments.address, arguments.history):
        print(f"{score:5.2f} {item:3}  {texts[item]}")


if __name__ == "__main__":
    main()
