"""The certificate of the name that clients use."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws


@dataclass(frozen=True)
class CertificateArgs:
    """`zone_id` is a public Route 53 zone: Amazon looks there for the proof."""

    domain: str
    zone_id: str


class Certificate(pulumi.ComponentResource):
    """One from Amazon, proven by a DNS record. It renews itself as long as the record is there."""

    arn: pulumi.Output[str]
    """Known once the certificate is valid: a listener refuses one that is not."""

    def __init__(
        self, name: str, args: CertificateArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("slipway:infra:Certificate", name, None, opts)
        inside = pulumi.ResourceOptions(parent=self)
        certificate = aws.acm.Certificate(
            f"{name}-acm",
            domain_name=args.domain,
            validation_method="DNS",
            # Browsers refuse a certificate that is in no transparency log.
            options={"certificate_transparency_logging_preference": "ENABLED"},
            opts=inside,
        )
        proof = certificate.domain_validation_options[0]
        record = aws.route53.Record(
            f"{name}-proof",
            zone_id=args.zone_id,
            name=proof.resource_record_name,
            type=proof.resource_record_type,
            records=[proof.resource_record_value],
            ttl=60,
            # The same name and value prove every certificate of this domain in the account, so it
            # may be there already: from a certificate before this one, or from another region.
            allow_overwrite=True,
            opts=inside,
        )
        valid = aws.acm.CertificateValidation(
            f"{name}-valid",
            certificate_arn=certificate.arn,
            validation_record_fqdns=[record.fqdn],
            opts=inside,
        )
        self.arn = valid.certificate_arn
        self.register_outputs({"arn": self.arn})
