"""One environment: all groups of settings, and what must hold between them."""

from dataclasses import dataclass

from infra.settings.ingress import IngressSettings
from infra.settings.network import NetworkSettings
from infra.settings.observability import ObservabilitySettings
from infra.settings.publisher import PublisherSettings
from infra.settings.scaling import ScalingSettings
from infra.settings.servers import ServerSettings
from infra.settings.store import StoreSettings

SHAPES = ("cluster", "single", "container")


@dataclass(frozen=True)
class Settings:
    """`environment` is the stack's name, `region` comes from `aws:region`.

    `image` is a tag of the serving image in the environment's own repository, or its digest
    (`sha256:...`). Empty: all but the servers and what needs them is built, so that there is a
    repository to push the first image to. `protect` keeps data from `pulumi destroy`.
    """

    environment: str
    region: str
    shape: str
    image: str
    protect: bool
    owner: str
    cost_center: str
    network: NetworkSettings
    store: StoreSettings
    publisher: PublisherSettings
    servers: ServerSettings
    scaling: ScalingSettings
    ingress: IngressSettings
    observability: ObservabilitySettings
