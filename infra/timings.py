"""How long things may take when servers come and go, in seconds, from what a person decided.

When a server leaves, AWS first deregisters it and waits for `deregistration`; then the terminate
hook holds it while the node stops Triton, which gives streams `exit_timeout`. A spot instance has
two minutes for both.
"""

from dataclasses import dataclass

SPOT_NOTICE = 120
GRACE = 120
"""After the launch hook: the server is ready by then, so this only covers the first checks."""
EXIT_TIMEOUT = 30
MARGIN = 10

_BOOT = 180
_PULL = 300
_FETCH_MIB_PER_SECOND = 100
_LOAD_MIB_PER_SECOND = 200
_LEAST_LAUNCH, _MOST_LAUNCH = 1800, 7200


@dataclass(frozen=True)
class Timings:
    """`model_gib` is what one server loads, `longest_request` the longest answer to wait for."""

    drain: int
    model_gib: int
    longest_request: int

    @property
    def deregistration(self) -> int:
        return self.drain

    @property
    def exit_timeout(self) -> int:
        return EXIT_TIMEOUT

    @property
    def terminate_hook(self) -> int:
        return self.drain + EXIT_TIMEOUT + MARGIN

    @property
    def launch_hook(self) -> int:
        """Half more than boot, image, models and loading are expected to take, within AWS's
        limits.
        """
        mib = self.model_gib * 1024
        expected = _BOOT + _PULL + mib / _FETCH_MIB_PER_SECOND + mib / _LOAD_MIB_PER_SECOND
        return min(_MOST_LAUNCH, max(_LEAST_LAUNCH, int(1.5 * expected)))

    @property
    def idle_timeout(self) -> int:
        """Of a client's connection: longer than the longest answer."""
        return self.longest_request + 30
