"""A fleet of our own: it obeys the protocols of the adapters, and remembers what it was asked."""

from dataclasses import dataclass, field

import pytest

from slipway.errors import FleetError


@dataclass
class FakeInstance:
    """What the metadata service knows. `silent` makes it answer nothing."""

    target: str | None = "InService"
    notice: object = None
    silent: bool = False

    def instance_id(self):
        return "i-0123456789abcdef0"

    def address(self):
        return "10.0.0.7"

    def target_state(self):
        if self.silent:
            raise FleetError("Instance metadata does not answer", why="timed out")
        return self.target

    def interruption(self):
        return self.notice


@dataclass
class FakeGroup:
    """Holds an instance in the hooks that are `waiting` until it is told to go on."""

    waiting: set = field(default_factory=set)
    asked: list = field(default_factory=list)
    broken: bool = False

    def complete(self, hook):
        return self._told("complete", hook, self.waiting.discard)

    def heartbeat(self, hook):
        return self._told("heartbeat", hook, lambda _: None)

    def replace(self):
        self._told("replace", None, lambda _: None)

    def _told(self, what, hook, then):
        self.asked.append((what, hook))
        if self.broken:
            raise FleetError(f"AWS did not {what}", why="Throttling")
        held = hook in self.waiting
        then(hook)
        return held


@dataclass
class FakeDirectory:
    """Names and addresses."""

    entry: object = None
    broken: bool = False

    def register(self, address):
        self._check()
        self.entry = address

    def deregister(self, address):
        self._check()
        if self.entry == address:
            self.entry = None

    def _check(self):
        if self.broken:
            raise FleetError("AWS did not register", why="Throttling")


@dataclass
class FakePublisher:
    """Metrics as they came."""

    published: list = field(default_factory=list)
    broken: bool = False

    def publish(self, values):
        if self.broken:
            raise FleetError("AWS did not take the metrics", why="Throttling")
        self.published.append(dict(values))


@pytest.fixture
def instance():
    return FakeInstance()


@pytest.fixture
def group():
    return FakeGroup()


@pytest.fixture
def directory():
    return FakeDirectory()


@pytest.fixture
def publisher():
    return FakePublisher()
