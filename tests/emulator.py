"""AWS for Terraform on this machine: moto's server, with what it gets wrong put right.

The server is a process of its own that ends when its standard input does: with the test that
started it, whatever ends that. Terraform's calls then fail at once, and so does Terraform.
"""

import os
import select
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import boto3
import pytest

from slipway.stack.terraform.schema import Block
from tests.aws_servers import REGION, moto_server
from tests.running import ROOT

LONGEST = 900
"""Seconds that an emulator lives: a test that hangs loses its server."""
SETTINGS = {"MOTO_ACM_VALIDATION_WAIT": "1"}
"""Of moto: a certificate is valid after one second, not 60."""
KEYS = {"access_key": "test", "secret_key": "test"}


@dataclass(frozen=True)
class Emulator:
    """A server, by its URL."""

    url: str

    def client(self, service: str) -> Any:
        """boto3's client, whatever this machine's own settings are."""
        return boto3.Session(
            aws_access_key_id=KEYS["access_key"],
            aws_secret_access_key=KEYS["secret_key"],
            region_name=REGION,
        ).client(service, endpoint_url=self.url)


@contextmanager
def emulator() -> Iterator[Emulator]:
    """A new one, with nothing in it, on a free port of this machine."""
    settings = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "MOTO_"))}
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.emulator"],
        cwd=ROOT,
        env={**settings, **SETTINGS},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,  # a line for every request
        text=True,
        process_group=0,  # Ctrl-C is Terraform's, which needs its server to stop in order
    )
    with process:
        try:
            url = process.stdout.readline().strip()
            assert url, "python -m tests.emulator did not start"
            yield Emulator(url)
        finally:
            process.kill()


def override(document: Mapping[str, Any], provider: Block, emulated: Emulator) -> dict[str, Any]:
    """An override file that sends the calls of every provider of a document to the emulator."""
    settings = {
        **KEYS,
        "skip_credentials_validation": True,
        "skip_metadata_api_check": "true",
        "skip_region_validation": True,
        "s3_use_path_style": True,
        "max_retries": 2,
        "endpoints": [dict.fromkeys(provider.nested("endpoints").names, emulated.url)],
    }
    providers = [
        {**({"alias": each["alias"]} if "alias" in each else {}), **settings}
        for each in document["provider"]["aws"]
    ]
    return {"provider": {"aws": providers}}


def serve() -> None:
    """Be the server: say the URL, and end with the standard input."""
    from tests.moto_corrections import CORRECTIONS  # moto's services are slow to import

    with pytest.MonkeyPatch.context() as patch:
        for correct in CORRECTIONS:
            correct(patch)
        with moto_server() as url:
            print(url, flush=True)
            select.select([sys.stdin], [], [], LONGEST)


if __name__ == "__main__":
    serve()
