"""One server builds an engine, the others wait for it: `engines/<key>/lease.json`.

A lease ends by itself, so that a server that dies does not keep others from building. One that
holds a reason says that the engine could not be built, and spares the fleet more tries until it
ends.
"""

import json
from dataclasses import asdict, dataclass

from slipway import contract
from slipway.errors import Conflict, IntegrityError, NotFound
from slipway.files import readable_json
from slipway.registry.store import Absent, Condition, Match, Store


@dataclass(frozen=True)
class Lease:
    """`until` is UTC in seconds since 1970; clocks of servers agree to a second or so."""

    node: str
    until: float
    reason: str = ""


@dataclass(frozen=True)
class Taken:
    """This node is the one to build."""

    etag: str


@dataclass(frozen=True)
class Held:
    """Another one builds, or did and failed."""

    lease: Lease


def take(store: Store, key: str, lease: Lease, now: float) -> Taken | Held:
    """Take the lease where nobody has it, or where it has ended."""
    name = contract.lease_key(key)
    data = readable_json(asdict(lease))
    if first := _write(store, name, data, Absent()):
        return first
    try:
        stored = store.read(name)
    except NotFound:  # it was cleared this moment
        return Held(Lease("another server", now))
    other = _parse(stored.data)
    mine = other.node == lease.node and not other.reason  # from before this node's restart
    if now < other.until and not mine:
        return Held(other)
    return _write(store, name, data, Match(stored.etag)) or Held(Lease("another server", now))


def _write(store: Store, name: str, data: bytes, condition: Condition) -> Taken | None:
    """None where somebody else was faster."""
    try:
        return Taken(store.write(name, data, condition))
    except Conflict:
        return None


def end(store: Store, key: str, taken: Taken, lease: Lease) -> None:
    """Let go of a lease: `lease` says until when nobody is to try again, and why.

    Does nothing where it ended meanwhile and another server took it.
    """
    _write(store, contract.lease_key(key), readable_json(asdict(lease)), Match(taken.etag))


def _parse(data: bytes) -> Lease:
    try:
        value = json.loads(data)
        return Lease(str(value["node"]), float(value["until"]), str(value["reason"]))
    except (ValueError, KeyError, TypeError) as error:
        raise IntegrityError(
            "A lease cannot be read",
            why=repr(error),
            mend=f"Remove lease.json below {contract.ENGINES} in the registry.",
        ) from error
