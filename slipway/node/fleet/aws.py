"""How the node's adapters reach AWS: clients that give up soon, and errors of our own."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
import botocore.exceptions
from botocore.config import Config

from slipway import contract
from slipway.errors import FleetError

CLIENT = Config(
    # Every call is made again in a later round, so none may hold up the rounds for long, and a
    # node that leaves has half a minute for all of them.
    retries={"mode": "standard", "total_max_attempts": 2},
    connect_timeout=2,
    read_timeout=4,
)


def client(service: str) -> Any:
    """A client with a session of its own: sessions may not be shared among threads."""
    with errors(f"open {service}"):
        region = os.environ.get(contract.ENV_REGION)
        return boto3.Session(region_name=region).client(service, config=CLIENT)


def code_of(error: botocore.exceptions.ClientError) -> str:
    """What AWS calls the error, such as ThrottlingException."""
    return str(error.response.get("Error", {}).get("Code", ""))


@contextmanager
def errors(doing: str) -> Iterator[None]:
    """The one place where what boto3 raises becomes a `FleetError`."""
    try:
        yield
    except (botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError) as error:
        raise FleetError(f"AWS did not {doing}", why=str(error)) from error
