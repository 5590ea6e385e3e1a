"""How long things may take when servers come and go, in seconds, from what a person decided.

When a server of the group is to leave, two things begin at once. AWS deregisters it from its load
balancer, waits up to `deregistration` for requests in flight, and only then has the terminate hook
hold it. Its node, which reads in the instance's metadata that it is to go, answers on for `drain`,
stops Triton, and completes the hook; if that does not hold it yet, it tries again for a while.
Without a load balancer, or with nothing in flight, the hook holds from the beginning: so it lasts
for all that the node does.

A task of ECS leaves in a row instead: it is deregistered, `deregistration` passes, and then it is
told to stop. Either way a server is gone after `leaving`, for which spot has two minutes.
"""

from dataclasses import dataclass

SPOT_NOTICE = 120
GRACE = 120
"""After the launch hook: the server is ready by then, so this only covers the first checks."""
EXIT_TIMEOUT = 30
MARGIN = 10
"""Until the node notices that it is to go, and from Triton's end to the node's."""
IDLE_MARGIN = 30
"""Between the longest answer and the end of an idle connection."""

_SLOW_AWS = 30
"""For what a node does beside stopping Triton, and gives up where AWS does not answer: it leaves
Cloud Map and writes its report."""
_BOOT = 180
_PULL = 300
_FETCH_MIB_PER_SECOND = 100
_LOAD_MIB_PER_SECOND = 200
_LEAST_LAUNCH, _MOST_LAUNCH = 1800, 7200


@dataclass(frozen=True)
class Timings:
    """`model_gib` is what one server loads, `longest_request` the longest answer to wait for,
    `spot` whether a server may be a spot instance.
    """

    drain: int
    model_gib: int
    longest_request: int
    spot: bool

    @property
    def deregistration(self) -> int:
        return self.drain

    @property
    def exit_timeout(self) -> int:
        """Triton's, for what is still in flight when it is stopped."""
        return EXIT_TIMEOUT

    @property
    def stop_seconds(self) -> int:
        """The container's, between SIGTERM and SIGKILL."""
        return self.exit_timeout + _SLOW_AWS

    @property
    def leaving(self) -> int:
        """From the decision that a server leaves to its end, where AWS answers at once."""
        return self.drain + self.exit_timeout + MARGIN

    @property
    def terminate_hook(self) -> int:
        """The node's part, where AWS does not answer at once. A hook longer than the notice would
        hold no spot instance: EC2 takes it all the same.
        """
        longest = self.drain + self.stop_seconds + MARGIN
        return min(longest, SPOT_NOTICE) if self.spot else longest

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
        return self.longest_request + IDLE_MARGIN
