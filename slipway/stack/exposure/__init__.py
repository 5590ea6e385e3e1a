"""What a change to the stack does to its security: `delta` compares two recorded graphs."""

from slipway.stack.exposure.delta import delta
from slipway.stack.exposure.finding import Exposed, Kind, Severity

__all__ = ["Exposed", "Kind", "Severity", "delta"]
