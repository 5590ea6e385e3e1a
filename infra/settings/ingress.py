"""How clients reach the servers, and who they must prove to be."""

from dataclasses import dataclass


@dataclass(frozen=True)
class IngressSettings:
    """`load_balancer`: `application` (HTTP and gRPC), `network` (gRPC alone) or `none`.

    `public`: reachable from the internet, else from within the VPC. `allowed_cidrs` narrows who may
    connect; empty is everybody where public, the VPC otherwise. `domain` is the name that clients
    use, `zone_id` its Route 53 zone, and `certificate_arn` a certificate of one's own. `auth`:
    `none`, `mtls` (`trust_store` is `s3://bucket/key` of the CA bundle) or `jwt` (`jwt_issuer`,
    and `jwt_keys`, the URL of its JWKS). `waf_rate_limit`: requests of one address in 5 minutes.
    `longest_request_seconds` decides the idle timeout.
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
    waf: bool
    waf_rate_limit: int
    longest_request_seconds: int
