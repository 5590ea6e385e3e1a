"""When a measurement has settled, and what it then says."""

from collections.abc import Sequence

import numpy as np


def agree(throughputs: Sequence[float], count: int, within: float) -> bool:
    """Whether the last `count` windows all lie `within` (a share) of their mean."""
    last = throughputs[-count:]
    mean = sum(last) / count
    return (
        len(last) == count
        and mean > 0
        and all(abs(throughput - mean) <= within * mean for throughput in last)
    )


def percentile(values: Sequence[float], percent: float) -> float:
    """The smallest value that at least `percent` of all do not exceed; 0 where there are none."""
    if not len(values):
        return 0.0
    return float(np.percentile(values, percent, method="inverted_cdf"))
