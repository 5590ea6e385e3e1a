"""The review as a page: it loads nothing, and no text gets out of its place."""

from html.parser import HTMLParser

from hypothesis import given, settings

from slipway.stack.review.impact import Grade
from slipway.stack.review.outcome import Action, Changed
from slipway.stack.review.page import page
from tests.unit.stack.review.made import (
    FINE,
    LOOK,
    LOST,
    costs,
    exposed,
    outcome,
    review,
    reviewed,
    urn,
)
from tests.unit.stack.review.texts import reviews

VOID = {"meta", "br", "rect"}
OURS = {"html", "head", "meta", "title", "style", "body", "header", "h1", "h2", "h3", "p", "code",
        "span", "ul", "li", "b", "section", "svg", "text", "rect", "details", "summary", "article",
        "footer"}  # fmt: skip


class Elements(HTMLParser):
    """Every element, its attributes, and whether all are closed in order."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.names, self.text = [], set(), set(), ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.names |= {name for name, _ in attrs}
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.add(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


def elements(found):
    seen = Elements(page(found))
    assert seen.open == []
    assert seen.tags <= OURS
    return seen


@settings(deadline=None, max_examples=40)
@given(reviews())
def test_any_text_is_escaped(found):
    seen = elements(found)
    assert not {name for name in seen.names if name.startswith("on")} | {"href", "src"} & seen.names


def test_a_script_in_a_value_is_text():
    changed = outcome("t", "it", Action.UPDATED, ("p", "<script>alert(1)</script>", 1))
    assert "p: <script>alert(1)</script> → 1" in elements(review(reviewed(changed))).text


def test_a_change_of_nothing_says_so():
    seen = elements(review())
    assert "Nothing changes." in seen.text
    assert "article" not in seen.tags


def test_it_loads_nothing():
    text = page(review(reviewed(None, LOST)))
    assert "http" not in text.replace("http-equiv", "")
    assert "url(" not in text
    assert "@import" not in text


def test_the_gravest_come_first_and_what_follows_is_folded():
    follower = reviewed(outcome(name="follower", because=(urn("t", "cause"),)), LOST)
    fine = reviewed(outcome(name="fine"), FINE)
    grave = reviewed(outcome(name="grave"), LOOK)
    text = page(review(follower, fine, grave))
    places = [text.index(f"<h3>{name}</h3>") for name in ("grave", "fine", "follower")]
    assert places == sorted(places)
    assert text.index("1 that follow") < places[2]


def test_everything_that_is_said_elsewhere_is_on_the_page():
    seen = elements(
        review(
            reviewed(
                outcome(
                    "t", "store", Action.REPLACED, replaced_by=("bucket",), uncertain="perhaps"
                ),
                (Grade.HIGH, "data is lost"),
                exposed=(exposed(said="anybody reads it"),),
                component="storage",
            ),
            cost=costs(100, 250, "store"),
            assumptions=("Usage: little",),
            outputs=(Changed("url", "a", "b"),),
        )
    ).text
    for said in (
        "Somebody has to say yes", "1 replaced", "Replaced by bucket", "uncertain: perhaps",
        "data is lost", "anybody reads it", "of storage", "$100 → $250 a month", "Usage: little",
        "url: a → b",
    ):  # fmt: skip
        assert said in " ".join(seen.split())


def test_costs_are_drawn_to_scale_and_not_where_there_are_none():
    drawn = page(review(cost=costs(100, 200)))
    assert 'class="low" x="70" y="0" width="190.0"' in drawn
    assert 'class="low" x="70" y="34" width="380.0"' in drawn
    assert "<svg" not in page(review(cost=costs(0, 0)))
