"""The shared memory between the server and its Python processes, found by a name of our own."""

import secrets
from pathlib import Path

SHARED_MEMORY = Path("/dev/shm")  # noqa: S108  where Linux keeps it, not a temporary file of ours


def new_prefix() -> str:
    """What every region of one server run begins with, and of no other."""
    return f"slipway_{secrets.token_hex(6)}_"


def regions(prefix: str) -> tuple[Path, ...]:
    """The regions that exist under `prefix`."""
    return tuple(sorted(SHARED_MEMORY.glob(f"{prefix}*")))


def remove_regions(prefix: str) -> None:
    """Remove what a server that was killed could not."""
    for region in regions(prefix):
        region.unlink(missing_ok=True)
