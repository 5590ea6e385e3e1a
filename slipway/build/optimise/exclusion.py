"""Quantise as much as the metric bears: the nodes that lose most stay in FP32, within a bound."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path

import onnx

from slipway.build.optimise.intermediates import Batches, load_named
from slipway.build.optimise.losses import TensorLoss, tensor_losses
from slipway.build.optimise.quantised import Quantised
from slipway.build.optimise.static import NARROWED, PASSING
from slipway.errors import VariantError

SHARES = (0.1, 0.25, 0.5)
"""Of the nodes that can be quantised, the part that is left out in each further attempt. With more
than half of them in FP32 little is gained.
"""
NAMED = 3
"""Worst tensors that an error names."""


def quantise_within(
    quantise: Callable[[Path, frozenset[str]], Quantised],
    reference: Path,
    target: Path,
    batches: Batches,
    gate: Callable[[Path], str],
) -> Quantised:
    """Write `target` with `quantise`, without the worst nodes where `gate` says why it must.

    `quantise` takes the path to write and the nodes of `reference` to leave out. `gate` answers ""
    for a file that is good enough. Raises `VariantError` when none is; `target` is then not there.
    """
    attempt = target.with_suffix(".attempt.onnx")
    try:
        done = quantise(attempt, frozenset())
        reason = gate(attempt)
        if reason:
            losses = tensor_losses(reference, attempt, batches)
            ranked = rank(losses, feeders(reference, done))
            done = _without_worst(
                quantise, attempt, gate, ranked=ranked, losses=losses, reason=reason
            )
        attempt.replace(target)
    finally:
        attempt.unlink(missing_ok=True)
    return done


def _without_worst(
    quantise: Callable[[Path, frozenset[str]], Quantised],
    attempt: Path,
    gate: Callable[[Path], str],
    *,
    ranked: Sequence[str],
    losses: Sequence[TensorLoss],
    reason: str,
) -> Quantised:
    for count in sorted({int(len(ranked) * share) for share in SHARES} - {0}):
        done = quantise(attempt, frozenset(ranked[:count]))
        reason = gate(attempt)
        if not reason:
            return done
    worst = ", ".join(f"{loss.tensor} ({loss.db:.1f} dB)" for loss in losses[:NAMED])
    raise VariantError(
        "Quantised, the model is not good enough",
        why=f"{reason}, with up to half of the nodes left in FP32; "
        f"quantising all, most is lost in {worst}",
        mend="Leave this form out, or train with more weight decay or with the quantisation.",
    )


def rank(losses: Sequence[TensorLoss], quantised: Mapping[str, Collection[str]]) -> tuple[str, ...]:
    """The quantised nodes, first those that add most noise of their own.

    `quantised` names for each those that feed it. They follow it: what they give was brought to 8
    bits by them, and stays so until they are left out as well.
    """
    added = dict.fromkeys(quantised, 0.0)
    for loss in losses:
        if loss.node in added:
            added[loss.node] = max(added[loss.node], loss.added)
    ranked: dict[str, None] = {}
    for name in sorted(added, key=lambda each: -added[each]):
        ranked |= dict.fromkeys([name, *quantised[name]])
    return tuple(ranked)


def feeders(reference: Path, quantised: Quantised) -> Mapping[str, Collection[str]]:
    """For each quantised node those which bring what it takes to 8 bits, also through `PASSING`."""
    nodes = load_named(reference).graph.node
    makers = {name: node for node in nodes for name in node.output}
    narrowed = {
        node.name for node in nodes if node.op_type in NARROWED and node.name in quantised.nodes
    }

    def above(node: onnx.NodeProto) -> Iterator[str]:
        for name in node.input:
            if name in makers and makers[name].name in narrowed:
                yield makers[name].name
            elif name in makers and makers[name].op_type in PASSING:
                yield from above(makers[name])

    return {node.name: tuple(above(node)) for node in nodes if node.name in quantised.nodes}
