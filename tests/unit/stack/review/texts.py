"""Reviews with any text wherever a text can come from outside."""

from hypothesis import strategies as st

from slipway.stack.exposure.finding import Severity
from slipway.stack.policies import Finding
from slipway.stack.review.impact import Grade
from slipway.stack.review.outcome import Action, Changed, Undecided
from tests.unit.stack.review.made import costs, exposed, outcome, review, reviewed

HARD = ("|", "a|b", "`", "``|", "\\", "\\|", "\\\\|`", "<script>alert(1)</script>", "&lt;b&gt;",
        "</td>", "**b**", "_u_", "~~d~~", "[a](http://x)", "![i](x)", "<!--", "a\nb", "a\r\n|b",
        "\u2028|", "'\"", " ", "", "{{ 1 }}", "{% raw %}", "]]>", "</style>",
        "--- | ---", "# a", "- a", "+ a", "1. a", "2) a", "> a", "=")  # fmt: skip
TEXTS = (
    st.sampled_from(HARD) | st.text(max_size=12) | st.text("|`\\<>&*_~[]()#+-=1. a\n", max_size=12)
)
ACTIONS = st.sampled_from(list(Action))


@st.composite
def reviews(draw, texts=TEXTS):
    """Two resources and one of everything else."""

    def text():
        return draw(texts)

    def filled():
        return draw(texts.filter(bool))

    resources = [
        reviewed(
            outcome(
                "aws:s3/bucket:Bucket",
                text(),
                draw(ACTIONS),
                (text(), text(), {text(): [text()]}),
                *[(text(), None, text())] * 5,
                replaced_by=(text(),),
                was=f"urn:pulumi:test::p::t::{text()}",
                uncertain=text(),
                because=draw(st.sampled_from([(), (f"urn:pulumi:test::p::t::{text()}",)])),
            ),
            (draw(st.sampled_from(list(Grade))), text()),
            kind=text(),
            place=text(),
            component=text(),
            exposed=(exposed(Severity.HIGH, filled()),),
        )
        for _ in range(2)
    ]
    return review(
        *resources,
        stack=filled(),
        base=text(),
        head=text(),
        elsewhere=(exposed(Severity.NONE, filled(), certain=False),),
        cost=costs(1, 2, text()),
        assumptions=(text(),),
        broken=(Finding(text(), text(), text(), "mandatory"),),
        mended=(Finding(text(), text(), text(), "advisory"),),
        outputs=(Changed(text(), text(), [text()]),),
        undecided=(Undecided(f"urn:pulumi:test::p::t::{text()}", text(), text()),),
    )
