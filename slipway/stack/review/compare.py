"""From two revisions of the program to the review of what lies between them."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from slipway.errors import StackError
from slipway.progress import Progress, silent
from slipway.stack.configuration import SECRET, secret_keys
from slipway.stack.consistency import Settled
from slipway.stack.evaluation import Program, evaluate
from slipway.stack.pairing import pair
from slipway.stack.policies import findings
from slipway.stack.review.outcome import Source, Undecided
from slipway.stack.review.planned import outcomes, undecided
from slipway.stack.review.review import Review, Sides, review
from slipway.stack.revisions import checked_out, resolve
from slipway.stack.secrets import new_key
from slipway.stack.terraform.command import Terraform, prepare
from slipway.stack.terraform.judge import judge
from slipway.stack.terraform.tools import find

_STEPS = 4
WORKING_TREE = "working tree"


@dataclass(frozen=True)
class Side:
    """A revision (empty: the files as they are), and settings in place of the stack's."""

    revision: str = ""
    overrides: Mapping[str, str] = field(default_factory=dict)
    shape: str = ""


def compare(
    root: Path, stack: str, sides: tuple[Side, Side], cache: Path, progress: Progress = silent
) -> Review:
    """What lies between the first side and the second.

    Raises `StackError` where one of the two cannot be run, and where there is no Terraform.
    """
    for side in sides:  # before anything that takes time
        if side.revision:
            resolve(root, side.revision)
    tools = find()
    progress(0, _STEPS, "running both programs")
    with ThreadPoolExecutor(1) as pool, ExitStack() as folders:
        prepared = pool.submit(prepare, tools, cache)
        programs = [
            Program(
                folders.enter_context(checked_out(root, side.revision)) if side.revision else root,
                stack,
                side.overrides,
                side.shape,
                side.revision,
            )
            for side in sides
        ]
        names = [_called(root, *one) for one in zip(sides, programs, strict=True)]
        settled = evaluate(programs, new_key())
        terraform = prepared.result()
    return _reviewed(root, settled, names, terraform, progress)


def _reviewed(
    root: Path,
    programs: list[Settled],
    names: list[str],
    terraform: Terraform,
    progress: Progress,
) -> Review:
    base, head = (program.graph for program in programs)
    pairing = pair(base, head)

    def told(done: float, total: float, note: str = "") -> None:
        progress(_STEPS - total + done, _STEPS, note)

    with ThreadPoolExecutor(1) as pool:  # the rules have time while the provider plans
        rules = pool.submit(lambda: (findings(root, base), findings(root, head)))
        judgement = judge(terraform, base, head, pairing, told)
    derived = [Undecided(one.urn, one.path, one.why) for one in programs[1].derived]
    return review(
        Sides(base, head, pairing, *names),
        outcomes(judgement, base, head, pairing, terraform.catalogue),
        (*derived, *undecided(judgement, base, head)),
        rules.result(),
        Source.PROVIDER,
    )


def _called(root: Path, side: Side, program: Program) -> str:
    where = (
        f"{side.revision} ({resolve(root, side.revision)[:8]})" if side.revision else WORKING_TREE
    )
    try:
        secret = secret_keys(program.root, program.stack, side.overrides)
    except StackError as missing:
        what = f"At {side.revision}: {missing.what}" if side.revision else missing.what
        raise StackError(what, why=missing.why, mend=missing.mend) from missing
    with_ = [
        *(f"{k}={SECRET if k in secret else v}" for k, v in side.overrides.items()),
        *([side.shape] if side.shape else []),
    ]
    return " with ".join([where, ", ".join(with_)]) if with_ else where
