"""The machine image: AWS's newest at one time, and the same from then on."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.names import Names
from infra.settings import ServerSettings

# All are Amazon Linux 2023; those for GPUs bring NVIDIA's driver and container toolkit.
_PUBLISHED = {
    "gpu": "/aws/service/deeplearning/ami/x86_64/"
    "base-oss-nvidia-driver-gpu-amazon-linux-2023/latest/ami-id",
    "cpu": "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64",
    "ecs-gpu": "/aws/service/ecs/optimized-ami/amazon-linux-2023/gpu/recommended/image_id",
    "ecs-cpu": "/aws/service/ecs/optimized-ami/amazon-linux-2023/recommended/image_id",
}


@dataclass(frozen=True)
class AmiArgs:
    """`shape` decides, with the instance types, which kind of image it is."""

    shape: str
    settings: ServerSettings
    names: Names


class Ami(pulumi.ComponentResource):
    """The image's id, pinned: AWS's answer is kept in a parameter of our own, which later answers
    do not change. A new `ami_generation` is a new parameter, which takes the newest answer.

    An id, not a reference to AWS's parameter, because a rolling replacement can only be rolled back
    to a template that names its image. A setting `ami` comes before all that.
    """

    id: pulumi.Output[str]

    def __init__(
        self, name: str, args: AmiArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("slipway:infra:Ami", name, None, opts)
        if args.settings.ami:
            self.id = pulumi.Output.from_input(args.settings.ami)
        else:
            kind = ("ecs-" if args.shape == "container" else "") + (
                "gpu" if args.settings.gpu else "cpu"
            )
            end = f"{kind}-{args.settings.ami_generation}"
            newest = aws.ssm.get_parameter(
                name=_PUBLISHED[kind], opts=pulumi.InvokeOptions(parent=self)
            )
            self.id = aws.ssm.Parameter(
                f"{name}-{end}",
                name=f"{args.names.path}/ami/{end}",
                description=f"Machine image of the servers, from {_PUBLISHED[kind]}",
                type="String",
                data_type="aws:ec2:image",
                # `value` would be hidden in every preview, and with it which image comes.
                insecure_value=newest.value,
                opts=pulumi.ResourceOptions(parent=self, ignore_changes=["insecureValue"]),
            ).insecure_value
        self.register_outputs({"id": self.id})
