"""Look at the AWS stack of an environment, without an account and without Pulumi's CLI."""

from pathlib import Path
from typing import Annotated

import typer

from slipway import options, terminal
from slipway.errors import StackError

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
    """Show what a stack consists of, component by component.

    Example: python scripts/stack.py show --stack prod --shape container
    """
    from slipway.stack.load import load
    from slipway.stack.summary import components, total

    graph = load(root, stack, _pairs(changed), shape=shape)
    found = components(graph)
    if json:
        terminal.print_json(
            {
                "stack": stack,
                "resources": total(graph),
                "components": [
                    {"name": c.name, "kind": c.kind, "resources": dict(c.counts)} for c in found
                ],
                "outputs": sorted(graph.outputs),
            }
        )
        return
    terminal.print_table(
        ("COMPONENT", "RESOURCES", "OF WHICH"),
        [(c.name, c.total, _listed(c.counts)) for c in found],
    )
    terminal.say(f"{total(graph)} resources; outputs: {', '.join(sorted(graph.outputs))}")


@app.command()
def check(
    stack: Stack,
    shape: Shape = "",
    changed: Set = None,
    root: Root = HERE,
    json: options.Json = False,
) -> None:
    """Hold a stack against the rules in policy/, as `pulumi preview --policy-pack policy` does.

    Ends with 1 when a mandatory rule is broken.

    Example: python scripts/stack.py check --stack prod --set slipway:image=0.2.0
    """
    from slipway.stack.load import load
    from slipway.stack.policies import findings

    found = findings(root, load(root, stack, _pairs(changed), shape=shape))
    broken = [finding for finding in found if finding.mandatory]
    if json:
        terminal.print_json(
            [
                {"rule": f.rule, "resource": f.resource, "message": f.message, "level": f.level}
                for f in found
            ]
        )
    elif found:
        terminal.print_table(
            ("RULE", "LEVEL", "RESOURCE", "MESSAGE"),
            [(f.rule, f.level, f.resource, f.message) for f in found],
        )
    terminal.say(f"{len(broken)} mandatory rules broken, {len(found) - len(broken)} remarks")
    if broken:
        terminal.failed()


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


def _listed(counts: tuple[tuple[str, int], ...]) -> str:
    return ", ".join(f"{number} {kind}" if number > 1 else kind for kind, number in counts)


if __name__ == "__main__":
    terminal.run(app)
