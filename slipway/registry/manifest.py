"""What a version of a model is: its number, when it was made, and its artefact."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from slipway import contract
from slipway.artefact import Artefact
from slipway.errors import IntegrityError

_CREATED = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


@dataclass(frozen=True)
class Manifest:
    """A published version. `created` is UTC, as 2031-05-06T07:08:09Z."""

    model: str
    version: int
    created: str
    artefact: Artefact

    def __post_init__(self) -> None:
        if type(self.version) is not int or self.version < 1:
            raise IntegrityError(
                f"A manifest of '{self.model}' has the version {self.version!r}",
                why="versions are whole numbers from 1",
            )
        if self.model != self.artefact.model:
            raise IntegrityError(
                f"The manifest of '{self.model}' describes '{self.artefact.model}'",
                mend="Publish the model again.",
            )
        if not isinstance(self.created, str) or not _CREATED.fullmatch(self.created):
            raise IntegrityError(
                f"A manifest of '{self.model}' was created at {self.created!r}",
                why="times are UTC, as 2031-05-06T07:08:09Z",
            )

    @property
    def key(self) -> str:
        """Where the registry keeps it."""
        return contract.manifest_key(self.model, self.version)

    def to_json(self) -> dict[str, Any]:
        """One flat object: the artefact's fields beside version and time."""
        return {
            "schema": contract.SCHEMA,
            "model": self.model,
            "version": self.version,
            "created": self.created,
            **self.artefact.to_json(),
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Manifest":
        """Raises `IntegrityError` on anything that is not a manifest of a known schema."""
        artefact = Artefact.from_json(value)
        try:
            return cls(artefact.model, value["version"], value["created"], artefact)
        except KeyError as error:
            raise IntegrityError("This is not a manifest", why=f"it has no {error}") from error

    @classmethod
    def parse(cls, data: bytes, key: str) -> "Manifest":
        """The manifest kept under `key`. Raises `IntegrityError`, also for that of another key."""
        try:
            manifest = cls.from_json(json.loads(data))
        except (IntegrityError, ValueError) as error:
            raise IntegrityError(
                f"{key} cannot be used", why=str(error), mend="Publish the model again."
            ) from error
        if manifest.key != key:
            raise IntegrityError(
                f"{key} cannot be used",
                why=f"it is the manifest of version {manifest.version} of '{manifest.model}'",
                mend="Publish the model again.",
            )
        return manifest
