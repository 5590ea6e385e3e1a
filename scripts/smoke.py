"""Ask a served model everything it must answer, and everything it must refuse."""

from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from slipway import options, terminal
from slipway.registry.store import DEFAULT_URL

if TYPE_CHECKING:
    from slipway.check.endpoint import Endpoint
    from slipway.results import CheckResult

app = terminal.application()


@app.command()
def main(
    model: Annotated[str, typer.Argument(help="The model's name, as the server has it.")],
    grpc: options.GrpcAddress = options.LOCAL_GRPC,
    http: options.HttpUrl = options.LOCAL_HTTP,
    environment: options.Environment = "local",
    store: options.StoreUrl = DEFAULT_URL,
    golden: options.GoldenFile = None,
    models: options.Models = Path("model_repo"),
    output: Annotated[Path | None, typer.Option(help="Write the results here as JSON.")] = None,
    json: options.Json = False,
) -> None:
    """Smoke-test a served model over HTTP and gRPC.

    Health, metadata, and the golden request, whose right answer was recorded when the model was
    built. Then wrong requests (shape, type, name, size, unknown model, broken message): each must
    be refused with the proper code, and the server must go on answering. A generator is asked for
    its golden text as a whole and in pieces, and with limits, stop strings and seeds. Where the
    model's folder is at hand, its own client asks too. Exit code 1 when a check failed, 2 when no
    server answers.

    Example: python scripts/smoke.py image_classifier
    """
    from dataclasses import asdict

    from slipway.check.endpoint import Endpoint
    from slipway.check.smoke import smoke
    from slipway.files import readable_json, write_whole
    from slipway.registry.golden import read_golden, released_golden

    endpoint = Endpoint(grpc, http)
    asked = read_golden(golden) if golden else released_golden(store, environment, model)
    results: list[CheckResult] = []
    for result in chain(smoke(endpoint, model, asked), _example(models, model, endpoint)):
        results.append(result)
        if not json:
            _print(result)
    failures = sum(not result.passed for result in results)
    record = {
        "model": model,
        "endpoint": asdict(endpoint),
        "passed": not failures,
        "checks": [asdict(result) for result in results],
    }
    if output:
        write_whole(output, readable_json(record))
    if json:
        terminal.print_json(record)
    terminal.say(f"{len(results) - failures} of {len(results)} checks passed")
    if failures:
        terminal.failed()


def _example(models: Path, model: str, endpoint: "Endpoint") -> "Iterator[CheckResult]":
    """What the folder's own client says, where there is one."""
    from slipway.check.example import example
    from slipway.folder import model_names, open_model

    if model in model_names(models) and (folder := open_model(model, models)).has("client"):
        yield example(folder, endpoint)


def _print(result: "CheckResult") -> None:
    from rich import print as rich_print
    from rich.markup import escape

    mark = "[green]ok[/]    " if result.passed else "[red]FAILED[/]"
    detail = escape(result.detail if not result.passed else result.detail[:60])
    rich_print(f"{mark} {result.protocol:<4} {escape(result.name):<38} [dim]{detail}[/]")


if __name__ == "__main__":
    terminal.run(app)
