"""One environment: all groups of settings, and what must hold between them."""

import re
from dataclasses import dataclass

from infra.settings.checks import Checks
from infra.settings.ingress import IngressSettings
from infra.settings.network import NetworkSettings
from infra.settings.observability import ObservabilitySettings
from infra.settings.publisher import PublisherSettings
from infra.settings.scaling import ScalingSettings
from infra.settings.servers import ServerSettings
from infra.settings.shapes import SHAPES, check_shape
from infra.settings.store import StoreSettings
from slipway.contract import ENVIRONMENTS

STACKS = tuple(name for name in ENVIRONMENTS if name != "local")
_TAG = r"[\w +=.:/@-]{1,256}"


@dataclass(frozen=True)
class Settings:
    """`environment` is the stack's name. `region`, `profile` and `allowed_accounts` are settings of
    `aws:`; the last two may be empty, for the usual credentials and the account they lead to.

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
    profile: str
    allowed_accounts: tuple[str, ...]
    network: NetworkSettings
    store: StoreSettings
    publisher: PublisherSettings
    servers: ServerSettings
    scaling: ScalingSettings
    ingress: IngressSettings
    observability: ObservabilitySettings

    def __post_init__(self) -> None:
        check = Checks(self, self.network, self.servers, self.scaling, self.ingress,
                       self.observability)  # fmt: skip
        self._check_environment(check)
        self._check_image(check)
        check_shape(check, self.shape, self.servers, self.ingress, self.scaling)
        self._check_places(check)
        self._check_scaling(check)
        self._check_ingress(check)
        if self.environment == "prod":
            self._check_prod(check)
        check.done()

    def _check_environment(self, check: Checks) -> None:
        check.refuse_if(
            self.environment not in STACKS,
            "environment",
            "stacks on AWS are " + ", ".join(STACKS),
            "Run: pulumi stack select " + STACKS[0],
        )
        check.matches(
            "region",
            r"[a-z]{2,3}(-[a-z]+)+-\d",
            "it is no name of a region",
            "Run: pulumi config set aws:region eu-central-1",
        )
        check.refuse_if(
            not all(re.fullmatch(r"\d{12}", account) for account in self.allowed_accounts),
            "allowed_accounts",
            "an account's id has 12 digits",
            'Write it in quotes, like ["123456789012"]',
        )
        check.one_of("shape", *SHAPES)
        check.refuse_if(
            not self.owner,
            "owner",
            "somebody has to answer for the servers and their cost",
            "Set it to your team: pulumi config set slipway:owner my-team",
        )
        for field in ("owner", "cost_center"):
            check.matches(
                field,
                _TAG,
                "AWS takes letters, digits, spaces and + - = . _ : / @ as a tag",
                "Write it with these, at most 256",
            )

    def _check_image(self, check: Checks) -> None:
        check.refuse_if(
            self.image == "latest",
            "image",
            "what it means changes, so that neither a roll-out nor a rollback is repeatable",
            "Name a version, like 0.1.0",
        )
        check.matches(
            "image",
            r"sha256:[0-9a-f]{64}|\w[\w.-]{0,127}",
            "it is neither a tag nor a digest",
            "Write what comes after the repository's name: 0.1.0, or sha256: and 64 digits",
        )

    def _check_places(self, check: Checks) -> None:
        one_zone = self.network.zones == 1
        check.refuse_if(
            self.servers.spot and one_zone,
            "zones",
            "spot capacity of one zone runs out",
            "Set it to 2 or 3, or slipway:spotPercent to 0",
        )
        check.refuse_if(
            self.ingress.load_balancer == "application" and one_zone,
            "zones",
            "AWS has application load balancers in two zones or more",
            "Set it to 2 or 3",
        )
        elsewhere = [zone for zone in self.network.zone_names if zone[:-1] != self.region]
        check.refuse_if(
            elsewhere,
            "zone_names",
            f"{', '.join(elsewhere)} is not in aws:region, {self.region}",
            f"Name zones of it, like {self.region}a",
        )
        self._check_reservation(check)

    def _check_reservation(self, check: Checks) -> None:
        chosen = self.servers.capacity_reservation
        one = chosen.startswith("cr-")
        check.refuse_if(
            one and self.network.zones != 1,
            "capacity_reservation",
            f"one reservation is in one zone, and slipway:zones is {self.network.zones}",
            "Name the ARN of a resource group of reservations, or set slipway:zones to 1",
        )
        check.refuse_if(
            one and self.network.zones == 1 and not self.network.zone_names,
            "zone_names",
            "servers would start on demand, beside the reservation, if it were not in the first "
            "zone of the region",
            "Name the zone that the reservation is in",
        )
        check.refuse_if(
            chosen.startswith("arn:") and chosen.split(":")[3] != self.region,
            "capacity_reservation",
            f"servers start in {self.region}, and find reservations of that region alone",
            "Name a resource group there",
        )

    def _check_scaling(self, check: Checks) -> None:
        servers, scale_on = self.servers, self.scaling.scale_on
        fixed = servers.min_servers == servers.max_servers
        several = self.shape != "single"
        check.refuse_if(
            several and scale_on != "none" and fixed,
            "scale_on",
            f"slipway:minServers and slipway:maxServers are both {servers.max_servers}",
            "Raise slipway:maxServers, or set it to none",
        )
        check.refuse_if(
            several and scale_on == "none" and not fixed,
            "scale_on",
            f"nothing would ever start more than slipway:minServers, {servers.min_servers}",
            "Set it to pending, or slipway:maxServers to slipway:minServers",
        )
        check.refuse_if(
            scale_on == "requests" and self.ingress.load_balancer == "network",
            "scale_on",
            "a network load balancer counts connections, no requests",
            "Set it to pending or queue, or slipway:loadBalancer to application",
        )
        check.refuse_if(
            self.ingress.longest_request_seconds > servers.drain_seconds,
            "longest_request_seconds",
            f"a server that leaves waits slipway:drainSeconds, {servers.drain_seconds}, and would "
            "cut such an answer off",
            "Lower it, or raise slipway:drainSeconds",
        )

    def _check_ingress(self, check: Checks) -> None:
        arn = self.ingress.certificate_arn
        check.refuse_if(
            arn and arn.split(":")[3] != self.region,
            "certificate_arn",
            f"the load balancer is in {self.region} and takes certificates of that region alone",
            "Request or import it there",
        )
        inside = f"{self.environment}.{self.network.namespace}"
        check.refuse_if(
            f".{self.ingress.domain}".endswith(f".{inside}"),
            "domain",
            f"within the VPC {inside} is the private domain of discovery, where no such name is",
            "Take another name, or another slipway:namespace",
        )
        check.refuse_if(
            self.ingress.auth == "jwt" and not self.ingress.public and self.network.nat == "none",
            "auth",
            "slipway:nat is none, so that an internal load balancer could not fetch the issuer's "
            "keys, and every token would be refused",
            "Set slipway:nat to single or zone, or it to mtls",
        )

    def _check_prod(self, check: Checks) -> None:
        servers = self.servers
        check.refuse_if(
            not self.protect,
            "protect",
            "in prod one command could delete models and logs",
            "Set it to true",
        )
        check.refuse_if(
            self.network.zones == 1,
            "zones",
            "prod has to live through the loss of one",
            "Set it to 2 or 3",
        )
        check.refuse_if(
            self.shape != "single" and servers.min_servers == 1,
            "min_servers",
            "in prod the loss of one server must not be the loss of all",
            "Set it to 2 or more",
        )
        check.refuse_if(
            servers.spot and servers.on_demand_base == 0,
            "on_demand_base",
            "AWS may take all spot servers of prod at once",
            "Set it to 1 or more, best to slipway:minServers",
        )
        check.refuse_if(
            self.scaling.sleep,
            "sleep",
            "prod has no hours in which nobody calls",
            "Remove slipway:sleep and slipway:wake",
        )
        check.refuse_if(
            not self.observability.alarm_emails,
            "alarm_emails",
            "an alarm of prod has to reach somebody",
            "Add an address, like oncall@example.com",
        )
