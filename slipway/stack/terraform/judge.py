"""Base and head of a change: what the provider would do to every resource."""

from collections.abc import Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any

from slipway.progress import Progress, silent
from slipway.stack.graph import Graph
from slipway.stack.pairing import Pairing
from slipway.stack.terraform.affected import Affected, affected
from slipway.stack.terraform.base import State, made_up_texts, state_of
from slipway.stack.terraform.command import Terraform
from slipway.stack.terraform.literals import cut, literal
from slipway.stack.terraform.made_up import MadeUp
from slipway.stack.terraform.names import camel
from slipway.stack.terraform.plan import Question, changes
from slipway.stack.terraform.synthesis import Synthesis, synthesise
from slipway.stack.terraform.verdicts import Verdict, verdicts
from slipway.stack.urns import name_of

_STEPS = 3


@dataclass(frozen=True)
class Judgement:
    """`verdicts` by URN: the head's, or the base's for what is deleted. `unstable` are the URNs of
    resources that the provider wants to change even where nothing changed, and how: the self-test.
    `labels` say what each made-up text stands for: `prod-net-vpc.id`.
    """

    base: Synthesis
    head: Synthesis
    verdicts: Mapping[str, Verdict]
    unstable: Mapping[str, Verdict]
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Baseline:
    """A stack to compare with, planned from nothing; `start` is that plan."""

    terraform: Terraform
    made_up: MadeUp
    synthesis: Synthesis
    start: Mapping[str, Any]

    def state(
        self, places: Mapping[str, str] | None = None, only: Collection[str] | None = None
    ) -> State:
        """As if it had been deployed, with its resources at other addresses; perhaps of some."""
        return state_of(self.start, self.terraform.schema, self.made_up, places or {}, only)

    def labels(self, head: Synthesis, pairing: Pairing) -> dict[str, str]:
        """What each made-up text stands for, as Pulumi names it."""
        urns = {address: urn for urn, address in self.synthesis.addresses.items()}
        touched = affected(self.synthesis, head, placed(self.synthesis, head, pairing))
        found = {}
        for text, where in (self._outside(head, touched) | self.state().values).items():
            type_, label, path = where.split(".", 2)
            name = name_of(urns[f"{type_}.{label}"])
            found[text] = f"{name}.{'.'.join(map(camel, path.split('.')))}"
        return found

    def unstable(self, only: Collection[str] | None = None) -> dict[str, Verdict]:
        """The self-test: what the provider wants to change where nothing changed, by URN."""
        kept = frozenset(self.synthesis.addresses.values()) if only is None else only
        here = self.state(only=kept)
        planned = self._planned(self.synthesis, kept, here)
        urns = {address: urn for urn, address in self.synthesis.addresses.items()}
        found = verdicts(planned, self.synthesis.document, here)
        return {urns[address]: verdict for address, verdict in found.items()}

    def verdicts(self, head: Synthesis, pairing: Pairing) -> dict[str, Verdict]:
        """What the provider would do, by the head's URN, or the base's of what is deleted."""
        places = placed(self.synthesis, head, pairing)
        touched = affected(self.synthesis, head, places)
        if touched.nothing:
            return {}
        there = self.state(places, touched.base)
        there = replace(there, values=self._outside(head, touched) | there.values)
        planned = self._planned(head, touched.head, there)
        urns = _urns(self.synthesis, head, places)
        found = verdicts(planned, head.document, there)
        return {urns[address]: verdict for address, verdict in found.items()}

    def _outside(self, head: Synthesis, touched: Affected) -> dict[str, str]:
        """What was made up of resources that the change does not touch, and that the head reads."""
        document = cut(head.document, self.terraform.schema, self.made_up, touched.head)
        return made_up_texts(document.get("locals", {}))

    def _planned(self, synthesis: Synthesis, kept: Collection[str], state: State) -> dict[str, Any]:
        document = cut(synthesis.document, self.terraform.schema, self.made_up, kept)
        question = Question(document, synthesis.variables, synthesis.files, state.document)
        return changes(self.terraform, question)


def baseline(
    terraform: Terraform,
    synthesis: Synthesis,
    region: str,
    only: Collection[str] | None = None,
) -> Baseline:
    """Plan a stack, perhaps `only` some of it, from nothing."""
    made_up = MadeUp(terraform.schema, region)
    document = literal(synthesis.document, terraform.schema, made_up, only)
    start = changes(terraform, Question(document, synthesis.variables, synthesis.files))
    return Baseline(terraform, made_up, synthesis, start)


def judge(
    terraform: Terraform, base: Graph, head: Graph, pairing: Pairing, progress: Progress = silent
) -> Judgement:
    """Plan the head against a state made from the base; the unchanged base beside it, as a test."""
    before = synthesise(base, terraform.catalogue, terraform.requirement)
    after = synthesise(head, terraform.catalogue, terraform.requirement, pairing.former)
    touched = affected(before, after, placed(before, after, pairing))
    if touched.nothing:
        return Judgement(before, after, {}, {})
    progress(0, _STEPS, "planning the base")
    line = baseline(terraform, before, base.region, touched.base)
    progress(1, _STEPS, "planning the change")
    with ThreadPoolExecutor(2) as pool:
        tested = pool.submit(line.unstable, touched.base)
        changed = line.verdicts(after, pairing)
        unstable = tested.result()
    progress(_STEPS, _STEPS, "compared")
    return Judgement(before, after, changed, unstable, line.labels(after, pairing))


def placed(base: Synthesis, head: Synthesis, pairing: Pairing) -> dict[str, str]:
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
