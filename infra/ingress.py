"""How requests come in: a load balancer, its certificate, its name and its firewall."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.application import ApplicationBalancer, ApplicationBalancerArgs
from infra.authentication import Authentication, AuthenticationArgs
from infra.certificate import Certificate, CertificateArgs
from infra.firewall import Firewall, FirewallArgs
from infra.names import Names
from infra.network_balancer import NetworkBalancer, NetworkBalancerArgs
from infra.settings import IngressSettings
from infra.timings import Timings
from infra.traffic import Traffic


@dataclass(frozen=True)
class IngressArgs:
    """`log_bucket` receives the load balancer's logs; `key_arn` encrypts the firewall's, which are
    kept for `log_days`. `after` is what must be there, with all it consists of, before the load
    balancer.
    """

    settings: IngressSettings
    names: Names
    network_mode: str
    timings: Timings
    vpc_id: pulumi.Input[str]
    vpc_cidr: str
    public_subnet_ids: Sequence[pulumi.Input[str]]
    private_subnet_ids: Sequence[pulumi.Input[str]]
    log_bucket: pulumi.Input[str]
    key_arn: pulumi.Input[str]
    log_days: int
    protect: bool
    after: Sequence[pulumi.Resource] = ()


class Ingress(pulumi.ComponentResource):
    """The way in from the internet or from within the VPC, as the settings say."""

    traffic: Traffic
    url: pulumi.Output[str]
    """`https://<domain>`. Without a zone it is for somebody else to let the domain lead here."""

    def __init__(
        self, name: str, args: IngressArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("slipway:infra:Ingress", name, None, opts)
        inside = pulumi.ResourceOptions(parent=self)
        settings = args.settings
        certificate_arn: pulumi.Input[str] = (
            settings.certificate_arn
            or Certificate(
                f"{name}-cert", CertificateArgs(settings.domain, settings.zone_id), inside
            ).arn
        )
        self.traffic = (
            _application(name, args, certificate_arn, inside)
            if settings.load_balancer == "application"
            else _network(args, certificate_arn, inside)
        )
        if settings.zone_id:
            aws.route53.Record(
                f"{name}-name",
                zone_id=settings.zone_id,
                name=settings.domain,
                type="A",
                aliases=[
                    {
                        "name": self.traffic.dns_name,
                        "zone_id": self.traffic.zone_id,
                        "evaluate_target_health": True,
                    }
                ],
                opts=inside,
            )
        self.url = pulumi.Output.from_input(f"https://{settings.domain}")
        self.register_outputs({"url": self.url})


def _application(
    name: str,
    args: IngressArgs,
    certificate_arn: pulumi.Input[str],
    opts: pulumi.ResourceOptions,
) -> Traffic:
    balancer = ApplicationBalancer(
        _named(args, "alb"),
        ApplicationBalancerArgs(
            settings=args.settings,
            authentication=Authentication(f"{name}-auth", AuthenticationArgs(args.settings), opts),
            network_mode=args.network_mode,
            timings=args.timings,
            vpc_id=args.vpc_id,
            vpc_cidr=args.vpc_cidr,
            subnet_ids=_subnets(args),
            certificate_arn=certificate_arn,
            log_bucket=args.log_bucket,
            protect=args.protect,
            after=args.after,
        ),
        opts,
    )
    if args.settings.waf:
        Firewall(
            f"{name}-waf",
            FirewallArgs(
                names=args.names,
                load_balancer_arn=balancer.arn,
                rate_limit=args.settings.waf_rate_limit,
                key_arn=args.key_arn,
                log_days=args.log_days,
            ),
            opts,
        )
    return balancer.traffic


def _network(
    args: IngressArgs,
    certificate_arn: pulumi.Input[str],
    opts: pulumi.ResourceOptions,
) -> Traffic:
    return NetworkBalancer(
        _named(args, "nlb"),
        NetworkBalancerArgs(
            settings=args.settings,
            network_mode=args.network_mode,
            timings=args.timings,
            vpc_id=args.vpc_id,
            vpc_cidr=args.vpc_cidr,
            subnet_ids=_subnets(args),
            certificate_arn=certificate_arn,
            log_bucket=args.log_bucket,
            protect=args.protect,
            after=args.after,
        ),
        opts,
    ).traffic


def _named(args: IngressArgs, kind: str) -> str:
    """A load balancer cannot become public, nor its target groups be handed on to another while it
    is there: it is called otherwise, so that another comes with all that it has, before it goes.
    """
    reach = "public-" if args.settings.public else ""
    return f"{args.names.environment}-{reach}{kind}"


def _subnets(args: IngressArgs) -> Sequence[pulumi.Input[str]]:
    return args.public_subnet_ids if args.settings.public else args.private_subnet_ids
