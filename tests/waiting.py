"""Waiting for what another process does in its own time."""

import time

import pytest

PATIENCE = 60.0


def wait_until(true):
    """What `true` gives once it gives something."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        if value := true():
            return value
        time.sleep(0.02)
    return pytest.fail(f"{true} did not come true within {PATIENCE:.0f} s")
