"""Ask the served fault predictor how likely a pump fails within 24 hours, and by what.

    python client.py hours.csv

Needs `pip install tritonclient[grpc] numpy`.
"""

import argparse
import csv
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from tritonclient import grpc as triton

SENSORS = ("temperature", "pressure", "vibration", "flow", "current", "speed")
"""In °C, bar, mm/s, m³/h, A and 1/min."""
ALARM = 0.25
"""A risk from which an alarm pays where a failure costs four times a visit for nothing."""

Hours = Sequence[Sequence[float | None]]
"""One row an hour, the latest last; None where a sensor was not heard."""

EXAMPLE: Hours = (
    (50.1, 3.76, 2.34, 87.0, 35.6, 1995),
    (51.7, 3.95, 2.63, 91.3, 35.8, 2049),
    (51.8, 4.00, 2.26, 87.5, 35.8, 2045),
    (51.7, 3.94, 2.29, 87.5, 36.5, 2044),
    (52.2, 4.04, 2.40, 88.6, 37.0, 2053),
    (52.3, 3.76, None, 88.6, 36.9, 2021),
    (50.1, 3.95, 2.39, 86.5, 37.0, 2040),
    (49.6, 4.00, 2.43, 89.2, 37.4, 2056),
    (49.4, 3.88, 2.27, 87.6, 36.6, 2029),
    (49.3, 3.86, 2.77, 86.4, 36.4, 2023),
    (48.7, 3.94, 2.40, 93.1, 36.9, 2040),
    (47.7, 3.96, 2.67, 89.5, 35.6, 2029),
    (48.0, 3.83, 2.70, 86.7, 36.1, 2014),
    (48.2, 4.07, 2.48, 88.7, 36.7, 2057),
    (47.5, 3.85, 2.54, 86.0, 35.5, 2011),
    (49.0, None, 2.77, 86.3, 35.1, 2007),
    (49.5, 3.97, 2.84, 90.4, 37.5, 2038),
    (50.6, 3.65, 2.62, 87.1, 36.2, 1993),
    (52.8, 3.92, 2.95, 84.6, 36.1, 2040),
    (53.4, 3.82, 2.75, 88.2, 36.4, 2032),
    (54.2, 3.67, None, 85.0, 36.2, 1948),
    (54.6, 3.79, None, 86.7, 35.4, 2008),
    (56.7, 3.77, 2.57, 84.4, 35.9, 1994),
    (57.6, 3.92, 2.64, 87.9, 58.3, 2018),
)
"""A held-out pump with a worn bearing, seven hours before it fails."""


class Forecast(NamedTuple):
    risk: float
    """Probability that the pump fails within 24 hours."""
    failure: str
    """How it is likeliest to fail, if it does."""


def ask(address: str, hours: Hours, model: str = "fault_predictor") -> Forecast:
    """The forecast at the end of the last row. Up to 48 hours are worth sending; fewer will do.

    `address` is host:port of Triton's gRPC endpoint. Raises
    `tritonclient.utils.InferenceServerException` where it does not answer.
    """
    values = np.array([[np.nan if v is None else v for v in row] for row in hours], np.float32)
    observed = ~np.isnan(values)
    readings = triton.InferInput("readings", [1, *values.shape], "FP32")
    readings.set_data_from_numpy(np.where(observed, values, np.float32(0))[None])
    heard = triton.InferInput("observed", [1, *values.shape], "BOOL")
    heard.set_data_from_numpy(observed[None])
    wanted = [
        triton.InferRequestedOutput("risk"),
        # Triton's classification extension names the highest entries by the model's labels.
        triton.InferRequestedOutput("mode", class_count=2),
    ]
    with triton.InferenceServerClient(address) as client:
        answer = client.infer(model, [readings, heard], outputs=wanted)
    modes = [entry.decode().split(":", 2)[2] for entry in answer.as_numpy("mode")[0]]
    failure = next(mode for mode in modes if mode != "none")
    return Forecast(float(answer.as_numpy("risk")[0, 0]), failure)


def check(answer: Forecast) -> str:
    """What is wrong with the answer to EXAMPLE; empty where nothing is."""
    if not ALARM <= answer.risk <= 1:
        return f"a pump seven hours before its failure has the risk {answer.risk:.2f}"
    if answer.failure != "bearing wear":
        return f"a worn bearing was taken for {answer.failure}"
    return ""


def read_hours(path: Path) -> Hours:
    """A CSV file with a column for each sensor and a row an hour; empty where none was heard."""
    with path.open(newline="", encoding="utf-8-sig") as lines:
        rows = list(csv.DictReader(lines))
    return [[float(row[name]) if row[name] else None for name in SENSORS] for row in rows]


def main() -> None:
    parser = argparse.ArgumentParser(description="Will this pump fail within 24 hours?")
    parser.add_argument(
        "hours", nargs="?", type=Path, help=f"a CSV file with the columns {', '.join(SENSORS)}"
    )
    parser.add_argument("--address", default="localhost:8001", help="host:port of Triton's gRPC")
    arguments = parser.parse_args()
    hours = read_hours(arguments.hours) if arguments.hours else EXAMPLE
    forecast = ask(arguments.address, hours)
    advice = "Alarm, if it was as high two hours ago" if forecast.risk >= ALARM else "No alarm"
    print(f"risk {forecast.risk:.2f}, likeliest by {forecast.failure}. {advice}.")


if __name__ == "__main__":
    main()
