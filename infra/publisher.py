"""Who may publish from a CI: its jobs show a token instead of keeping keys."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra import permissions
from infra.bucket import objects
from infra.documents import allow, deny, render, render_trust
from infra.settings import PublisherSettings
from slipway import contract

_SESSION_SECONDS = 3600


@dataclass(frozen=True)
class PublisherArgs:
    """Where a publisher may write, and by which key."""

    settings: PublisherSettings
    key_arn: pulumi.Input[str]
    store_arn: pulumi.Input[str]
    images_arn: pulumi.Input[str]


class Publisher(pulumi.ComponentResource):
    """A role that publishes versions and images, and can release none of them."""

    role_arn: pulumi.Output[str]

    def __init__(
        self, name: str, args: PublisherArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("slipway:infra:Publisher", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        settings = args.settings
        provider_arn = settings.provider_arn or self._issuer(name, settings)
        role = aws.iam.Role(
            f"{name}-role",
            description="Publishes models and images; releases none",
            assume_role_policy=_trust(settings, provider_arn),
            max_session_duration=_SESSION_SECONDS,
            opts=child,
        )
        aws.iam.RolePolicy(f"{name}-policy", role=role.name, policy=_rights(args), opts=child)
        self.role_arn = role.arn
        self.register_outputs({"roleArn": self.role_arn})

    def _issuer(self, name: str, settings: PublisherSettings) -> pulumi.Output[str]:
        # Without thumbprints: IAM trusts the issuer's certificate authority, or looks it up.
        return aws.iam.OpenIdConnectProvider(
            f"{name}-issuer",
            url=f"https://{settings.host}",
            client_id_lists=[settings.publisher_audience],
            opts=pulumi.ResourceOptions(parent=self),
        ).arn


def _trust(settings: PublisherSettings, provider_arn: pulumi.Input[str]) -> pulumi.Output[str]:
    issuer = settings.host
    return render_trust(
        {"Federated": provider_arn},
        ["sts:AssumeRoleWithWebIdentity"],
        conditions={
            "StringEquals": {f"{issuer}:aud": settings.publisher_audience},
            "StringLike": {f"{issuer}:sub": list(settings.publisher_subjects)},
        },
    )


def _rights(args: PublisherArgs) -> pulumi.Output[str]:
    published = [objects(args.store_arn, f"{p}*") for p in (contract.BLOBS, contract.MODELS)]
    return render(
        permissions.list_store(args.store_arn, contract.BLOBS, contract.MODELS),
        allow(
            "Publish",
            ["s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject"],
            published,
        ),
        permissions.use_key(args.key_arn, args.store_arn),
        *permissions.push_images(args.images_arn),
        # Whatever else this role is given later: what is served is decided elsewhere.
        deny(
            "ReleaseNothing",
            ["s3:DeleteObject", "s3:DeleteObjectVersion", "s3:PutObject"],
            [objects(args.store_arn, f"{contract.RELEASES}*")],
        ),
    )
