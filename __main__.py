"""The Pulumi program of Slipway: read the settings, declare the stack, export its outputs."""

import pulumi

from infra.config import read_settings
from infra.stack import deploy

for name, value in deploy(read_settings()).items():
    pulumi.export(name, value)
