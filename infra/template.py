"""The launch template: what every server of the fleet is like."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.ami import Ami, AmiArgs
from infra.boot import Boot, user_data
from infra.logs import LogNames
from infra.names import Names
from infra.place import Place
from infra.settings import ServerSettings
from infra.timings import Timings

_ROOT_DEVICE = "/dev/xvda"
"""Of every Amazon Linux 2023, and so of an own image that is made from one."""


@dataclass(frozen=True)
class TemplateArgs:
    """`discovery_service_id` is None where servers are found through a load balancer."""

    shape: str
    settings: ServerSettings
    names: Names
    place: Place
    timings: Timings
    security_group_id: pulumi.Input[str]
    key_arn: pulumi.Input[str]
    profile_arn: pulumi.Input[str]
    image_uri: pulumi.Input[str]
    store_url: pulumi.Input[str]
    logs: LogNames
    discovery_service_id: pulumi.Input[str] | None


class Template(pulumi.ComponentResource):
    """`version` is a number as text: a rolling replacement needs one to roll back to."""

    id: pulumi.Output[str]
    version: pulumi.Output[str]

    def __init__(
        self, name: str, args: TemplateArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("slipway:infra:Template", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        ami = Ami(f"{name}-ami", AmiArgs(args.shape, args.settings, args.names), child)
        template = aws.ec2.LaunchTemplate(
            f"{name}-template",
            description=f"Servers of {args.names.prefix}",
            image_id=ami.id,
            # Of a group with several types each override names its own; this is for the console.
            instance_type=args.settings.instance_types[0].name,
            iam_instance_profile={"arn": args.profile_arn},
            instance_initiated_shutdown_behavior="terminate",
            ebs_optimized="true",
            # Of one minute instead of five.
            monitoring={"enabled": True},
            metadata_options={
                "http_endpoint": "enabled",
                "http_tokens": "required",
                "http_put_response_hop_limit": args.settings.hop_limit,
                # Nothing there reads them, and they would forbid tags with a space or a slash.
                "instance_metadata_tags": "disabled",
            },
            block_device_mappings=[_root_volume(args)],
            network_interfaces=[_interface(args)],
            # A group's tags reach servers only, the provider's neither servers nor volumes.
            tag_specifications=[
                {"resource_type": kind, "tags": {**args.names.tags, "Name": args.names.group}}
                for kind in ("instance", "volume", "network-interface")
            ],
            # The group names its version itself; a default that moves would only mislead.
            update_default_version=False,
            user_data=_user_data(args),
            opts=child,
        )
        self.id = template.id
        self.version = template.latest_version.apply(str)
        self.register_outputs({"id": self.id, "version": self.version})


def _root_volume(args: TemplateArgs) -> aws.ec2.LaunchTemplateBlockDeviceMappingArgsDict:
    return {
        "device_name": _ROOT_DEVICE,
        "ebs": {
            "volume_type": "gp3",
            "volume_size": args.settings.volume_gib,
            "iops": args.settings.volume_iops,
            "throughput": args.settings.volume_throughput,
            "encrypted": "true",
            "kms_key_id": args.key_arn,
            "delete_on_termination": "true",
        },
    }


def _interface(args: TemplateArgs) -> aws.ec2.LaunchTemplateNetworkInterfaceArgsDict:
    return {
        "device_index": 0,
        "associate_public_ip_address": "false",
        "security_groups": [args.security_group_id],
        "delete_on_termination": "true",
    }


def shared_memory_gib(settings: ServerSettings) -> int:
    """An eighth of the smallest server, for what Triton's backends hand each other."""
    return max(1, int(min(t.memory_gib for t in settings.instance_types)) // 8)


def _user_data(args: TemplateArgs) -> pulumi.Output[str]:
    def encoded(known: Mapping[str, str]) -> str:
        boot = Boot(
            shape=args.shape,
            environment=args.names.environment,
            group=args.names.group,
            region=args.place.region,
            gpu=args.settings.gpu,
            image_uri=known["image"],
            store_url=known["store"],
            server_log_group=known["server_logs"],
            system_log_group=known["system_logs"],
            discovery_service_id=known["discovery"],
            drain_seconds=args.timings.drain,
            exit_timeout=args.timings.exit_timeout,
            stop_seconds=args.timings.stop_seconds,
            shared_memory_gib=shared_memory_gib(args.settings),
        )
        return base64.b64encode(user_data(boot).encode()).decode()

    known_later: Mapping[str, pulumi.Input[str]] = {
        "image": args.image_uri,
        "store": args.store_url,
        "server_logs": args.logs.server,
        "system_logs": args.logs.system,
        "discovery": args.discovery_service_id or "",
    }
    return pulumi.Output.all(**known_later).apply(encoded)
