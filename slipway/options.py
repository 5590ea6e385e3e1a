"""Options that several scripts have: one name, one meaning, one environment variable."""

from pathlib import Path
from typing import Annotated

import typer

from slipway import contract

LOCAL_GRPC = f"127.0.0.1:{contract.GRPC_PORT}"
LOCAL_HTTP = f"http://127.0.0.1:{contract.HTTP_PORT}"

StoreUrl = Annotated[
    str,
    typer.Option("--store", envvar=contract.ENV_STORE, help="A directory or s3://bucket/prefix."),
]
Environment = Annotated[
    str,
    typer.Option(
        envvar=contract.ENV_ENVIRONMENT,
        help=f"Whose releases: {', '.join(contract.ENVIRONMENTS)}.",
    ),
]
Models = Annotated[Path, typer.Option(help="The model repository.")]
Workspace = Annotated[Path, typer.Option(help="Where builds are kept.")]
GrpcAddress = Annotated[str, typer.Option("--grpc", help="The server's gRPC address.")]
HttpUrl = Annotated[str, typer.Option("--http", help="The server's HTTP address.")]
GoldenFile = Annotated[
    Path | None,
    typer.Option(
        "--golden", help="Take the golden request from this file, not from the released version."
    ),
]
Variants = Annotated[
    str,
    typer.Option(
        metavar="all|NAME,...",
        help="Compare variants (int8_dynamic, distil+openvino ...); package the best.",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="The result as JSON on stdout.")]
