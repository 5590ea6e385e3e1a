"""Everything that a person decides about an environment, as frozen values.

A group of settings is one module. Values are checked when they are built, so that nothing is
declared from a wrong one; defaults, types and descriptions are in `Pulumi.yaml` and only there.
A field `min_servers` is the setting `slipway:minServers`.
"""

from infra.settings.ingress import IngressSettings
from infra.settings.network import NetworkSettings
from infra.settings.observability import ObservabilitySettings
from infra.settings.publisher import PublisherSettings
from infra.settings.scaling import ScalingSettings
from infra.settings.servers import ServerSettings
from infra.settings.settings import Settings
from infra.settings.store import StoreSettings

__all__ = [
    "IngressSettings",
    "NetworkSettings",
    "ObservabilitySettings",
    "PublisherSettings",
    "ScalingSettings",
    "ServerSettings",
    "Settings",
    "StoreSettings",
]
