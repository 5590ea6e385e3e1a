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


# --- inside a version --------------------------------------------------------------------------

MODEL_FOLDER = "model/"
"""Files under it form the Triton model folder; the version directory is written as `1`."""

PACKAGED_VERSION = "1"
GOLDEN_FILE = "golden.json"
CONFIG_FILE = "config.pbtxt"

# --- Triton ------------------------------------------------------------------------------------

HTTP_PORT = 8000
GRPC_PORT = 8001
METRICS_PORT = 8002
HEALTH_LIVE = "/v2/health/live"
HEALTH_READY = "/v2/health/ready"

# --- environment variables ---------------------------------------------------------------------

ENV_STORE = "SLIPWAY_STORE"
"""Where the registry lives: a directory or `s3://bucket[/prefix]`."""
ENV_ENVIRONMENT = "SLIPWAY_ENVIRONMENT"
ENV_NODE = "SLIPWAY_NODE"
ENV_SERVER = "SLIPWAY_SERVER_ENV"
"""Folder of the Python environment that holds the Triton server."""
ENV_S3_ENDPOINT = "AWS_ENDPOINT_URL_S3"
"""boto3's own variable: another S3 service than AWS's."""

TELEMETRY_OFF = {
    "ORT_DISABLE_TELEMETRY": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
}
"""Set before the libraries concerned are imported: by `slipway/__init__.py`, and for the server."""
