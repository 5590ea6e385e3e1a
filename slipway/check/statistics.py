"""Triton's own account of a model: how long requests waited and how long they were worked on."""

from dataclasses import dataclass
from typing import Any

NS_PER_MS = 1e6


@dataclass(frozen=True)
class Statistics:
    """Totals since the model was loaded: requests, executed rows and batches, and nanoseconds.

    Triton charges every request of a batch with the whole time of that batch, so the mean compute
    time per request is the time a request spends there, not its share of the work.
    """

    requests: int = 0
    rows: int = 0
    executions: int = 0
    queue_ns: int = 0
    compute_ns: int = 0

    @classmethod
    def of(cls, response: Any) -> "Statistics":
        """Sum the served versions of a `ModelStatisticsResponse`."""
        models = response.model_stats
        stats = [model.inference_stats for model in models]
        return cls(
            requests=sum(s.success.count for s in stats),
            rows=sum(model.inference_count for model in models),
            executions=sum(model.execution_count for model in models),
            queue_ns=sum(s.queue.ns for s in stats),
            compute_ns=sum(
                s.compute_input.ns + s.compute_infer.ns + s.compute_output.ns for s in stats
            ),
        )

    def __add__(self, other: "Statistics") -> "Statistics":
        return Statistics(
            self.requests + other.requests,
            self.rows + other.rows,
            self.executions + other.executions,
            self.queue_ns + other.queue_ns,
            self.compute_ns + other.compute_ns,
        )

    def __sub__(self, earlier: "Statistics") -> "Statistics":
        return Statistics(
            self.requests - earlier.requests,
            self.rows - earlier.rows,
            self.executions - earlier.executions,
            self.queue_ns - earlier.queue_ns,
            self.compute_ns - earlier.compute_ns,
        )

    @property
    def queue_ms(self) -> float:
        """Mean per request; 0 where there was none."""
        return self.queue_ns / self.requests / NS_PER_MS if self.requests else 0.0

    @property
    def compute_ms(self) -> float:
        """Mean per request: input, inference and output."""
        return self.compute_ns / self.requests / NS_PER_MS if self.requests else 0.0

    @property
    def batch(self) -> float:
        """Mean rows of a batch that was run."""
        return self.rows / self.executions if self.executions else 0.0
