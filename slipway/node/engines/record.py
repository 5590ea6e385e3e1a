"""What the registry knows of an engine: `engines/<key>/engine.json`."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from slipway import contract
from slipway.errors import Conflict, IntegrityError, NotFound
from slipway.files import readable_json
from slipway.registry.store import Absent, Match, Store


@dataclass(frozen=True)
class EngineRecord:
    """An engine that was built, and by whom. `heavy_layers` counts them by precision.

    `milliseconds` is the median on the GPU that trtexec measured where it was built, of the largest
    profile's optimum.
    """

    key: str
    plan_sha256: str
    plan_bytes: int
    precision: str
    gpu: str
    capability: str
    tensorrt: str
    heavy_layers: Mapping[str, int]
    build_seconds: float
    milliseconds: float
    built_by: str
    built: str

    def to_json(self) -> dict[str, Any]:
        return {"schema": contract.SCHEMA, **asdict(self)}

    @classmethod
    def parse(cls, data: bytes, key: str) -> "EngineRecord":
        """Raises `IntegrityError` on what is no record of this engine."""
        try:
            value = json.loads(data)
            record = cls(**{name: value[name] for name in cls.__dataclass_fields__})
            known = value["schema"] == contract.SCHEMA and record.key == key
        except (ValueError, KeyError, TypeError) as error:
            raise _refusal(key, f"{type(error).__name__}: {error}") from error
        if not known:
            raise _refusal(key, "it is of another schema or another engine")
        return record


def _refusal(key: str, why: str) -> IntegrityError:
    return IntegrityError(
        f"The engine {key[:12]} cannot be used",
        why=why,
        mend=f"Remove {contract.ENGINES}{key}/ from the registry; it is built anew.",
    )


def find_record(store: Store, key: str) -> EngineRecord | None:
    """None where there is no such engine yet, or only its record: a bucket lets both expire, not
    always on the same day.
    """
    try:
        record = EngineRecord.parse(store.read(contract.engine_key(key)).data, key)
    except NotFound:
        return None
    return record if store.exists(contract.plan_key(key, record.plan_sha256)) else None


def publish_record(store: Store, record: EngineRecord) -> EngineRecord:
    """The engine's record: this one, unless another server was faster. Raises `Conflict` where one
    came this moment in the place of another without a plan.
    """
    name, data = contract.engine_key(record.key), readable_json(record.to_json())
    try:
        store.write(name, data, Absent())
    except Conflict:
        there = store.read(name)
        if (other := find_record(store, record.key)) is not None:
            return other
        store.write(name, data, Match(there.etag))
    return record
