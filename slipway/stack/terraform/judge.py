"""Base and head of a change: what the provider would do to every resource."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from slipway.progress import Progress, silent
from slipway.stack.graph import Graph
from slipway.stack.pairing import Pairing
from slipway.stack.terraform.base import literal, state_of
from slipway.stack.terraform.command import Terraform
from slipway.stack.terraform.made_up import MadeUp
from slipway.stack.terraform.names import Catalogue
from slipway.stack.terraform.plan import Question, changes
from slipway.stack.terraform.synthesis import Synthesis, synthesise
from slipway.stack.terraform.verdicts import Verdict, verdicts

_STEPS = 3


@dataclass(frozen=True)
class Judgement:
    """`verdicts` by URN: the head's, or the base's for what is deleted. `unstable` are the URNs of
    resources that the provider wants to change even where nothing changed, and how: the self-test.
    """

    base: Synthesis
    head: Synthesis
    verdicts: Mapping[str, Verdict]
    unstable: Mapping[str, Verdict]


def judge(
    terraform: Terraform,
    base: Graph,
    head: Graph,
    pairing: Pairing,
    progress: Progress = silent,
) -> Judgement:
    """Plan the head against a state made from the base; the unchanged base beside it, as a test."""
    catalogue = Catalogue(terraform.schema)
    before = synthesise(base, catalogue, terraform.requirement)
    after = synthesise(head, catalogue, terraform.requirement, pairing.former)
    if _plain(before.document) == _plain(after.document) and before.variables == after.variables:
        return Judgement(before, after, {}, {})
    progress(0, _STEPS, "planning the base")
    made_up = MadeUp(terraform.schema, base.region)
    start = changes(
        terraform,
        Question(
            literal(before.document, terraform.schema, made_up), before.variables, before.files
        ),
    )
    places = _places(before, after, pairing)
    here = state_of(start, terraform.schema, made_up, {})
    there = state_of(start, terraform.schema, made_up, places)
    progress(1, _STEPS, "planning the change")
    with ThreadPoolExecutor(2) as pool:
        tested = pool.submit(changes, terraform, _question(before, here.document))
        planned = pool.submit(changes, terraform, _question(after, there.document))
        changed = verdicts(planned.result(), after.document, there)
        test = verdicts(tested.result(), before.document, here)
    progress(_STEPS, _STEPS, "compared")
    urns = _urns(before, after, places)
    originals = {address: urn for urn, address in before.addresses.items()}
    return Judgement(
        base=before,
        head=after,
        verdicts={urns[address]: verdict for address, verdict in changed.items()},
        unstable={originals[address]: verdict for address, verdict in test.items()},
    )


def _question(synthesis: Synthesis, state: Mapping[str, Any]) -> Question:
    return Question(_plain(synthesis.document), synthesis.variables, synthesis.files, state)


def _plain(document: Mapping[str, Any]) -> dict[str, Any]:
    """Without outputs, which are compared as they were recorded, and moves, which are paired."""
    return {k: v for k, v in document.items() if k not in {"output", "moved", "import"}}


def _places(base: Synthesis, head: Synthesis, pairing: Pairing) -> dict[str, str]:
    """Where each resource of the base is in the head; what has no place there gets one of its own,
    and is deleted.
    """
    now = pairing.now
    there = set(head.addresses.values())
    places = {}
    for urn, address in base.addresses.items():
        place = head.addresses.get(now.get(urn, ""), "")
        same_type = place.split(".")[0] == address.split(".")[0]
        if place and same_type:
            places[address] = place
        else:
            places[address] = f"{address}__base" if address in there else address
    return places


def _urns(base: Synthesis, head: Synthesis, places: Mapping[str, str]) -> dict[str, str]:
    found = {places[address]: urn for urn, address in base.addresses.items()}
    return found | {address: urn for urn, address in head.addresses.items()}
