"""What holds for every stack that Slipway declares, whatever is configured.

Each invariant takes a recorded graph and asserts one thing. They look at what AWS would be asked
for, and know nothing of how it came about.
"""

from tests.invariants import encryption, identity, ingress, network, program, servers, watching
from tests.invariants.reading import INVARIANTS

__all__ = [
    "INVARIANTS",
    "encryption",
    "identity",
    "ingress",
    "network",
    "program",
    "servers",
    "watching",
]
