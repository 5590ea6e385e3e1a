"""How clients reach the servers, and who they must prove to be."""

import ipaddress
from dataclasses import dataclass

from infra.settings.checks import Checks
from infra.timings import IDLE_MARGIN

_MOST_RANGES = 25
"""Two rules each, and a security group has 60."""
_LONGEST_IDLE = 4000
_LONGEST_NAME = 64
"""Of a certificate that AWS makes."""
_LIKE = "Write networks like 198.51.100.0/24, or leave it empty"

_URL = r"https://[^\s/?#]+\.[^\s?#]+"
_CLAIM_LENGTH = 256


@dataclass(frozen=True)
class IngressSettings:
    """`load_balancer`: `application` (HTTP and gRPC), `network` (gRPC alone) or `none`.

    `public`: reachable from the internet, else from within the VPC. `allowed_cidrs` narrows who may
    connect; empty is everybody where public, the VPC otherwise. `domain` is the name that clients
    use, `zone_id` its Route 53 zone, and `certificate_arn` a certificate of one's own. `auth`:
    `none`, `mtls` (`trust_store` is `s3://bucket/key` of the CA bundle) or `jwt` (`jwt_issuer`,
    `jwt_keys`, the URL of its JWKS, and `jwt_audience`, which tokens name as `jwt_audience_format`
    says: `single-string` or `string-array`). `waf_rate_limit`: requests of one address in 5
    minutes. `longest_request_seconds` decides the idle timeout.
    """

    load_balancer: str
    public: bool
    allowed_cidrs: tuple[str, ...]
    domain: str
    zone_id: str
    certificate_arn: str
    auth: str
    trust_store: str
    jwt_issuer: str
    jwt_keys: str
    jwt_audience: str
    jwt_audience_format: str
    waf: bool
    waf_rate_limit: int
    longest_request_seconds: int

    def __post_init__(self) -> None:
        check = Checks(self)
        check.one_of("load_balancer", "application", "network", "none")
        check.one_of("auth", "none", "mtls", "jwt")
        self._check_name(check)
        self._check_audience(check)
        if self.load_balancer == "none":
            self._check_absent(check)
        else:
            self._check_tls(check)
        if self.load_balancer == "network":
            self._check_network(check)
        self._check_auth(check)
        check.within("waf_rate_limit", 10, 2_000_000_000, "as AWS WAF has it")
        check.within(
            "longest_request_seconds",
            1,
            _LONGEST_IDLE - IDLE_MARGIN,
            f"for a load balancer keeps idle connections for {_LONGEST_IDLE} seconds at most",
        )
        check.done()

    def _check_absent(self, check: Checks) -> None:
        """Without a load balancer nothing that it would do can be asked for."""
        for field in ("public", "allowed_cidrs", "domain", "certificate_arn", "waf"):
            check.refuse_if(
                getattr(self, field),
                field,
                "there is no load balancer that would heed it",
                "Remove it, or set slipway:loadBalancer",
            )
        check.refuse_if(
            self.auth != "none",
            "auth",
            "it is the load balancer that would ask, and there is none",
            "Set it to none, or slipway:loadBalancer to application",
        )

    def _check_tls(self, check: Checks) -> None:
        check.refuse_if(
            not self.domain,
            "domain",
            "TLS needs a name that clients can verify",
            "Set it, like models.example.com",
        )
        check.refuse_if(
            not (self.zone_id or self.certificate_arn),
            "certificate_arn",
            "TLS needs a certificate, and without slipway:zoneId none can be made",
            "Set it, or slipway:zoneId to the public zone of the domain",
        )

    def _check_network(self, check: Checks) -> None:
        check.refuse_if(
            self.auth != "none",
            "auth",
            "a network load balancer does not look into requests",
            "Set it to none, or slipway:loadBalancer to application",
        )
        check.refuse_if(
            self.waf,
            "waf",
            "AWS WAF cannot be put before a network load balancer",
            "Set it to false, or slipway:loadBalancer to application",
        )

    def _check_name(self, check: Checks) -> None:
        check.domain("domain")
        check.refuse_if(
            len(self.domain) > _LONGEST_NAME and not self.certificate_arn,
            "domain",
            f"AWS makes certificates for names of up to {_LONGEST_NAME} characters, and it has "
            f"{len(self.domain)}",
            "Shorten it, or bring a certificate with slipway:certificateArn",
        )
        check.matches(
            "zone_id",
            r"Z[A-Z0-9]{7,31}",
            "it is no id of a Route 53 zone",
            "Look it up with: aws route53 list-hosted-zones",
        )
        check.refuse_if(
            self.zone_id and not self.domain,
            "zone_id",
            "nothing would be written into the zone without slipway:domain",
            "Set slipway:domain, or remove it",
        )
        check.matches(
            "certificate_arn",
            r"arn:aws[a-z-]*:acm:[a-z0-9-]+:\d{12}:certificate/[0-9a-f-]{36}",
            "it is no ARN of a certificate",
            "Look it up with: aws acm list-certificates",
        )

    def _check_audience(self, check: Checks) -> None:
        check.refuse_if(
            self.public and self.load_balancer != "none" and self.auth == "none",
            "auth",
            "the whole internet could use the models",
            "Set it to jwt or mtls, or slipway:public to false",
        )
        for cidr in self.allowed_cidrs:
            self._check_range(check, cidr)
        check.no_duplicates("allowed_cidrs")
        check.refuse_if(
            len(self.allowed_cidrs) > _MOST_RANGES,
            "allowed_cidrs",
            f"a security group has room for {_MOST_RANGES}",
            "Join neighbours to larger ranges",
        )

    def _check_range(self, check: Checks, cidr: str) -> None:
        try:
            network = ipaddress.IPv4Network(cidr, strict=False)
        except ValueError:
            check.refuse_if(True, "allowed_cidrs", f"{cidr} is no IPv4 range", _LIKE)
            return
        check.refuse_if(
            "/" not in cidr,
            "allowed_cidrs",
            f"{cidr} is an address, and the length of its range's prefix is missing",
            f"Write {network} for this address alone, or the network that it belongs to",
        )
        check.refuse_if(
            "/" in cidr and str(network) != cidr,
            "allowed_cidrs",
            f"{cidr} does not begin at the first address of its range",
            f"Write {network}",
        )
        check.refuse_if(network.prefixlen == 0, "allowed_cidrs", f"{cidr} is everybody", _LIKE)
        check.refuse_if(
            self.public and network.is_private and not _example(network),
            "allowed_cidrs",
            f"{cidr} is private, and nobody comes from there through the internet",
            _LIKE,
        )

    def _check_auth(self, check: Checks) -> None:
        check.refuse_if(
            self.auth == "mtls" and not self.trust_store,
            "trust_store",
            "client certificates are checked against it",
            "Set it to the CA bundle: s3://bucket/key",
        )
        check.refuse_if(
            self.trust_store and self.auth in {"none", "jwt"},
            "trust_store",
            f"slipway:auth is {self.auth}, and only mtls has one",
            "Remove it, or set slipway:auth to mtls",
        )
        check.matches(
            "trust_store",
            r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]/[^\s]+",
            "it is no object in S3",
            "Write s3://bucket/key",
        )
        self._check_tokens(check)

    def _check_tokens(self, check: Checks) -> None:
        url = "Set it to an https URL of the identity provider"
        for field, why, mend in (
            ("jwt_issuer", "tokens cannot be checked without it (iss)", url),
            ("jwt_keys", "tokens cannot be checked without it (JWKS)", url),
            (
                "jwt_audience",
                "tokens that the issuer made for other services would be taken as well",
                "Set it to what the identity provider writes as aud into tokens for this one",
            ),
        ):
            value = getattr(self, field)
            check.refuse_if(self.auth == "jwt" and not value, field, why, mend)
            check.refuse_if(
                value and self.auth in {"none", "mtls"},
                field,
                f"slipway:auth is {self.auth}, and only jwt has one",
                "Remove it, or set slipway:auth to jwt",
            )
            check.refuse_if(
                len(value) > _CLAIM_LENGTH,
                field,
                f"AWS takes {_CLAIM_LENGTH} characters, and these are {len(value)}",
                "Use a shorter one",
            )
        for field in ("jwt_issuer", "jwt_keys"):
            check.matches(
                field, _URL, "it is no https URL", "Write it as the provider publishes it"
            )
        check.one_of("jwt_audience_format", "single-string", "string-array")


def _example(network: ipaddress.IPv4Network) -> bool:
    """Ranges of RFC 5737, which stand for public ones in examples."""
    examples = ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24")
    return any(network.subnet_of(ipaddress.IPv4Network(example)) for example in examples)
