"""What holds data, and who may use it: there before any server.

key ─ logs ─ network ─ archive ─ store ─ images ─ role ─ publisher ─ alerts
"""

from pulumi import ResourceOptions

from infra.alerts import Alerts, AlertsArgs
from infra.archive import LogArchive, LogArchiveArgs
from infra.images import ImageRepository, ImageRepositoryArgs
from infra.key import EncryptionKey, EncryptionKeyArgs
from infra.logs import Logs, LogsArgs
from infra.names import Names
from infra.network import Network, NetworkArgs
from infra.place import Place
from infra.publisher import Publisher, PublisherArgs
from infra.role import ServerRole, ServerRoleArgs
from infra.settings import Settings
from infra.store import ModelStore, ModelStoreArgs


class Foundation:
    """Every component but those that serve, in the order in which they need each other."""

    def __init__(
        self, settings: Settings, names: Names, place: Place, opts: ResourceOptions
    ) -> None:
        e, protect = settings.environment, settings.protect
        self.key = EncryptionKey(f"{e}-key", EncryptionKeyArgs(names, place, protect), opts)
        key = self.key.arn
        self.logs = Logs(f"{e}-logs", LogsArgs(names, settings.observability.log_days, key), opts)
        self.network = Network(
            f"{e}-net", NetworkArgs(settings.network, names, place, key, settings.shape), opts
        )
        self.archive = LogArchive(
            f"{e}-archive",
            LogArchiveArgs(place, settings.store.access_log_days, protect),
            opts,
        )
        self.store = ModelStore(
            f"{e}-store",
            ModelStoreArgs(settings.store, key, self.archive.bucket, protect),
            opts,
        )
        self.images = ImageRepository(
            f"{e}-images",
            ImageRepositoryArgs(names, key, settings.store.images_kept, protect),
            opts,
        )
        self.role = self._role(settings, names, place, opts)
        self.publisher = (
            Publisher(
                f"{e}-publisher",
                PublisherArgs(settings.publisher, key, self.store.arn, self.images.arn),
                opts,
            )
            if settings.publisher.publisher_issuer
            else None
        )
        self.alerts = Alerts(
            f"{e}-alerts", AlertsArgs(settings.observability, names, place, key), opts
        )

    def _role(
        self, settings: Settings, names: Names, place: Place, opts: ResourceOptions
    ) -> ServerRole:
        args = ServerRoleArgs(
            shape=settings.shape,
            names=names,
            place=place,
            namespace=settings.network.namespace,
            key_arn=self.key.arn,
            store_arn=self.store.arn,
            images_arn=self.images.arn,
            log_group_arns=(self.logs.server_arn, self.logs.system_arn),
        )
        return ServerRole(f"{settings.environment}-server", args, opts)
