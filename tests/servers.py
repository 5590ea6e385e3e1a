"""Values that the components of the servers are built from in tests."""

from dataclasses import replace

import pulumi
import pulumi_aws as aws

from infra.instances import catalogue
from infra.logs import LogNames
from infra.names import Names
from infra.place import Place
from infra.settings import ServerSettings
from infra.timings import Timings
from infra.traffic import TargetGroup, Traffic

NAMES = Names("dev", "ml-platform", "4711")
PLACE = Place("eu-central-1", "123456789012", "aws", ("eu-central-1a", "eu-central-1b"))
TIMINGS = Timings(drain=60, model_gib=4, longest_request=60, spot=True)
LOGS = LogNames("/slipway/dev/servers", "/slipway/dev/system")
IMAGE = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/slipway-dev@sha256:" + "ab" * 32
GPU_TYPES = ("g6.xlarge", "g5.xlarge", "g4dn.xlarge")
CPU_TYPES = ("m7i.xlarge", "m7i.2xlarge")

SETTINGS = ServerSettings(
    instance_types=tuple(catalogue()[name] for name in GPU_TYPES),
    min_servers=2,
    max_servers=6,
    on_demand_base=1,
    spot_percent=75,
    capacity_reservation="",
    warm_pool=0,
    ami="",
    ami_generation=3,
    volume_gib=200,
    volume_iops=6000,
    volume_throughput=500,
    model_gib=4,
    drain_seconds=60,
    network_mode="host",
    hop_limit=1,
    refresh_min_healthy=100,
    refresh_max_healthy=110,
    refresh_checkpoints=(10, 50, 100),
    refresh_pause_seconds=600,
)


def server_settings(*types, **changes):
    """A fleet of GPU servers on demand and spot; or of `types`, on demand alone."""
    if types:
        chosen = tuple(catalogue()[name] for name in types)
        changes = {"instance_types": chosen, "spot_percent": 0, "model_gib": 1, **changes}
    return replace(SETTINGS, **changes)


def balanced(kind="application"):
    """Traffic through a load balancer with a target group for HTTP and one for gRPC."""
    out = pulumi.Output.from_input
    listener = aws.lb.Listener("listener", load_balancer_arn="arn:lb", default_actions=[])
    groups = (
        TargetGroup("grpc", 8001, out("arn:grpc"), out("targetgroup/grpc/2")),
        TargetGroup("http", 8000, out("arn:http"), out("targetgroup/http/1")),
    )
    return Traffic(
        kind, out("app/dev/1"), out("x"), out("Z"), out("sg-balancer"), groups, (listener,)
    )
