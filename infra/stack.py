"""What an environment consists of: every component, and what each is given of the others.

key ─ logs ─ network ─ archive ─ store ─ images ─ role ─ publisher     always
alerts ─ ingress ─ discovery ─ alarms ─ servers ─ scaling ─ dashboard   once an image is named
"""

from collections.abc import Mapping

import pulumi
import pulumi_aws as aws
from pulumi import ResourceOptions

from infra.alarms import Alarms, AlarmsArgs
from infra.alerts import Alerts, AlertsArgs
from infra.archive import LogArchive, LogArchiveArgs
from infra.container import ContainerService, ContainerServiceArgs
from infra.dashboard import Dashboard, DashboardArgs
from infra.discovery import Discovery, DiscoveryArgs
from infra.errors import Problem, SettingError
from infra.fleet import Fleet, FleetArgs
from infra.images import ImageRepository, ImageRepositoryArgs
from infra.ingress import Ingress, IngressArgs
from infra.key import EncryptionKey, EncryptionKeyArgs
from infra.logs import Logs, LogsArgs
from infra.names import Names
from infra.network import Network, NetworkArgs
from infra.parameters import Parameters, ParametersArgs
from infra.place import Place
from infra.publisher import Publisher, PublisherArgs
from infra.role import ServerRole, ServerRoleArgs
from infra.scaling import Scaling, ScalingArgs
from infra.settings import Settings
from infra.store import ModelStore, ModelStoreArgs
from infra.timings import Timings
from infra.traffic import Traffic

Outputs = Mapping[str, pulumi.Input[str]]


class Foundation:
    """What holds data, and who may use it. There before any server."""

    def __init__(
        self, settings: Settings, names: Names, place: Place, opts: ResourceOptions
    ) -> None:
        e, protect = settings.environment, settings.protect
        self.key = EncryptionKey(f"{e}-key", EncryptionKeyArgs(names, place, protect), opts)
        self.logs = Logs(
            f"{e}-logs", LogsArgs(names, settings.observability.log_days, self.key.arn), opts
        )
        self.network = Network(
            f"{e}-net",
            NetworkArgs(settings.network, names, place, self.key.arn, settings.shape),
            opts,
        )
        self.archive = LogArchive(
            f"{e}-archive",
            LogArchiveArgs(place, settings.store.access_log_days, protect),
            opts,
        )
        self.store = ModelStore(
            f"{e}-store",
            ModelStoreArgs(settings.store, self.key.arn, self.archive.bucket, protect),
            opts,
        )
        self.images = ImageRepository(
            f"{e}-images",
            ImageRepositoryArgs(names, self.key.arn, settings.store.images_kept, protect),
            opts,
        )
        self.role = ServerRole(
            f"{e}-server",
            ServerRoleArgs(
                shape=settings.shape,
                names=names,
                place=place,
                namespace=settings.network.namespace,
                key_arn=self.key.arn,
                store_arn=self.store.arn,
                images_arn=self.images.arn,
                log_group_arns=(self.logs.server_arn, self.logs.system_arn),
            ),
            opts,
        )
        self.publisher = (
            Publisher(
                f"{e}-publisher",
                PublisherArgs(settings.publisher, self.key.arn, self.store.arn, self.images.arn),
                opts,
            )
            if settings.publisher.publisher_issuer
            else None
        )
        self.alerts = Alerts(
            f"{e}-alerts", AlertsArgs(settings.observability, names, place, self.key.arn), opts
        )


class Serving:
    """What serves, and what watches over it."""

    def __init__(
        self,
        settings: Settings,
        names: Names,
        place: Place,
        base: Foundation,
        opts: ResourceOptions,
    ) -> None:
        e, servers = settings.environment, settings.servers
        timings = Timings(
            drain=servers.drain_seconds,
            model_gib=servers.model_gib,
            longest_request=settings.ingress.longest_request_seconds,
        )
        self.ingress = (
            Ingress(
                f"{e}-ingress",
                IngressArgs(
                    settings=settings.ingress,
                    names=names,
                    network_mode=servers.network_mode,
                    timings=timings,
                    vpc_id=base.network.vpc_id,
                    vpc_cidr=settings.network.vpc_cidr,
                    public_subnet_ids=base.network.public_subnet_ids,
                    private_subnet_ids=base.network.private_subnet_ids,
                    log_bucket=base.archive.bucket,
                    key_arn=base.key.arn,
                    log_days=settings.observability.log_days,
                    protect=settings.protect,
                ),
                opts,
            )
            if settings.ingress.load_balancer != "none"
            else None
        )
        traffic: Traffic | None = self.ingress.traffic if self.ingress else None
        self.discovery = Discovery(
            f"{e}-discovery",
            DiscoveryArgs(
                environment=e,
                namespace=settings.network.namespace,
                vpc_id=base.network.vpc_id,
                traffic=traffic,
            ),
            opts,
        )
        self.alarms = Alarms(
            f"{e}-alarms",
            AlarmsArgs(
                settings=settings.observability,
                names=names,
                gpu=servers.gpu,
                max_servers=servers.max_servers,
                asleep_at_times=bool(settings.scaling.sleep),
                topic_arn=base.alerts.topic_arn,
                traffic=traffic,
            ),
            opts,
        )
        self.fleet = Fleet(
            f"{e}-fleet",
            FleetArgs(
                shape=settings.shape,
                settings=servers,
                names=names,
                place=place,
                timings=timings,
                vpc_id=base.network.vpc_id,
                vpc_cidr=settings.network.vpc_cidr,
                subnet_ids=base.network.private_subnet_ids,
                key_arn=base.key.arn,
                autoscaling_role_arn=base.key.autoscaling_role_arn,
                profile_arn=base.role.profile_arn,
                image_uri=base.images.uri(settings.image),
                store_url=base.store.url,
                logs=base.logs.names,
                traffic=traffic,
                discovery_service_id=self.discovery.service_id,
                rollback_alarms=self.alarms.rollback_names,
                # Servers reach AWS through these, as this role, from their first second on.
                after=(base.network, base.role),
            ),
            opts,
        )
        self.containers = (
            ContainerService(
                f"{e}-containers",
                ContainerServiceArgs(
                    settings=servers,
                    names=names,
                    place=place,
                    timings=timings,
                    fleet_arn=self.fleet.arn,
                    image_uri=base.images.uri(settings.image),
                    store_url=base.store.url,
                    task_role_arn=base.role.task_role_arn,
                    execution_role_arn=base.role.execution_role_arn,
                    log_group=base.logs.names.server,
                    key_arn=base.key.arn,
                    traffic=traffic,
                    rollback_alarms=self.alarms.rollback_names,
                ),
                opts,
            )
            if settings.shape == "container"
            else None
        )
        Scaling(
            f"{e}-scaling",
            ScalingArgs(
                settings=settings.scaling,
                servers=servers,
                shape=settings.shape,
                names=names,
                group_name=self.fleet.group_name,
                service_id=self.containers.scalable_id if self.containers else None,
                traffic=traffic,
            ),
            opts,
        )
        self.dashboard = Dashboard(
            f"{e}-dashboard",
            DashboardArgs(
                settings=settings.observability,
                names=names,
                place=place,
                gpu=servers.gpu,
                group_name=self.fleet.group_name,
                alarm_names=self.alarms.names,
                logs=base.logs.names,
                traffic=traffic,
            ),
            opts,
        )


def deploy(settings: Settings) -> Outputs:
    """Declare an environment; returns the stack's outputs, which docs/operations.md explains."""
    names = Names(settings.environment, settings.owner, settings.cost_center)
    provider = aws.Provider(
        "aws",
        region=settings.region,
        default_tags={"tags": names.tags},
    )
    opts = ResourceOptions(providers=[provider])
    place = _place(settings, pulumi.InvokeOptions(provider=provider))
    base = Foundation(settings, names, place, opts)
    outputs: dict[str, pulumi.Input[str]] = {
        "store": base.store.url,
        "bucket": base.store.bucket,
        "imageRepository": base.images.url,
        "alertsTopic": base.alerts.topic_arn,
    }
    if base.publisher:
        outputs["publisherRole"] = base.publisher.role_arn
    if not settings.image:
        pulumi.log.warn(
            "slipway:image is not set: no servers. Push an image to the output imageRepository, "
            "then: pulumi config set slipway:image <tag or sha256:digest> and pulumi up"
        )
        return outputs
    serving = Serving(settings, names, place, base, opts)
    outputs["endpoint"] = serving.ingress.url if serving.ingress else serving.discovery.url
    outputs["dashboard"] = serving.dashboard.url
    outputs["group"] = serving.fleet.group_name
    Parameters(
        f"{settings.environment}-parameters",
        ParametersArgs(names, {k: outputs[k] for k in ("endpoint", "bucket", "store")}),
        opts,
    )
    return outputs


def _place(settings: Settings, opts: pulumi.InvokeOptions) -> Place:
    zones = aws.get_availability_zones(
        state="available",
        # Local and wavelength zones have no GPU servers, and some no load balancers.
        filters=[{"name": "opt-in-status", "values": ["opt-in-not-required"]}],
        opts=opts,
    )
    if len(zones.names) < settings.network.zones:
        raise SettingError(
            [
                Problem(
                    "slipway:zones",
                    settings.network.zones,
                    f"{settings.region} has {len(zones.names)} zones",
                    "Lower it, or take another region",
                )
            ]
        )
    return Place(
        region=settings.region,
        account=aws.get_caller_identity(opts=opts).account_id,
        partition=aws.get_partition(opts=opts).partition,
        zones=tuple(zones.names[: settings.network.zones]),
    )
