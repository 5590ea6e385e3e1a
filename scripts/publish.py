"""Publish a packaged model as its next version, list versions, verify one."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from slipway import contract, options, terminal
from slipway.registry.store import DEFAULT_URL

if TYPE_CHECKING:
    from slipway.registry.manifest import Manifest
    from slipway.registry.store import Store

app = terminal.application()


@app.command()
def main(
    model: Annotated[
        str, typer.Argument(help="The model's name; --list alone can do without.")
    ] = "",
    workspace: options.Workspace = Path("build"),
    folder: Annotated[
        Path | None, typer.Option(help="Publish this packaged folder, not the newest build.")
    ] = None,
    store: options.StoreUrl = DEFAULT_URL,
    list_: Annotated[
        bool, typer.Option("--list", help="Show what is published; publish nothing.")
    ] = False,
    verify: Annotated[
        int | None,
        typer.Option(min=1, metavar="VERSION", help="Fetch and check every file of a version."),
    ] = None,
    json: options.Json = False,
) -> None:
    """Publish the newest build of a model.

    Files go first and the manifest last: a version is there whole or not at
    all. It never changes, and publishing the same files again changes nothing.
    No environment serves it before scripts/release.py says so. Exit code 1
    when --verify finds missing or damaged files.

    Example: python scripts/publish.py image_classifier
    """
    from slipway.registry.store import open_store

    if not model and (verify or not list_):
        raise typer.BadParameter("which model?", param_hint="MODEL")
    opened = open_store(store)
    if list_:
        _list(opened, model, json=json)
    elif verify:
        _verify(opened, model, verify, json=json)
    else:
        _publish(opened, model, folder, workspace, json=json)


def _publish(
    store: "Store", model: str, folder: Path | None, workspace: Path, *, json: bool
) -> None:
    from slipway.registry.package import find_package, require_model
    from slipway.registry.publish import Published, publish

    package = folder or find_package(workspace, model)
    require_model(package, model)
    with terminal.progress_bar("publish", enabled=not json) as progress:
        outcome = publish(store, package, progress)
    manifest = outcome.manifest
    artefact = manifest.artefact
    if json:
        terminal.print_json({"published": isinstance(outcome, Published), **_summary(manifest)})
    elif isinstance(outcome, Published):
        typer.echo(
            f"{model}: published version {manifest.version} "
            f"({len(artefact.files)} files, {artefact.size / 1e6:.1f} MB)"
        )
    else:
        restored = outcome.restored
        typer.echo(
            f"{model}: already published as version {manifest.version}; "
            + (f"missing files restored: {restored}" if restored else "nothing changed")
        )


def _list(store: "Store", model: str, *, json: bool) -> None:
    from slipway.registry.versions import models, newest, read_manifest, versions

    if model:
        newest(store, model)  # its error names the nearest models
        manifests = [read_manifest(store, model, version) for version in versions(store, model)]
    else:
        manifests = [read_manifest(store, name, newest(store, name)) for name in models(store)]
    if json:
        terminal.print_json([_summary(manifest) for manifest in manifests])
    elif not manifests:
        terminal.say(f"nothing is published in {store.url}")
    else:
        terminal.print_table(
            ("MODEL", "VERSION", "CREATED", "SIZE", "METRIC", "REVISION"),
            [
                (
                    manifest.model,
                    manifest.version,
                    manifest.created,
                    f"{manifest.artefact.size / 1e6:.1f} MB",
                    f"{manifest.artefact.metric.name} {manifest.artefact.metric.value:.4f}",
                    manifest.artefact.git_revision[:12],
                )
                for manifest in manifests
            ],
        )


def _verify(store: "Store", model: str, version: int, *, json: bool) -> None:
    from slipway.registry.versions import Damaged, Intact, Missing, verify

    results = []
    for result in verify(store, model, version):
        match result:
            case Intact(entry):
                outcome, detail = "intact", ""
            case Missing(entry):
                outcome, detail = "missing", "not in the store; publish the model again"
            case Damaged(entry, why):
                key = contract.blob_key(entry.sha256)
                outcome, detail = "damaged", f"{why}; remove {key} and publish the model again"
        results.append({"path": entry.path, "result": outcome, "detail": detail})
        if not json:
            typer.echo(f"{outcome:<8} {entry.path}" + (f": {detail}" if detail else ""))
    wrong = sum(result["result"] != "intact" for result in results)
    if json:
        terminal.print_json({"model": model, "version": version, "files": results})
    terminal.say(
        f"{model} version {version}: {len(results) - wrong} of {len(results)} files intact"
    )
    if wrong:
        terminal.failed()


def _summary(manifest: "Manifest") -> dict[str, Any]:
    artefact = manifest.artefact
    return {
        "model": manifest.model,
        "version": manifest.version,
        "created": manifest.created,
        "fingerprint": artefact.fingerprint,
        "files": len(artefact.files),
        "size": artefact.size,
        "metric": {"name": artefact.metric.name, "value": artefact.metric.value},
        "git_revision": artefact.git_revision,
    }


if __name__ == "__main__":
    terminal.run(app)
