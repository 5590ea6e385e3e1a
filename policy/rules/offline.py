"""The rules over a recorded graph of the program: no account, no Pulumi CLI."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .catalogue import violations
from .model import Checked, Stack, Violation

if TYPE_CHECKING:  # the pack's own environment does not have the kit
    from slipway.stack.graph import Graph


def stack_of(graph: Graph) -> Stack:
    """References stay as the recorder writes them: known, but only by name."""
    return Stack(
        tuple(
            Checked(
                type=resource.type,
                name=resource.name,
                urn=resource.urn,
                properties=resource.properties,
                protect=resource.protect,
                refers=resource.property_dependencies,
            )
            for resource in graph.resources
        )
    )


def check_graph(graph: Graph) -> tuple[Violation, ...]:
    """What is wrong with a recorded stack."""
    return tuple(violations(stack_of(graph)))
