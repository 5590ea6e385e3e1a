"""Assemble the report: one HTML page from what the other steps wrote about each model."""

from pathlib import Path
from typing import Annotated

import typer

from slipway import options, terminal

app = terminal.application()


@app.command()
def report(
    folder: Annotated[Path, typer.Argument(help="Holds one <model>.json for each model.")] = Path(
        "build/report"
    ),
    json: options.Json = False,
) -> None:
    """Write index.html from the <model>.json files in a folder, and print its path.

    The page holds its style and its figures: it loads nothing, and can be mailed or kept as it is.
    Exit code 1 says that something in it failed (a check, a tolerance, a floor); 2 that it could
    not be written.

    Example: python scripts/report.py build/report
    """
    from slipway.report.content import read_report
    from slipway.report.page import write_page
    from slipway.report.verdict import judge

    verdicts = {model.artefact.model: judge(model) for model in read_report(folder).models}
    path = write_page(folder)
    if json:
        models = {
            name: {
                "outcome": v.mark,
                "failed": v.failed,
                "doubtful": v.doubtful,
                "missing": v.missing,
            }
            for name, v in verdicts.items()
        }
        terminal.print_json({"page": str(path), "models": models})
    else:
        typer.echo(path)
    for name, verdict in verdicts.items():
        for reason in verdict.failed:
            typer.echo(f"{name}: {reason}", err=True)
    if any(verdict.failed for verdict in verdicts.values()):
        terminal.failed()


if __name__ == "__main__":
    terminal.run(app)
