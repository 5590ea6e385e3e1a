"""What serves, and what watches over it.

ingress ─ discovery ─ alarms ─ fleet ─ containers ─ scaling ─ dashboard
"""

from pulumi import ResourceOptions

from infra.alarms import Alarms, AlarmsArgs
from infra.container import ContainerService, ContainerServiceArgs
from infra.dashboard import Dashboard, DashboardArgs
from infra.discovery import Discovery, DiscoveryArgs
from infra.fleet import Fleet, FleetArgs
from infra.foundation import Foundation
from infra.ingress import Ingress, IngressArgs
from infra.names import Names
from infra.place import Place
from infra.scaling import Scaling, ScalingArgs
from infra.settings import Settings
from infra.timings import Timings
from infra.traffic import Traffic


class Serving:
    """The components that need an image, in the order in which they need each other."""

    def __init__(
        self,
        settings: Settings,
        names: Names,
        place: Place,
        base: Foundation,
        opts: ResourceOptions,
    ) -> None:
        self._settings, self._names, self._place = settings, names, place
        self._base, self._opts = base, opts
        self._timings = Timings(
            drain=settings.servers.drain_seconds,
            model_gib=settings.servers.model_gib,
            longest_request=settings.ingress.longest_request_seconds,
            spot=settings.servers.spot,
        )
        behind_balancer = settings.ingress.load_balancer != "none"
        self.ingress = self._ingress() if behind_balancer else None
        self._traffic: Traffic | None = self.ingress.traffic if self.ingress else None
        self.discovery = self._discovery()
        self.alarms = self._alarms()
        self.fleet = self._fleet()
        self.containers = self._containers() if settings.shape == "container" else None
        self.scaling = self._scaling()
        self.dashboard = self._dashboard()

    def _named(self, part: str) -> str:
        return f"{self._settings.environment}-{part}"

    def _ingress(self) -> Ingress:
        settings, base = self._settings, self._base
        args = IngressArgs(
            settings=settings.ingress,
            names=self._names,
            network_mode=settings.servers.network_mode,
            timings=self._timings,
            vpc_id=base.network.vpc_id,
            vpc_cidr=settings.network.vpc_cidr,
            public_subnet_ids=base.network.public_subnet_ids,
            private_subnet_ids=base.network.private_subnet_ids,
            log_bucket=base.archive.bucket,
            key_arn=base.key.arn,
            log_days=settings.observability.log_days,
            protect=settings.protect,
            after=(base.network,),
        )
        return Ingress(self._named("ingress"), args, self._opts)

    def _discovery(self) -> Discovery:
        args = DiscoveryArgs(
            environment=self._settings.environment,
            namespace=self._settings.network.namespace,
            vpc_id=self._base.network.vpc_id,
            traffic=self._traffic,
        )
        return Discovery(self._named("discovery"), args, self._opts)

    def _alarms(self) -> Alarms:
        settings = self._settings
        args = AlarmsArgs(
            shape=settings.shape,
            settings=settings.observability,
            servers=settings.servers,
            names=self._names,
            place=self._place,
            asleep_at_times=bool(settings.scaling.sleep),
            firewall=settings.ingress.waf,
            topic_arn=self._base.alerts.topic_arn,
            traffic=self._traffic,
        )
        return Alarms(self._named("alarms"), args, self._opts)

    def _fleet(self) -> Fleet:
        settings, base = self._settings, self._base
        args = FleetArgs(
            shape=settings.shape,
            settings=settings.servers,
            names=self._names,
            place=self._place,
            timings=self._timings,
            vpc_id=base.network.vpc_id,
            vpc_cidr=settings.network.vpc_cidr,
            subnet_ids=base.network.private_subnet_ids,
            key_arn=base.key.arn,
            autoscaling_role_arn=base.key.autoscaling_role_arn,
            profile_arn=base.role.profile_arn,
            image_uri=base.images.uri(settings.image),
            store_url=base.store.url,
            logs=base.logs.names,
            traffic=self._traffic,
            discovery_service_id=self.discovery.service_id,
            rollback_alarms=self.alarms.rollback_names,
            # Servers reach AWS through these, as this role, from their first second on.
            after=(base.network, base.role),
        )
        return Fleet(self._named("fleet"), args, self._opts)

    def _containers(self) -> ContainerService:
        settings, base = self._settings, self._base
        args = ContainerServiceArgs(
            settings=settings.servers,
            names=self._names,
            place=self._place,
            timings=self._timings,
            fleet_arn=self.fleet.arn,
            image_uri=base.images.uri(settings.image),
            store_url=base.store.url,
            task_role_arn=base.role.task_role_arn,
            execution_role_arn=base.role.execution_role_arn,
            log_group=base.logs.names.server,
            key_arn=base.key.arn,
            traffic=self._traffic,
            rollback_alarms=self.alarms.rollback_names,
        )
        return ContainerService(self._named("containers"), args, self._opts)

    def _scaling(self) -> Scaling:
        settings = self._settings
        args = ScalingArgs(
            settings=settings.scaling,
            servers=settings.servers,
            shape=settings.shape,
            names=self._names,
            group_name=self.fleet.group_name,
            service_id=self.containers.scalable_id if self.containers else None,
            traffic=self._traffic,
        )
        return Scaling(self._named("scaling"), args, self._opts)

    def _dashboard(self) -> Dashboard:
        args = DashboardArgs(
            settings=self._settings.observability,
            names=self._names,
            place=self._place,
            gpu=self._settings.servers.gpu,
            group_name=self.fleet.group_name,
            alarm_names=self.alarms.names,
            logs=self._base.logs.names,
            traffic=self._traffic,
        )
        return Dashboard(self._named("dashboard"), args, self._opts)
