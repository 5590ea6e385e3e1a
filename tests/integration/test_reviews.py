"""Realistic changes, each judged by the real AWS provider and compared with its golden review.

After a change that is meant to change reviews: SLIPWAY_UPDATE_REVIEWS=1 python -m pytest
tests/integration/test_reviews.py, and read the difference.
"""

import os
import re
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

import pytest

from slipway.errors import StackError
from slipway.stack.consistency import settle
from slipway.stack.evaluation import Program, evaluate
from slipway.stack.load import load
from slipway.stack.outputs import FIRST, SECOND
from slipway.stack.pairing import pair
from slipway.stack.policies import findings
from slipway.stack.review.markdown import markdown
from slipway.stack.review.outcome import Action, Source
from slipway.stack.review.planned import outcomes, undecided
from slipway.stack.review.review import Sides, review
from slipway.stack.terraform.command import prepare
from slipway.stack.terraform.judge import Judgement, baseline
from slipway.stack.terraform.synthesis import synthesise
from slipway.stack.terraform.tools import find
from tests.changes import CHANGES, ROOT, edited

GOLDEN = Path(__file__).parents[1] / "data/reviews"
KEY = b"the same in every run"
UPDATE = bool(os.environ.get("SLIPWAY_UPDATE_REVIEWS"))
NOT_OF_AWS = {"prod-fleet-rollout"}
"""Python code of the program: nobody but Pulumi can say what becomes of it."""


@pytest.fixture(scope="module")
def terraform():
    try:
        return prepare(find(), ROOT / "build/terraform")
    except StackError as missing:
        pytest.skip(str(missing))


@cache
def base_graph(settings, shape=""):
    graphs = [
        load(ROOT, "prod", dict(settings), shape=shape, outputs=outputs, key=KEY)
        for outputs in (FIRST, SECOND)
    ]
    return settle(*graphs).graph


@pytest.fixture(scope="module")
def reviews(terraform, tmp_path_factory):
    """Every change's review. Two providers at a time, as they take a processor each."""
    bases = {frozenset(change.before.items()) for change in CHANGES}
    heads = {change.name: _head(change, tmp_path_factory) for change in CHANGES if not change.edits}
    with ThreadPoolExecutor(2) as pool:
        programs = {c.name: pool.submit(_head, c, tmp_path_factory) for c in CHANGES if c.edits}
        heads |= {name: found.result() for name, found in programs.items()}
        lines = {b: pool.submit(_baseline, base_graph(b), terraform) for b in bases}
        lines = {settings: found.result() for settings, found in lines.items()}
        tests = {settings: pool.submit(line.unstable) for settings, line in lines.items()}
        found = {c.name: pool.submit(_review, c, heads[c.name], lines, terraform) for c in CHANGES}
        stable = {settings: test.result() for settings, test in tests.items()}
        return {name: one.result() for name, one in found.items()}, stable


def _baseline(graph, terraform):
    synthesis = synthesise(graph, terraform.catalogue, terraform.requirement)
    return baseline(terraform, synthesis, graph.region)


def _head(change, folders):
    if not change.edits:
        return base_graph(frozenset(change.after.items()), change.shape)
    folder = edited(change, folders.mktemp(change.name))
    (settled,) = evaluate([Program(folder, "prod", change.after)], KEY)
    assert settled.derived == ()
    return settled.graph


def _review(change, head, lines, terraform):
    settings = frozenset(change.before.items())
    base, line = base_graph(settings), lines[settings]
    pairing = pair(base, head)
    after = synthesise(head, terraform.catalogue, terraform.requirement, pairing.former)
    verdicts, labels = line.verdicts(after, pairing), line.labels(after, pairing)
    judgement = Judgement(line.synthesis, after, verdicts, {}, labels)
    return review(
        Sides(base, head, pairing, "main", change.name),
        outcomes(judgement, base, head, pairing, terraform.catalogue),
        undecided(judgement, base, head),
        (findings(ROOT, base), findings(ROOT, head)),
        Source.PROVIDER,
    )


def test_an_unchanged_base_is_planned_without_a_change(reviews):
    assert set(map(len, reviews[1].values())) == {0}


@pytest.mark.parametrize("change", CHANGES, ids=str)
def test_a_change_is_reviewed_as_its_golden_review_says(reviews, change):
    # Lines of the program move whenever anybody edits it.
    text = re.sub(r"(\.py):\d+", r"\1", markdown(reviews[0][change.name]))
    file = GOLDEN / f"{change}.md"
    if UPDATE:
        file.parent.mkdir(exist_ok=True)
        file.write_text(text)
    assert text == file.read_text()


@pytest.mark.parametrize("change", CHANGES, ids=str)
def test_the_verdict_on_whatever_is_of_aws_is_the_providers(reviews, change):
    for reviewed in reviews[0][change.name].resources:
        if reviewed.name in NOT_OF_AWS or reviewed.action is Action.RENAMED:
            continue
        options = all(c.property.startswith("option ") for c in reviewed.outcome.changed)
        said_by_pulumi = options and reviewed.outcome.changed
        assert reviewed.outcome.source is Source.PROVIDER or said_by_pulumi, reviewed.name


def test_there_is_a_golden_review_for_every_change_and_no_other():
    assert {file.stem for file in GOLDEN.glob("*.md")} == {change.name for change in CHANGES}
