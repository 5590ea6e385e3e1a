"""Where the serving image is kept."""

import json
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.names import Names


@dataclass(frozen=True)
class ImageRepositoryArgs:
    """`kept` images stay, newest first, so it must reach back beyond the one that is served.
    Without `protect` the repository goes with the images in it.
    """

    names: Names
    key_arn: pulumi.Input[str]
    kept: int
    protect: bool


class ImageRepository(pulumi.ComponentResource):
    """An encrypted repository whose tags never move."""

    arn: pulumi.Output[str]
    url: pulumi.Output[str]

    def __init__(
        self, name: str, args: ImageRepositoryArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("slipway:infra:ImageRepository", name, None, opts)
        repository = aws.ecr.Repository(
            f"{name}-repository",
            name=args.names.prefix,
            image_tag_mutability="IMMUTABLE",
            image_scanning_configuration={"scan_on_push": True},
            encryption_configurations=[{"encryption_type": "KMS", "kms_key": args.key_arn}],
            force_delete=not args.protect,
            opts=pulumi.ResourceOptions(parent=self, protect=args.protect),
        )
        aws.ecr.LifecyclePolicy(
            f"{name}-lifecycle",
            repository=repository.name,
            policy=_keep(args.kept),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self._repository = repository.name
        self.arn = repository.arn
        self.url = repository.repository_url
        self.register_outputs({"arn": self.arn, "url": self.url})

    def uri(self, image: str) -> pulumi.Output[str]:
        """`<url>@sha256:...`, by which servers pull. A tag is resolved when the stack is updated,
        so that the preview shows which image it means; the update fails where there is none.
        """
        if image.startswith("sha256:"):
            return pulumi.Output.concat(self.url, "@", image)
        found = aws.ecr.get_image_output(
            repository_name=self._repository,
            image_tag=image,
            opts=pulumi.InvokeOptions(parent=self),
        )
        return pulumi.Output.concat(self.url, "@", found.image_digest)


def _keep(count: int) -> str:
    rule = {
        "rulePriority": 1,
        "description": f"Keep the newest {count}",
        "selection": {
            "tagStatus": "any",
            "countType": "imageCountMoreThan",
            "countNumber": count,
        },
        "action": {"type": "expire"},
    }
    return json.dumps({"rules": [rule]})
