"""The policy pack of a checkout, asked about a recorded stack."""

import importlib
from dataclasses import dataclass
from pathlib import Path

from slipway.errors import StackError
from slipway.stack.graph import Graph
from slipway.stack.modules import importing


@dataclass(frozen=True)
class Finding:
    """A rule that a stack breaks. `resource` is a logical name; `level` is `mandatory` where the
    rule stops an update, and `advisory` where it does not.
    """

    rule: str
    resource: str
    message: str
    level: str

    @property
    def mandatory(self) -> bool:
        return self.level == "mandatory"


def findings(root: Path, graph: Graph) -> tuple[Finding, ...]:
    """What the rules in `root`/policy say, the mandatory ones first.

    Raises `StackError` where there are none, and where this process has imported the rules of
    another checkout.
    """
    if not (root / "policy").is_dir():
        raise StackError(
            "There are no rules to hold the stack against",
            why=f"{root} has no folder policy",
            mend="Use a checkout of Slipway, or copy its folder policy there.",
        )
    with importing(root):
        rules = importlib.import_module("policy.rules.offline")
    found = [
        Finding(
            rule=violation.rule,
            resource=violation.urn.rpartition("::")[2],
            message=violation.message,
            level=violation.level.value,
        )
        for violation in rules.check_graph(graph)
    ]
    return tuple(sorted(found, key=lambda f: (not f.mandatory, f.rule, f.resource, f.message)))
