"""Point an environment at a published version of a model, roll back, show."""

import re
from typing import TYPE_CHECKING, Annotated

import typer

from slipway import contract, options, terminal
from slipway.registry.store import DEFAULT_URL

if TYPE_CHECKING:
    from slipway.registry.releases import Release, Released, Unchanged

app = terminal.application(
    no_args_is_help=True,
    help="""Say which version of a model an environment serves.

Nodes follow: they fetch the version, verify and probe it, and serve the old
one until the new one has answered rightly.

Example: python scripts/release.py set image_classifier latest
""",
)

Model = Annotated[str, typer.Argument(help="The model's name.")]


@app.command()
def show(
    environment: Annotated[
        str, typer.Argument(help="Only this environment.", show_default="all")
    ] = "",
    store: options.StoreUrl = DEFAULT_URL,
    json: options.Json = False,
) -> None:
    """Show what is released.

    Example: python scripts/release.py show local
    """
    from slipway.registry.releases import releases
    from slipway.registry.store import open_store

    opened = open_store(store)
    environments = (environment,) if environment else contract.ENVIRONMENTS
    found = [release for name in environments for release in releases(opened, name)]
    if json:
        terminal.print_json([release.to_json() for release in found])
    elif found:
        terminal.print_table(
            ("ENVIRONMENT", "MODEL", "VERSION", "PREVIOUS", "GENERATION", "UPDATED"),
            [
                (r.environment, r.model, r.version, r.previous or "-", r.generation, r.updated)
                for r in found
            ],
        )
    else:
        where = f"in '{environment}' of" if environment else "in"
        terminal.say(f"nothing is released {where} {opened.url}")


@app.command("set")
def set_(
    model: Model,
    version: Annotated[str, typer.Argument(help="A version's number, or latest.")],
    environment: options.Environment = "local",
    store: options.StoreUrl = DEFAULT_URL,
    json: options.Json = False,
) -> None:
    """Point an environment at a version.

    When somebody else changes the same release meanwhile, nothing is written:
    look, and decide again.

    Example: python scripts/release.py set image_classifier latest
    """
    from slipway.errors import RegistryError
    from slipway.registry.releases import check_environment, promote
    from slipway.registry.store import open_store
    from slipway.registry.versions import newest

    if not re.fullmatch("latest|[1-9][0-9]{0,8}", version):
        raise RegistryError(f"{version!r} is no version", mend="Give its number, or latest.")
    check_environment(environment)
    opened = open_store(store)
    number = newest(opened, model) if version == "latest" else int(version)
    _report(promote(opened, environment, model, number), json=json)


@app.command()
def rollback(
    model: Model,
    environment: options.Environment = "local",
    store: options.StoreUrl = DEFAULT_URL,
    json: options.Json = False,
) -> None:
    """Point an environment at the version it served before.

    Rolling back twice does not bring the bad version back: name one with set.

    Example: python scripts/release.py rollback image_classifier
    """
    from slipway.registry.releases import roll_back
    from slipway.registry.store import open_store

    _report(roll_back(open_store(store), environment, model), json=json)


def _report(outcome: "Released | Unchanged", *, json: bool) -> None:
    from slipway.registry.releases import Released

    release = outcome.release
    changed = isinstance(outcome, Released)
    if json:
        terminal.print_json({"changed": changed, **release.to_json()})
    else:
        typer.echo(_sentence(release, changed=changed))


def _sentence(release: "Release", *, changed: bool) -> str:
    what = f"{release.environment}: {release.model}"
    if not changed:
        return f"{what} is version {release.version} already; nothing changed"
    return f"{what} is version {release.version} now" + (
        f" (before: {release.previous})" if release.previous else ""
    )


if __name__ == "__main__":
    terminal.run(app)
