"""How clients of the application load balancer prove who they are."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.settings import IngressSettings


@dataclass(frozen=True)
class AuthenticationArgs:
    settings: IngressSettings


class Authentication(pulumi.ComponentResource):
    """Nothing, a certificate of the client's (checked in the handshake), or a token (checked in
    every rule). Where tokens are asked for, health is no exception: the load balancer's own checks
    go to the servers directly.
    """

    handshake: aws.lb.ListenerMutualAuthenticationArgsDict | None
    before_forwarding: Sequence[aws.lb.ListenerRuleActionArgsDict]

    def __init__(
        self, name: str, args: AuthenticationArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("slipway:infra:Authentication", name, None, opts)
        settings = args.settings
        self.handshake = None
        self.before_forwarding = ()
        if settings.auth == "mtls":
            bucket, _, key = settings.trust_store.removeprefix("s3://").partition("/")
            store = aws.lb.TrustStore(
                f"{name}-cas",
                ca_certificates_bundle_s3_bucket=bucket,
                ca_certificates_bundle_s3_key=key,
                opts=pulumi.ResourceOptions(parent=self),
            )
            self.handshake = {
                "mode": "verify",
                "trust_store_arn": store.arn,
                # A client with several certificates learns which of them is asked for.
                "advertise_trust_store_ca_names": "on",
                "ignore_client_certificate_expiry": False,
            }
        if settings.auth == "jwt":
            # Besides: signature (RS256 alone), iss and exp; nbf and iat where the token has them.
            self.before_forwarding = (
                {
                    "type": "jwt-validation",
                    "jwt_validation": {
                        "issuer": settings.jwt_issuer,
                        "jwks_endpoint": settings.jwt_keys,
                        # An issuer makes tokens for other services too.
                        "additional_claims": [
                            {
                                "name": "aud",
                                "format": settings.jwt_audience_format,
                                "values": [settings.jwt_audience],
                            }
                        ],
                    },
                },
            )
        self.register_outputs({})
