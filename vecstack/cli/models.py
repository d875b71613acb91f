"""vecstack models: the models that ship with the program, and those of the Hub."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from vecstack.cli.arguments import AsJson
from vecstack.errors import UsageError

app = typer.Typer(
    help="List, verify, download, lock and publish models.",
    no_args_is_help=True,
)

NAME_WIDTH = 13  # of a column: the longest names that ship
Name = Annotated[str, typer.Argument(metavar="OWNER/NAME[@REV]", help="A repository of the Hugging Face Hub.")]


@app.command("list")
def list_models(as_json: AsJson = False) -> None:
    """List the shipped models, and those of the Hub in the cache.

    Below them are the weights of others that segmenters need, and whether they are found."""
    from vecstack.hub.cache import cached_models
    from vecstack.models import available_models

    models, cached = available_models(), cached_models()
    if as_json:
        shipped = [{**asdict(model), "path": _text(model.path)} for model in models]
        fetched = [{"name": str(model.repository), "path": str(model.path)} for model in cached]
        typer.echo(json.dumps([*shipped, *fetched], indent=2))
        return
    for model in models:
        weights = "" if model.path else " (no weights)"
        typer.echo(f"{model.name:<{NAME_WIDTH}} {model.kind:<8} {model.description}{weights}")
    for found in cached:
        typer.echo(f"{found.repository} (in the cache)")
    typer.echo("\nSegmenters (--segments), whose weights do not ship (docs/segments.md):")
    for name, weights in _segmenters():
        typer.echo(f"{name:<{NAME_WIDTH}} {weights}")


def _segmenters() -> Iterator[tuple[str, str]]:
    """Segmenters that need weights, and in words which, from where, and whether they are there."""
    from vecstack.fitting.segmenters.published import CACHE, HED, U2NETP

    for net in (U2NETP, HED):
        found = net.found()
        state = f"put them into {CACHE}, or name them, {net.name}:PATH" if found is None else f"found: {found}"
        yield net.name, f"{net.file}, {net.origin}; {state}"
    yield "sam", "a SamModel of transformers; name its folder or Hub repository, sam:PATH or sam:OWNER/NAME@REVISION"


def _text(path: Path | None) -> str | None:
    return None if path is None else str(path)


@app.command("verify")
def verify(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="[NAME]...", help="Shipped names and OWNER/NAME[@REV] in the cache (default: all)."),
    ] = None,
) -> None:
    """Check that weights are the published ones, byte for byte.

    Those of the Hub are checked against the sha256 that it has, and against the lock, if there is one."""
    from vecstack.hub.cache import cached_models
    from vecstack.hub.download import sha256_of
    from vecstack.models import local_weights, published_models, verify_model

    shipped = {model.name: model for model in published_models()}
    for name in names or [*shipped, *(str(model.repository) for model in cached_models())]:
        if name in shipped:
            verify_model(shipped[name])
        typer.echo(f"{name:<10} ok {sha256_of(local_weights(name))}")


@app.command("download")
def download(name: Name) -> None:
    """Fetch a model of the Hub into its cache, and check it.

    Prints its path. A branch is looked up again; what is locked stays as it is."""
    from vecstack.hub.download import OFFLINE, fetch_weights, is_offline

    if is_offline():
        raise UsageError(f"nothing is fetched offline; leave out --offline, and unset {OFFLINE}.")
    typer.echo(fetch_weights(name, refresh=True))


@app.command("path")
def path(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A shipped name, or OWNER/NAME[@REV] in the cache.")],
) -> None:
    """Print where the weights of a model are; nothing is fetched."""
    from vecstack.models import local_weights

    typer.echo(local_weights(name))


@app.command("lock")
def lock(
    file: Annotated[Path, typer.Argument(metavar="[FILE]", help="The lock file.")] = Path("vecstack.lock"),
    models: Annotated[
        list[str] | None,
        typer.Option(
            "--model", metavar="OWNER/NAME[@REV]", help="Lock this model; repeat it for several (default: all cached)."
        ),
    ] = None,
) -> None:
    """Pin models of the Hub to a commit and to their sha256.

    While there is a vecstack.lock in the working folder, or --lock names one, only what it lists is loaded from the
    Hub, and only with those bytes."""
    from vecstack.hub.cache import cached_models, lock_models

    names = models or [str(model.repository) for model in cached_models()]
    if not names:
        raise UsageError("there is no model of the Hub in the cache to lock; name one with --model OWNER/NAME.")
    found = lock_models(file, names)
    for name, pin in found.pins.items():
        typer.echo(f"{name}@{pin.revision}")


@app.command("push")
def push(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="The folder of a training, or of a shipped model.")],
    name: Annotated[str, typer.Argument(metavar="OWNER/NAME", help="The repository, which is made if there is none.")],
    private: Annotated[bool, typer.Option("--private", help="Only you can see a repository that is made.")] = False,
) -> None:
    """Publish a model on the Hub: weights, recipe and card.

    A card is written where the folder has no README.md. Log in with `hf auth login` first. Prints OWNER/NAME@COMMIT,
    which is what others name it by."""
    from vecstack.hub.push import push_model

    typer.echo(push_model(folder, name, private=private))
