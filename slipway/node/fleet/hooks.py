"""What an instance says to its auto scaling group: that its lifecycle hooks, which hold it until
then, may let it go on, and that it has to be replaced.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import botocore.exceptions

from slipway.node.fleet import aws

NOTHING_WAITS = "No active Lifecycle Action"
"""Auto Scaling's words for a hook that is done, has expired, or has not begun to wait."""


class Hooks(Protocol):
    """Speaks for this instance. All raise `FleetError`."""

    def complete(self, hook: str) -> bool:
        """Let the instance go on; whether the hook held it."""
        ...

    def heartbeat(self, hook: str) -> None:
        """Begin the hook's time anew, if it holds the instance."""
        ...

    def replace(self) -> None:
        """End this instance and start another in its place."""
        ...


@dataclass(frozen=True)
class AutoScalingHooks:
    """The hooks of EC2 Auto Scaling."""

    group: str
    instance: str

    def complete(self, hook: str) -> bool:
        return self._tell("complete_lifecycle_action", hook, LifecycleActionResult="CONTINUE")

    def heartbeat(self, hook: str) -> None:
        self._tell("record_lifecycle_action_heartbeat", hook)

    def replace(self) -> None:
        with aws.errors("set instance health"):
            self._client.set_instance_health(
                InstanceId=self.instance, HealthStatus="Unhealthy", ShouldRespectGracePeriod=False
            )

    @cached_property
    def _client(self) -> Any:
        return aws.client("autoscaling")

    def _tell(self, call: str, hook: str, **how: str) -> bool:
        with aws.errors(f"{call.replace('_', ' ')} of hook '{hook}'"):
            try:
                getattr(self._client, call)(
                    AutoScalingGroupName=self.group,
                    InstanceId=self.instance,
                    LifecycleHookName=hook,
                    **how,
                )
            except botocore.exceptions.ClientError as error:
                if NOTHING_WAITS not in str(error):
                    raise
                return False
        return True
