"""The comment on a pull request: short, well-formed, and of any text."""

import re
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from markdown_it import MarkdownIt

from slipway.stack.exposure.finding import Severity
from slipway.stack.policies import Finding
from slipway.stack.review.markdown import markdown
from slipway.stack.review.outcome import Action, Changed, Source, Undecided
from tests.unit.stack.review.made import (
    FINE,
    LOOK,
    LOST,
    STOPPED,
    costs,
    exposed,
    outcome,
    review,
    reviewed,
    urn,
)
from tests.unit.stack.review.texts import HARD, reviews

RENDERED = MarkdownIt("commonmark").enable(["table", "strikethrough"])
OURS = {"h2", "h3", "p", "strong", "code", "table", "thead", "tbody", "tr", "th", "td", "ul", "li",
        "details", "summary", "br", "sub"}  # fmt: skip


class Page(HTMLParser):
    """Tags, attributes and text of rendered Markdown."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.attributes, self.text = [], [], ""
        self.feed(RENDERED.render(text))

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data):
        self.text += data


UPDATED = Action.UPDATED


def cells(line):
    """As GitHub's parser splits a row: a backslash takes the next sign with it."""
    return re.findall(r"(?:\\.|[^\\|])+", line.strip().removeprefix("|").removesuffix("|"))


def tables(text):
    """Each table as its lines."""
    found, lines = [], [*text.splitlines(), ""]
    for line in lines:
        if line.startswith("|"):
            if not found or not found[-1][1]:
                found.append([[], True])
            found[-1][0].append(line)
        elif found:
            found[-1][1] = False
    return [rows for rows, _ in found]


# --- short ----------------------------------------------------------------------------------------


def test_a_change_of_nothing_is_three_lines():
    assert markdown(review()) == (
        "## 🟢 Stack `test`: no resource changes\n\n"
        "Risk **low**. Nothing changes. $100 a month, as before.\n"
        "`main (01234567)` → `working tree`\n"
    )


def test_what_is_of_low_grade_is_no_reason():
    assert "### Why" not in markdown(review(reviewed(None, FINE)))
    assert "### Why" in markdown(review(reviewed(None, LOOK)))


def test_a_change_is_told_with_what_it_means_and_where_it_is():
    it = outcome("aws:s3/bucket:Bucket", "store", Action.REPLACED, ("bucket", "a", "b"),
                 replaced_by=("bucket",), was=urn("t", "former"), uncertain="or not")  # fmt: skip
    text = markdown(review(reviewed(it, LOST, place="bucket.py:7"), cost=costs(100, 250, "store")))
    (row,) = [line for line in text.splitlines() if "🔴 replaced" in line]
    assert cells(row) == [
        " 🔴 replaced ",
        " `store` <sub>Bucket, bucket.py:7</sub><br><sub>was former</sub> ",
        " **replaced by `bucket`**<br>bucket: a → b ",
        " data is lost: the objects in it<br>**uncertain**: or not ",
    ]
    assert "- 🔴 store: data is lost: the objects in it" in text
    assert "| `store` | $100 | $250 |" in text
    assert "| **the stack** | $100 | $250 |" in text


def test_the_file_of_a_resource_is_not_taken_for_bold():
    text = markdown(review(reviewed(place="__main__.py:3")))
    assert "__main__.py:3" in Page(text).text


def test_the_cost_of_a_part_is_not_called_that_of_the_stack():
    text = markdown(review(cost=costs(1, 2, "store"), whole=False))
    assert "the stack" not in text
    assert "**what changes**" in text


def test_every_part_is_there_only_where_there_is_something_in_it():
    rule = Finding("encrypted", "it", "is not encrypted", "mandatory")
    parts = {
        "### Security": {"elsewhere": (exposed(),)},
        "### Rules": {"broken": (rule,)},
        "### Outputs": {"outputs": (Changed("url", "a", "b"),)},
        "### Cost": {"cost": costs(1, 2, "it")},
        "Cannot be said without AWS": {"undecided": (Undecided("", "x", "nobody knows"),)},
    }
    nothing = markdown(review())
    for title, fields in parts.items():
        assert title not in nothing
        text = markdown(review(**fields))
        assert [t for t in parts if t in text] == [title]


def test_findings_say_in_which_direction_and_how_certain():
    text = markdown(
        review(elsewhere=(exposed(Severity.NONE, "less"), exposed(said="more", certain=False)))
    )
    assert "- ⬆ wider: more (cannot be compared for certain)\n- ⬇ narrower: less" in text


def test_a_rule_that_is_kept_again_is_told():
    rule = Finding("encrypted", "it", "is not encrypted", "mandatory")
    assert "- no longer breaks encrypted (`it`)" in markdown(review(mended=(rule,)))


def test_who_says_so_is_said():
    assert "as pulumi preview says it" in markdown(review(reviewed(), source=Source.PULUMI))


# --- folded ---------------------------------------------------------------------------------------


def test_many_rows_and_reasons_are_folded_the_gravest_stay_open():
    fine = [reviewed(outcome("t", f"fine{n}", UPDATED, (f"p{n}", 1, 2)), FINE) for n in range(12)]
    grave = [reviewed(outcome("t", f"grave{n}", UPDATED, (f"p{n}", 1, 2)), LOOK) for n in range(12)]
    text = markdown(review(*fine, *grave))
    _, *folded = text.split("<details><summary>")
    assert folded[0].startswith("14 more</summary>")
    first, second = tables(text)
    assert len(first) == 2 + 10
    assert len(second) == 2 + 14
    assert all("grave" in row for row in first[2:])
    assert text.count("</details>") == len(folded)


def test_what_follows_is_folded_behind_what_it_follows_from():
    causes = [
        reviewed(outcome("t", f"cause{n}", UPDATED, (f"p{n}", 1, 2)), FINE) for n in range(10)
    ]
    follower = reviewed(outcome(name="follower", because=(urn("t", "cause1"),) * 2), STOPPED)
    text = markdown(review(follower, *causes))
    open_, _, folded = text.partition("<summary>1 more</summary>")
    assert "`cause1`" in open_
    assert "follows from `cause1`<br>" in folded
    assert "<summary>" not in markdown(review(follower, *causes[:2])), "few are not folded"


def test_what_is_said_of_several_is_said_once():
    alike = [reviewed(outcome("t", f"log{n}", UPDATED, ("days", 30, 7)), LOOK) for n in range(6)]
    text = markdown(review(*alike, reviewed(outcome("t", "other", UPDATED, ("days", 30, 6)), LOOK)))
    assert text.count("days: 30 → 7") == 1
    assert "`log3` <sub>" in text
    assert "and 2 more" in text
    assert "`other`" in text


def test_where_all_follow_one_stays_open():
    follower = reviewed(outcome(because=(urn("t", "cause"),)), FINE)
    assert "<details>" not in markdown(review(follower))


def test_many_properties_are_named_and_counted():
    changed = [(f"p{n}", 1, 2) for n in range(13)]
    text = markdown(review(reviewed(outcome("t", "it", Action.UPDATED, *changed))))
    assert "p3: 1 → 2<br>and `p4`, `p5`, `p6`, `p7`, `p8`, `p9` and 3 more" in text


def test_what_cannot_be_said_is_grouped_by_why():
    points = [Undecided(urn("t", f"r{n}"), "p", "nobody knows") for n in range(7)]
    text = markdown(review(undecided=(*points, Undecided("", "", "too late"))))
    assert "- nobody knows: `r0` p, `r1` p, `r2` p, `r3` p, `r4` p and 2 more\n" in text
    assert "- too late: `the stack`\n" in text


# --- any text -------------------------------------------------------------------------------------


def check(found):
    text = markdown(found)
    assert text.endswith("\n")
    for rows in tables(text):
        assert {len(cells(row)) for row in rows} == {len(cells(rows[0]))}
    page = Page(text)
    assert set(page.tags) <= OURS
    assert page.attributes == []
    assert page.tags.count("table") == len(tables(text)) in (2, 3)
    return page


@settings(deadline=None, max_examples=100)
@given(reviews())
def test_any_text_leaves_well_formed_tables_and_brings_no_markup(found):
    check(found)


@pytest.mark.parametrize("hard", HARD)
def test_a_text_is_shown_as_it_is(hard):
    changed = outcome("t", "it", Action.UPDATED, (f"p{hard}q", f"a{hard}z", 1))
    page = check(
        review(
            reviewed(changed, name=f"n{hard}m"),
            cost=costs(1, 2, "x"),
            outputs=(Changed("o", f"b{hard}y", 1),),
        )
    )
    shown = re.sub(r"\s+", " ", page.text)
    for begin, end in ("pq", "az", "nm", "by"):
        assert re.sub(r"\s+", " ", f"{begin}{hard}{end}") in shown


@pytest.mark.parametrize("hard", HARD)
def test_a_text_that_begins_a_line_makes_nothing_of_it(hard):
    page = Page(
        markdown(
            review(
                outputs=(Changed(hard, 1, 2),),
                undecided=(Undecided("", "x", hard),),
                assumptions=(hard,),
                cost=costs(1, 2, "it"),
            )
        )
    )
    assert set(page.tags) <= OURS
    assert page.tags.count("ul") == 3


def test_without_escaping_a_table_would_break_so_the_test_above_can_fail():
    assert len(cells("| a | b|c |")) == 3
    assert len(cells(r"| a | b\|c |")) == 2
    assert len(cells(r"| a | b\\|c |")) == 3
    assert set(Page("| a |\n| --- |\n| <script>x</script> |\n").tags) - OURS == {"script"}
