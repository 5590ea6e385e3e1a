"""What the two halves of Slipway share: object keys, ports, paths, environment variables.

The stack (`infra`) provisions what these names point at, the kit (`slipway`) uses it. This module
imports nothing, so both sides can read it wherever they run. A change here is a change of protocol
between servers of different ages: add names, do not give an old one a new meaning.
"""

SLIPWAY_VERSION = "0.1.0"

SCHEMA = 1
"""Format of manifests, releases and node reports. A reader refuses a number it does not know."""

ENVIRONMENTS = ("local", "dev", "staging", "prod")

# --- registry: keys in the bucket (or paths below the directory) -------------------------------

BLOBS = "blobs/sha256/"
MODELS = "models/"
RELEASES = "releases/"
NODES = "nodes/"
ENGINES = "engines/"


def blob_key(sha256: str) -> str:
    """Content, immutable, written once."""
    return f"{BLOBS}{sha256[:2]}/{sha256}"


def manifest_key(model: str, version: int) -> str:
    """Written last and only if absent: a version without a manifest does not exist."""
    return f"{MODELS}{model}/{version}/manifest.json"


def versions_prefix(model: str) -> str:
    return f"{MODELS}{model}/"


def release_key(environment: str, model: str) -> str:
    """The pointer of an environment to a version; written only against the ETag that was read."""
    return f"{RELEASES}{environment}/{model}.json"


def releases_prefix(environment: str) -> str:
    return f"{RELEASES}{environment}/"


def node_report_key(environment: str, node: str) -> str:
    return f"{NODES}{environment}/{node}.json"


def engine_key(engine: str) -> str:
    """What an engine is, and which plan: written last and only if absent. Without it there is no
    engine.
    """
    return f"{ENGINES}{engine}/engine.json"


def plan_key(engine: str, sha256: str) -> str:
    """A plan by its content: of two servers that build at once neither overwrites the other's."""
    return f"{ENGINES}{engine}/{sha256}.plan"


def lease_key(engine: str) -> str:
    """Who builds it, and until when; or why it could not be built."""
    return f"{ENGINES}{engine}/lease.json"


# --- inside a version --------------------------------------------------------------------------

MODEL_FOLDER = "model/"
"""Files under it form the Triton model folder; the version directory is written as `1`."""

STEPS_FOLDER = "steps/"
"""Each folder below it is a Triton model that `model/`, then an ensemble, consists of."""

NETWORK_STEP = "network"
"""The step that an engine can take the place of."""

TYPED_FOLDER = "typed/"
"""ONNX files in which every type is written out, for engines to be built from. Triton does not see
them.
"""

PACKAGED_VERSION = "1"
GOLDEN_FILE = "golden.json"
CONFIG_FILE = "config.pbtxt"

STEP_SEPARATOR = "__"
"""Not to be had in a model's name."""


def step_name(model: str, step: str, version: int) -> str:
    """A step's name in Triton. Each version of an ensemble has steps of its own, so that one is
    swapped for the other as a whole.
    """
    return f"{model}{STEP_SEPARATOR}{step}{STEP_SEPARATOR}{version}"


# --- Triton ------------------------------------------------------------------------------------

HTTP_PORT = 8000
GRPC_PORT = 8001
METRICS_PORT = 8002
READINESS_PORT = 8003
"""The node's own answer on a fleet, at `HEALTH_READY`: true once every released model is served,
and then while those that were do answer; false from the moment when the server is to leave.
Triton's is true before and after.
"""
GRPC_READINESS_PORT = 8004
"""The same answer over gRPC, at `GRPC_HEALTH`, as the status of the call: load balancers do not
look into its body, where Triton puts it.
"""
HEALTH_LIVE = "/v2/health/live"
HEALTH_READY = "/v2/health/ready"
GRPC_HEALTH = "/grpc.health.v1.Health/Check"

MANAGEMENT_APIS = (
    "model-repository",
    "model-config",
    "logging",
    "trace",
    "shared-memory",
    "statistics",
)
"""Triton's own names of what only the node itself may call on a server of a fleet."""

# --- metrics of a node, in CloudWatch ------------------------------------------------------------

METRICS_NAMESPACE = "Slipway"
METRICS_DIMENSION = "Environment"
"""The only dimension: an average over it is the average per server."""
METRIC_PENDING = "PendingRequests"
"""Requests in a server's queues, all models together; count."""
METRIC_QUEUE_TIME = "QueueTime"
"""Mean time that a request of the last minute was queued; milliseconds."""
METRIC_FAILED_RELEASES = "FailedReleases"
"""Models whose released version a server does not serve; count."""
METRIC_SERVED_MODELS = "ServedModels"
"""Models that a server serves; count."""
METRIC_RESTARTS = "ServerRestarts"
"""Restarts of Triton in the last minute; count."""

# --- environment variables ---------------------------------------------------------------------

ENV_STORE = "SLIPWAY_STORE"
"""Where the registry lives: a directory or `s3://bucket[/prefix]`."""
ENV_ENVIRONMENT = "SLIPWAY_ENVIRONMENT"
ENV_NODE = "SLIPWAY_NODE"
ENV_SERVER = "SLIPWAY_SERVER_ENV"
"""Folder of the Python environment that holds the Triton server."""
ENV_REGION = "AWS_REGION"
"""What AWS's tools read, boto3 excepted (it reads AWS_DEFAULT_REGION alone): pass it on."""
ENV_GROUP = "SLIPWAY_GROUP"
"""Auto scaling group that the node belongs to; unset on a laptop and in an ECS task."""
ENV_LAUNCH_HOOK = "SLIPWAY_LAUNCH_HOOK"
ENV_TERMINATE_HOOK = "SLIPWAY_TERMINATE_HOOK"
"""Names of the group's lifecycle hooks, which the node completes."""
ENV_DISCOVERY = "SLIPWAY_DISCOVERY_SERVICE"
"""Cloud Map service id under which the node registers itself."""
ENV_METRICS = "SLIPWAY_METRICS"
"""`METRICS_CLOUDWATCH` to publish the node's metrics, empty for none."""
METRICS_CLOUDWATCH = "cloudwatch"
ENV_EXIT_TIMEOUT = "SLIPWAY_EXIT_TIMEOUT"
"""Seconds that requests in flight get when the server is stopped."""
ENV_DRAIN = "SLIPWAY_DRAIN"
"""Seconds that a server which is to be terminated answers on before it is stopped: load balancers
and clients that found it by name still send requests.
"""
ENV_FOLDER = "SLIPWAY_FOLDER"
"""The node's files: synced models, `TRITON_LOG`."""
NODE_FOLDER = "/var/lib/slipway"
"""That folder on a fleet, on the server and in the container."""
TRITON_LOG = "triton.log"
ENV_TRTEXEC = "SLIPWAY_TRTEXEC"
"""TensorRT's trtexec, where it is neither on PATH nor where NVIDIA's images have it."""
ENV_S3_ENDPOINT = "AWS_ENDPOINT_URL_S3"
"""boto3's own variable: another S3 service than AWS's."""

ENV_PROVIDERS = "SLIPWAY_TERRAFORM_PROVIDERS"
"""A folder with a copy of Terraform's AWS provider, as `terraform providers mirror` writes it."""

TELEMETRY_OFF = {
    "ORT_DISABLE_TELEMETRY": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
}
"""Set before the libraries concerned are imported: by `slipway/__init__.py`, and for the server."""

TELEMETRY_PACKAGES = ("openvino_telemetry",)
"""Python packages that do nothing else, and for which no variable of their own is a switch: kept
from being imported by `slipway/__init__.py`, and left out of the server's environment.
"""
