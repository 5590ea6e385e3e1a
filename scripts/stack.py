"""Look at the AWS stack of an environment, without an account and without Pulumi's CLI."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from slipway import options, terminal
from slipway.errors import StackError

if TYPE_CHECKING:  # scripts/stack.py --help imports nothing heavy
    from slipway.stack.inspection import Inspection
    from slipway.stack.review.review import Review

app = terminal.application(
    no_args_is_help=True,
    help="""See what `pulumi up` would build, without an AWS account.

The Pulumi program is run as it is, with the configuration of a stack, and what
it registers is recorded instead of deployed. What only AWS knows (identifiers,
addresses) is made up.

Example: python scripts/stack.py show --stack prod
""",
)

HERE = Path(__file__).resolve().parent.parent
Stack = Annotated[str, typer.Option("--stack", "-s", help="dev, staging or prod.")]
Shape = Annotated[
    str, typer.Option(help="As it would be in another shape: cluster, single, container.")
]
Set = Annotated[
    list[str] | None,
    typer.Option("--set", help="A setting in place of the stack's: slipway:zones=3. Repeatable."),
]
Root = Annotated[
    Path, typer.Option(help="The folder of Pulumi.yaml.", show_default="this checkout")
]


@app.command()
def show(
    stack: Stack,
    shape: Shape = "",
    changed: Set = None,
    root: Root = HERE,
    json: options.Json = False,
) -> None:
    """Show what a stack consists of and what it costs a month, component by component.

    Example: python scripts/stack.py show --stack prod --shape container
    """
    from slipway.stack import overview
    from slipway.stack.load import load

    with terminal.progress_bar("show", enabled=not json):
        graph = load(root, stack, _pairs(changed), shape=shape)
    if json:
        terminal.print_json(overview.document(graph))
        return
    terminal.print_table(overview.HEADER, overview.rows(graph))
    for line in overview.summary(graph):
        terminal.say(line)


@app.command()
def diff(
    stack: Annotated[str, typer.Option("--stack", "-s", help="dev, staging or prod.")] = "",
    base: Annotated[str, typer.Option(help="The branch, tag or commit to compare with.")] = "main",
    head: Annotated[
        str, typer.Option(help="The same, of the change.", show_default="files as they are")
    ] = "",
    preview: Annotated[
        Path | None,
        typer.Option(help="Review a real stack: what pulumi preview --json --show-sames wrote."),
    ] = None,
    shape: Shape = "",
    changed: Set = None,
    root: Root = HERE,
    html: Annotated[Path | None, typer.Option(help="Write the review as a page, too.")] = None,
    json: options.Json = False,
) -> None:
    """Review what a change does to a stack: Markdown for a pull request.

    Every resource that is created, updated, replaced or deleted; what that means, costs and opens.
    Takes --stack or --preview. --set and --shape change the head alone. Ends with 1 when somebody
    has to say yes.

    Example: python scripts/stack.py diff --stack prod --base main
    """
    from slipway.files import write_whole
    from slipway.stack.review.compare import Side, compare
    from slipway.stack.review.document import document
    from slipway.stack.review.markdown import markdown

    if preview is not None:
        if stack or head or shape or changed:
            raise StackError(
                "--preview is the review of one stack as Pulumi sees it",
                mend="Leave out --stack, --head, --shape and --set.",
            )
        review = _of_preview(root, preview)
    elif not stack:
        raise StackError("No stack is named", mend="Add --stack prod, or --preview preview.json.")
    else:
        sides = Side(base), Side(head, _pairs(changed), shape)
        with terminal.progress_bar("diff", enabled=not json) as progress:
            review = compare(root, stack, sides, _cache(root), progress)
    if html is not None:
        from slipway.stack.review.page import page

        write_whole(html, page(review).encode())
        terminal.say(f"{html}")
    if json:
        terminal.print_json(document(review))
    else:
        terminal.print_text(markdown(review))
    if review.needs_a_yes:
        terminal.failed()


@app.command()
def check(
    stack: Stack,
    shape: Shape = "",
    changed: Set = None,
    root: Root = HERE,
    json: options.Json = False,
) -> None:
    """Hold a stack against the rules in policy/, the real AWS provider and Checkov.

    The rules are those of `pulumi preview --policy-pack policy`. Without Terraform, its provider or
    Checkov, what needs them is skipped, and said to be. Ends with 1 when a mandatory rule is
    broken, when the provider refuses the stack, or when a check fails that nobody waived.

    Example: python scripts/stack.py check --stack prod --set slipway:image=0.2.0
    """
    from slipway.stack.evaluation import Program
    from slipway.stack.inspection import inspect

    program = Program(root, stack, _pairs(changed), shape)
    with terminal.progress_bar("check", enabled=not json) as progress:
        inspection = inspect(program, _cache(root), progress)
    if json:
        from slipway.stack.findings import document

        terminal.print_json(document(inspection))
    else:
        _print(inspection)
    if inspection.failed:
        terminal.failed()


@app.command()
def teardown(
    stack: Stack,
    shape: Shape = "",
    changed: Set = None,
    root: Root = HERE,
    json: options.Json = False,
) -> None:
    """Tell what would stop `pulumi destroy`, survive it, or make it wait. Destroys nothing.

    Example: python scripts/stack.py teardown --stack dev
    """
    from slipway.stack.load import load
    from slipway.stack.teardown import preflight

    with terminal.progress_bar("teardown", enabled=not json):
        found = preflight(load(root, stack, _pairs(changed), shape=shape))
    if json:
        terminal.print_json(
            [{"effect": o.effect, "urn": o.urn, "why": o.why, "mend": o.mend} for o in found]
        )
        return
    terminal.print_table(
        ("EFFECT", "RESOURCE", "WHY", "WHAT TO DO"),
        [(o.effect, o.name, o.why, o.mend) for o in found],
    )
    things = "1 thing" if len(found) == 1 else f"{len(found)} things"
    terminal.say(f"{things} to know before pulumi destroy --stack {stack}")


@app.command()
def draw(
    stack: Stack,
    file: Annotated[Path, typer.Argument(help="The SVG file to write.")],
    shape: Shape = "",
    changed: Set = None,
    root: Root = HERE,
) -> None:
    """Draw a stack's network, servers and services from what its program registers.

    Example: python scripts/stack.py draw --stack prod build/prod.svg
    """
    from slipway.files import write_whole
    from slipway.stack.load import load
    from slipway.stack.picture import svg

    write_whole(file, svg(load(root, stack, _pairs(changed), shape=shape)).encode())
    terminal.say(f"{file}")


def _of_preview(root: Path, file: Path) -> "Review":
    from slipway.stack.review.preview import of_preview

    return of_preview(root, file)


def _print(inspection: "Inspection") -> None:
    from slipway.stack import findings

    for header, rows in findings.tables(inspection):
        terminal.print_table(header, rows)
    for line in findings.summary(inspection):
        terminal.say(line)


def _cache(root: Path) -> Path:
    """Where the provider's schema is kept: below what git ignores and `make clean` removes."""
    return root / "build/terraform"


def _pairs(changed: list[str] | None) -> dict[str, str]:
    pairs = {}
    for text in changed or []:
        name, equals, value = text.partition("=")
        if not equals or ":" not in name:
            raise StackError(
                f"--set {text} cannot be understood",
                why="it is not namespace:setting=value",
                mend="For example: --set slipway:zones=3",
            )
        pairs[name] = value
    return pairs


if __name__ == "__main__":
    terminal.run(app)
