"""Which version an environment serves: a pointer that is only ever changed knowingly."""

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from slipway import contract
from slipway.errors import Conflict, IntegrityError, NotFound, RegistryError
from slipway.files import readable_json
from slipway.registry.clock import utc_now
from slipway.registry.store import Absent, Match, Store
from slipway.registry.versions import nearest, read_manifest

STRATEGIES = ("all",)

ATTEMPTS = 5
"""Writes are retried only while the pointer stands where it was; S3 answers 409 to those that
meet in flight, and a few of them in a row are possible."""


@dataclass(frozen=True)
class Rollout:
    """How a release reaches the nodes of an environment. `all`: every node takes it at once."""

    strategy: str = "all"

    def __post_init__(self) -> None:
        if self.strategy not in STRATEGIES:
            raise IntegrityError(
                f"The rollout strategy {self.strategy!r} is not known",
                why=f"this Slipway knows {', '.join(STRATEGIES)}",
                mend="Upgrade Slipway here, or release with this one.",
            )


@dataclass(frozen=True)
class Release:
    """What an environment serves of a model.

    `previous` is the version to roll back to. `generation` counts the changes of this pointer from
    1; `updated` is the time of the last one, UTC, as 2031-05-06T07:08:09Z.
    """

    environment: str
    model: str
    version: int
    previous: int | None
    generation: int
    updated: str
    rollout: Rollout = field(default_factory=Rollout)

    def __post_init__(self) -> None:
        numbers = {"version": self.version, "generation": self.generation}
        if self.previous is not None:
            numbers["previous"] = self.previous
        for name, number in numbers.items():
            if type(number) is not int or number < 1:
                raise IntegrityError(
                    f"The release of '{self.model}' has {name}={number!r}",
                    why="it must be a whole number from 1",
                )

    @property
    def key(self) -> str:
        """Where the registry keeps it."""
        return contract.release_key(self.environment, self.model)

    def to_json(self) -> dict[str, Any]:
        return {"schema": contract.SCHEMA, **asdict(self)}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Release":
        """Raises `IntegrityError` on anything that is not a release of a known schema."""
        try:
            fields = dict(value)
            schema = fields.pop("schema")
            if schema != contract.SCHEMA:
                raise IntegrityError(
                    f"The schema {schema!r} is not known",
                    why=f"this Slipway reads schema {contract.SCHEMA}",
                    mend="Upgrade Slipway here.",
                )
            return cls(**{**fields, "rollout": Rollout(**fields["rollout"])})
        except (KeyError, TypeError, ValueError) as error:
            raise IntegrityError(
                "This is not a release", why=f"{type(error).__name__}: {error}"
            ) from error


@dataclass(frozen=True)
class Released:
    """The environment points at another version now."""

    release: Release


@dataclass(frozen=True)
class Unchanged:
    """The environment pointed there already; nothing was written."""

    release: Release


@dataclass(frozen=True)
class _Seen:
    """A release as it was read, and the tag that says so."""

    release: Release
    etag: str


def check_environment(name: str) -> str:
    """The name, or `RegistryError` with the nearest ones."""
    if name not in contract.ENVIRONMENTS:
        raise RegistryError(
            f"There is no environment '{name}'", why=nearest(name, contract.ENVIRONMENTS, empty="")
        )
    return name


def read_release(store: Store, environment: str, model: str) -> Release:
    """Raises `NotFound`, which names the models that are released there, or `IntegrityError`."""
    return _released(store, environment, model).release


def releases(store: Store, environment: str) -> list[Release]:
    """Everything an environment serves, by model in alphabetical order."""
    prefix = contract.releases_prefix(check_environment(environment))
    names = (re.fullmatch(r"([^/]+)\.json", key.removeprefix(prefix)) for key in store.list(prefix))
    found = (_read(store, environment, match[1]) for match in names if match)
    return [seen.release for seen in found if seen]


def promote(store: Store, environment: str, model: str, version: int) -> Released | Unchanged:
    """Point an environment at a version that exists.

    Raises `NotFound` for a version without a manifest, and `Conflict` when somebody else pointed
    the environment at another version meanwhile: the one who comes second has to look first.
    """
    check_environment(environment)
    read_manifest(store, model, version)
    before = _read(store, environment, model)
    if before and before.release.version == version:
        return Unchanged(before.release)
    previous = before.release.version if before else None
    return _point(store, before, environment, model, version=version, previous=previous)


def roll_back(store: Store, environment: str, model: str) -> Released | Unchanged:
    """Point an environment at the version it served before.

    After it there is no previous version: to roll back twice must not bring the bad one back.
    Raises `NotFound` where there is nothing to go back to, and `Conflict` as `promote` does.
    """
    before = _released(store, environment, model)
    version = before.release.previous
    if version is None:
        raise NotFound(
            f"'{model}' in '{environment}' cannot be rolled back",
            why=f"no version before {before.release.version} is known",
            mend=f"Choose one: scripts/release.py set {model} VERSION --environment {environment}.",
        )
    read_manifest(store, model, version)
    return _point(store, before, environment, model, version=version, previous=None)


def _released(store: Store, environment: str, model: str) -> _Seen:
    seen = _read(store, check_environment(environment), model)
    if seen is None:
        names = [release.model for release in releases(store, environment)]
        raise NotFound(
            f"No version of '{model}' is released in '{environment}' of {store.url}",
            why=nearest(model, names, empty="nothing is released there"),
            mend="Release one with scripts/release.py set.",
        )
    return seen


def _read(store: Store, environment: str, model: str) -> _Seen | None:
    key = contract.release_key(environment, model)
    try:
        stored = store.read(key)
    except NotFound:
        return None
    try:
        release = Release.from_json(json.loads(stored.data))
    except (IntegrityError, ValueError) as error:
        raise IntegrityError(f"{key} in {store.url} cannot be used", why=str(error)) from error
    if release.key != key:
        raise IntegrityError(
            f"{key} in {store.url} cannot be used", why=f"it is the release kept as {release.key}"
        )
    return _Seen(release, stored.etag)


def _point(
    store: Store,
    before: _Seen | None,
    environment: str,
    model: str,
    *,
    version: int,
    previous: int | None,
) -> Released | Unchanged:
    """Change the pointer from what was read, and only from that."""
    now = before
    for _ in range(ATTEMPTS):
        wanted = Release(
            environment,
            model,
            version,
            previous,
            generation=now.release.generation + 1 if now else 1,
            updated=utc_now(),
        )
        condition = Match(now.etag) if now else Absent()
        try:
            store.write(wanted.key, readable_json(wanted.to_json()), condition)
        except Conflict:
            now = _read(store, environment, model)
            if now and now.release == wanted:
                return Released(wanted)  # it was our own write, whose answer was lost on the way
            if now and now.release.version == version:
                return Unchanged(now.release)
            if _version(now) != _version(before):
                break
        else:
            return Released(wanted)
    found = f"version {now.release.version}" if now else "nothing"
    raise Conflict(
        f"'{model}' in '{environment}' was not set to version {version}",
        why=f"somebody else changes the release at this moment; it points at {found}",
        mend="Look with scripts/release.py show, and decide again.",
    )


def _version(seen: _Seen | None) -> int | None:
    return seen.release.version if seen else None
