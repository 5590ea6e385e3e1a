"""What a measurement ran on: a figure without its machine says nothing."""

import platform

from slipway.hardware import this_machine


def describe_machine() -> str:
    """Cores this process may use, the processor's name, and the system."""
    machine = this_machine()
    return f"{machine.cores} x {machine.processor}, {platform.system()} {platform.machine()}"
