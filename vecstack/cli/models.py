"""vecstack models: the models that ship with the program."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import typer

from vecstack.cli.arguments import AsJson

app = typer.Typer(help="List and verify the models that ship with vecstack.", no_args_is_help=True)


@app.command("list")
def list_models(as_json: AsJson = False) -> None:
    """List the shipped models and what they are for.

    Below them are the weights of others that segmenters need, and whether they are found."""
    from vecstack.models import available_models

    models = available_models()
    if as_json:
        typer.echo(json.dumps([{**asdict(model), "path": _text(model.path)} for model in models], indent=2))
        return
    for model in models:
        weights = "" if model.path else " (no weights)"
        typer.echo(f"{model.name:<10} {model.kind:<8} {model.description}{weights}")
    typer.echo("\nSegmenters (--segments), whose weights do not ship (docs/segments.md):")
    for name, weights in _segmenters():
        typer.echo(f"{name:<10} {weights}")


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
def verify() -> None:
    """Check that the weights are byte for byte the published ones."""
    from vecstack.models import published_models, verify_model

    for model in published_models():
        verify_model(model)
        typer.echo(f"{model.name:<10} ok {model.sha256}")
